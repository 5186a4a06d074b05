import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DataType, DataValue, StatusCodes, Variant } from 'node-opcua-client'
import type { InHand } from '../../../agent/core/index.ts'
import { Marks } from '../../../agent/process/index.ts'
import { Guard } from '../../../connectors/opcua/guard.ts'
import { OpcuaServer } from '../../support/opcua-server.ts'
import { until } from '../../support/until.ts'
import { quick, Running } from './harness.ts'

const valueOf = (value: number) =>
  new DataValue({ value: new Variant({ dataType: DataType.Double, value }), statusCode: StatusCodes.Good })

/** A value that ends whoever reads it. */
const deadly = 13

describe('opcua values that end the process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-opcua-guard-'))
  after(() => rmSync(folder, { recursive: true }))

  /** A process reads a notification; what it put aside, undefined where it ended. */
  function life(): number[] | undefined {
    const guard = new Guard(new Marks(folder, true), 'plc')
    const aside: number[] = []
    guard.begin()
    for (const value of [1, deadly, 2]) {
      if (!guard.admits('ns=2;s=A', valueOf(value))) aside.push(value)
      else if (value === deadly) return undefined
    }
    guard.done()
    return aside
  }

  it('are found one by one after the first end, and put aside after two more, and nothing beside them', () => {
    assert.deepEqual([life(), life(), life(), life(), life()], [undefined, undefined, undefined, [13], [13]])
  })

  it('become dead letters, and what the node held before holds no more', async () => {
    const server = await OpcuaServer.start([
      { name: 'A', value: 1 },
      { name: 'B', value: 2 },
    ])
    // As if the first value that is read had ended processes.
    let condemned: string | undefined
    const inHand: InHand = {
      take: (_, key) => key === '' || key !== (condemned ??= key),
      done: () => undefined,
      suspects: () => [''],
    }
    const tags = ['A', 'B'].map((name) => ({ node: `ns=2;s=${name}`, tag: name }))
    const source = new Running({ ...quick, endpoint: server.endpoint, tags }, undefined, inHand)
    try {
      await until('the letter and the other value', () => source.letters.length > 0 && source.rows().length > 0)
      const [{ reason, rows, subject }] = source.letters
      assert.deepEqual([reason, rows], ['quarantined', 1])
      assert.match(subject, /s=A$/)
      assert.deepEqual(source.values('B'), [2])
      await server.write({ name: 'A', value: 3 })
      await until('the next value of the node', () => source.values('A').at(-1) === 3)
    } finally {
      source.stop()
      await server.close()
    }
  })
})
