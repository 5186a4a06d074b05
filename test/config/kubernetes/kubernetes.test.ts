import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { schema } from '../../../agent/settings/schema.ts'
import { parseConfig } from '../../../config/index.ts'
import { answers, port, root, text } from '../repository.ts'

describe('Kubernetes manifests', () => {
  const folder = join(root, 'config', 'kubernetes')
  const manifests = readdirSync(folder)
    .filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml')
    .map((file) => [file, parse(text('config', 'kubernetes', file)) as Record<string, never>] as const)
  const of = (kind: string) => manifests.find(([, manifest]) => manifest.kind === kind)![1]
  const deployment = of('Deployment') as unknown as {
    spec: {
      replicas: number
      strategy: { type: string }
      template: { spec: { containers: Container[]; volumes: Volume[] } }
    }
  }
  interface Container {
    args: string[]
    ports: { containerPort: number }[]
    volumeMounts: { name: string; mountPath: string }[]
    startupProbe: Probe
    livenessProbe: Probe
    readinessProbe: Probe
  }
  interface Probe {
    httpGet: { path: string }
  }
  interface Volume {
    name: string
    persistentVolumeClaim?: { claimName: string }
    configMap?: { name: string }
    secret?: { secretName: string }
  }
  const { containers, volumes } = deployment.spec.template.spec
  const [container] = containers
  const mountOf = (name: string) => container.volumeMounts.find((mount) => mount.name === name)!.mountPath

  it('are all listed for kustomize', () => {
    const { resources } = parse(text('config', 'kubernetes', 'kustomization.yaml')) as { resources: string[] }
    assert.deepEqual(resources.toSorted(), manifests.map(([file]) => file).sort())
  })

  it('keep one writer to the journal, on the claim, where the image has its data', () => {
    assert.equal(deployment.spec.replicas, 1)
    assert.equal(deployment.spec.strategy.type, 'Recreate')
    const claim = volumes.find(({ name }) => name === 'data')!.persistentVolumeClaim!.claimName
    assert.equal((of('PersistentVolumeClaim') as unknown as { metadata: { name: string } }).metadata.name, claim)
    assert.match(text('Dockerfile'), new RegExp(`MILLWRIGHT_DATA=${mountOf('data')} `))
  })

  it('probe where the agent answers', async () => {
    assert.equal(container.ports[0].containerPort, port)
    const { startupProbe, livenessProbe, readinessProbe } = container
    await answers([startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path))
  })

  it('hold a configuration that passes check, with secrets where they are mounted', () => {
    const { data } = of('ConfigMap') as unknown as { data: Record<string, string> }
    const { stringData } = of('Secret') as unknown as { stringData: Record<string, string> }
    const [file, configuration] = Object.entries(data)[0]
    assert.ok(container.args.includes(`${mountOf('config')}/${file}`))
    const secrets = mkdtempSync(join(tmpdir(), 'millwright-secrets-'))
    try {
      for (const [name, value] of Object.entries(stringData)) writeFileSync(join(secrets, name), value)
      parseConfig(configuration.replaceAll(mountOf('secrets'), secrets), { schema, env: {} })
    } finally {
      rmSync(secrets, { recursive: true })
    }
  })
})
