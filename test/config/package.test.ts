import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { schema } from '../../agent/settings/schema.ts'
import { parseConfig } from '../../config/index.ts'
import { root, text } from './repository.ts'

describe('package.json', () => {
  const { files } = JSON.parse(text('package.json')) as { files: string[] }

  const patterns = files.map((name) => {
    const source = name
      .split('**/')
      .map((part) => part.replaceAll('.', '\\.').replaceAll('*', '[^/]*'))
      .join('(.*/)?')
    return new RegExp(`^${source}(/|$)`)
  })

  it('packs every file that the README links to', () => {
    const links = [...text('README.md').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => link)
    assert.ok(links.length > 15)
    for (const link of links) {
      assert.ok(existsSync(join(root, link)), link)
      assert.ok(patterns.some((pattern) => pattern.test(link)), `${link} is not in the package`) // prettier-ignore
    }
  })
})

describe('limits of memory', () => {
  it('leave room for a training beside the agent', () => {
    const config = parseConfig<typeof schema>('assets: { a: { tags: "{a}/{role}" } }\nmonitors: { m: { assets: a } }', { schema, env: {} }) // prettier-ignore
    const { memory } = config.monitors.m.learn
    const unit = /^MemoryHigh=(\d+)G$/m.exec(
      readFileSync(join(root, 'config', 'systemd', 'millwright.service'), 'utf8'),
    )!
    const deployment = parse(text('config', 'kubernetes', 'deployment.yaml')) as {
      spec: { template: { spec: { containers: { resources: { limits: { memory: string } } }[] } } }
    }
    const [{ resources }] = deployment.spec.template.spec.containers
    const own = 2 ** 29
    assert.ok(memory + own < Number(unit[1]) * 2 ** 30)
    assert.ok(memory + own < Number.parseInt(resources.limits.memory) * 2 ** 20)
  })
})
