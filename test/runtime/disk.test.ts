import assert from 'node:assert/strict'
import { silentMetrics, type ConditionEvent } from '../../agent/core/index.ts'
import { DiskWatch } from '../../agent/runtime/disk.ts'

const hour = 3_600_000
const size = 100e9

/** A disk that the test fills, looked at as often as the test says. */
class Disk {
  free = 60e9
  journal = { bytes: 1e9, limit: 4e9 }
  full = false
  now = 0
  readonly events: ConditionEvent[] = []
  readonly watch = new DiskWatch({
    folder: '/data',
    clock: { now: () => this.now },
    metrics: silentMetrics,
    journal: () => this.journal,
    full: () => this.full,
    record: (event) => void this.events.push(event),
    elapsed: () => this.now,
    look: () => ({ free: this.free, size }),
  })

  /** Time passes, with bytes that the journal and others take in each hour. */
  pass(hours: number, journal: number, others: number): void {
    for (let minutes = 0; minutes < hours * 60; minutes++) {
      this.now += hour / 60
      this.free -= (journal + others) / 60
      this.journal.bytes += journal / 60
      this.watch.look()
    }
  }
}

describe('the watch over the disk', () => {
  it('says when it will be full at the pace of late, and raises an alarm a day ahead', () => {
    const disk = new Disk()
    disk.watch.look()
    disk.pass(1, 0, 1e9)
    assert.deepEqual(
      disk.events.map(({ state }) => state),
      ['ended'],
    )
    assert.equal(Math.round((disk.watch.state!.fullAt! - disk.now) / hour), 59)
    disk.pass(40, 0, 1e9)
    const [, alarm] = disk.events
    assert.deepEqual([alarm.state, alarm.monitor, alarm.asset], ['begun', 'disk', 'gateway'])
    assert.match(
      alarm.detail,
      /MB of 100000 MB are free on the disk of \/data: full in 23 h 5\d min at this pace\. Free disk/,
    )
    assert.equal(disk.events.length, 2, 'once')
    disk.free = 90e9
    disk.pass(7, 0, 0)
    assert.equal(disk.events.at(-1)!.state, 'ended')
    assert.equal(disk.watch.state!.fullAt, null)
  })

  it('knows that the journal stops growing at its limit', () => {
    const disk = new Disk()
    disk.watch.look()
    disk.pass(1, 1e9, 0)
    assert.equal(disk.watch.state!.fullAt, null, 'two more gigabytes, and no more')
    disk.free = 3e9
    disk.journal.limit = 40e9
    disk.watch.look()
    assert.equal(Math.round((disk.watch.state!.fullAt! - disk.now) / hour), 0)
  })

  it('is low where little is left or the journal waits for room, whatever the pace', () => {
    const disk = new Disk()
    disk.free = 0.9e9
    disk.watch.look()
    assert.match(disk.events[0].detail, /nearly full/)
    const other = new Disk()
    other.full = true
    other.watch.look()
    assert.match(other.events[0].detail, /it is full/)
    assert.equal(other.events[0].state, 'begun')
  })
})
