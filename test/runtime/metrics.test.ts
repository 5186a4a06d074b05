import assert from 'node:assert/strict'
import { createMetrics } from '../../agent/runtime/metrics.ts'
import { metrics as table } from '../../agent/core/index.ts'

describe('metrics', () => {
  it('show every row of the table with its type and help', async () => {
    const text = await createMetrics().text()
    for (const [name, { type, help }] of Object.entries(table)) {
      assert.ok(text.includes(`# TYPE millwright_${name} ${type}\n`), name)
      assert.ok(text.includes(`# HELP millwright_${name} ${help}\n`), name)
    }
  })

  it('add counters up by label and keep the newest of a gauge', async () => {
    const { metrics, text, value } = createMetrics()
    metrics.count('received_samples_total', 5, { source: 'plc' })
    metrics.count('received_samples_total', 7, { source: 'plc' })
    metrics.count('received_samples_total', 1, { source: 'broker' })
    metrics.gauge('source_up', 1, { source: 'plc' })
    metrics.gauge('source_up', 0, { source: 'plc' })
    assert.equal(value('received_samples_total', { source: 'plc' }), 12)
    assert.equal(value('received_samples_total', { source: 'broker' }), 1)
    assert.equal(value('received_samples_total', { source: 'nobody' }), 0)
    for (let reads = 0; reads < 2; reads++) {
      const lines = (await text()).split('\n')
      assert.ok(lines.includes('millwright_received_samples_total{source="plc"} 12'))
      assert.ok(lines.includes('millwright_received_samples_total{source="broker"} 1'))
      assert.ok(lines.includes('millwright_source_up{source="plc"} 0'))
    }
  })

  it('sort observations into buckets', async () => {
    const { metrics, text, value } = createMetrics()
    for (const seconds of [0.0003, 0.2, 400]) metrics.observe('score_seconds', seconds, { monitor: 'pumps' })
    metrics.observe('latency_seconds', 1)
    assert.equal(value('score_seconds', { monitor: 'pumps' }), 3)
    assert.equal(value('latency_seconds'), 1)
    const lines = (await text()).split('\n')
    assert.ok(lines.includes('millwright_score_seconds_bucket{le="0.0005",monitor="pumps"} 1'))
    assert.ok(lines.includes('millwright_score_seconds_bucket{le="0.25",monitor="pumps"} 2'))
    assert.ok(lines.includes('millwright_score_seconds_bucket{le="+Inf",monitor="pumps"} 3'))
    assert.ok(lines.includes('millwright_score_seconds_count{monitor="pumps"} 3'))
  })

  it('show a series from its first count on, even of nothing', async () => {
    const { metrics, text } = createMetrics()
    metrics.count('dead_rows_total', 0, { sink: 'history' })
    assert.ok((await text()).includes('millwright_dead_rows_total{sink="history"} 0'))
  })

  it('leave out what is not an amount, and never throw for it', async () => {
    const { metrics, text, value } = createMetrics()
    metrics.count('reconnects_total', Number.NaN, { source: 'plc' })
    metrics.count('reconnects_total', -3, { source: 'plc' })
    metrics.gauge('clock_skew_seconds', Number.NaN, { source: 'plc' })
    metrics.observe('latency_seconds', Number.NaN)
    assert.equal(value('reconnects_total', { source: 'plc' }), 0)
    assert.equal(value('latency_seconds'), 0)
    await text()
  })

  it('survive labels that are left out, unknown or full of quotes', async () => {
    const { metrics, text } = createMetrics()
    metrics.count('rejected_samples_total', 1, { source: 'a"b\nc' })
    metrics.count('rejected_samples_total', 1, { source: 'plc', reason: 'type', shift: 'night' })
    const lines = (await text()).split('\n')
    assert.ok(lines.includes('millwright_rejected_samples_total{source="a\\"b\\nc",reason=""} 1'))
    assert.ok(lines.includes('millwright_rejected_samples_total{source="plc",reason="type"} 1'))
  })

  it('of two agents in one process stay apart, and the process is described', async () => {
    const one = createMetrics()
    const other = createMetrics()
    one.metrics.count('windows_total', 3, { monitor: 'pumps' })
    assert.equal(other.value('windows_total', { monitor: 'pumps' }), 0)
    assert.match(await one.text(), /millwright_process_resident_memory_bytes \d+/)
  })
})
