import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const script = `
  import { startPlant } from ${JSON.stringify(new URL('../../../connectors/plant/index.ts', import.meta.url).href)}
  import { connectAsync } from 'mqtt'
  const plant = await startPlant({ folder: process.argv[1] })
  const client = await connectAsync(plant.brokerUrl, { reconnectPeriod: 0 })
  await client.subscribeAsync('plant/#')
  await new Promise((resolve) => client.once('message', resolve))
  const gone = new Promise((resolve) => client.once('close', resolve))
  await plant.close()
  await gone
  await client.endAsync(true)
  process.stdout.write('closed')
`

describe('closing the simulated plant', function () {
  it('ends its clients and leaves nothing that keeps the process alive', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millwright-plant-'))
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    // Nothing but its own handles decides when the process ends; the kill only keeps a failing test short.
    const killer = setTimeout(() => child.kill('SIGKILL'), 40_000)
    const [code] = (await once(child, 'exit')) as [number | null]
    clearTimeout(killer)
    await rm(folder, { recursive: true })
    assert.match(output, /closed/, errors)
    assert.equal(code, 0, errors)
  })
})
