import assert from 'node:assert/strict'
import { Watermark } from '../../agent/operators/watermark.ts'

const settings = { lateness: 2, idle: 30, future: 60, trail: 100 }

describe('watermark', () => {
  it('trails the newest sample by the lateness and never falls', () => {
    const watermark = new Watermark(settings)
    assert.equal(watermark.value, -Infinity)
    assert.equal(watermark.advance(0, 100, 100), true)
    assert.equal(watermark.value, 98)
    assert.equal(watermark.advance(0, 90, 101), false)
    assert.equal(watermark.value, 98)
  })

  it('waits for the slowest of the sources, whatever their order', () => {
    const watermark = new Watermark(settings)
    watermark.advance(1, 50, 100)
    watermark.advance(0, 100, 100)
    assert.equal(watermark.value, 48)
    assert.equal(watermark.advance(0, 120, 110), false)
    assert.equal(watermark.advance(1, 110, 110), true)
    assert.equal(watermark.value, 108)
  })

  it('goes on without a source that is idle by arrival, until its next sample', () => {
    const watermark = new Watermark(settings)
    watermark.advance(0, 100, 100)
    watermark.advance(1, 100, 100)
    watermark.advance(0, 120, 120)
    assert.equal(watermark.value, 98)
    assert.equal(watermark.nextIdle(), 130)
    assert.equal(watermark.expire(130), false)
    assert.equal(watermark.expire(131), true)
    assert.equal(watermark.value, 118)
    watermark.advance(1, 121, 132)
    watermark.advance(0, 140, 140)
    assert.equal(watermark.value, 119)
  })

  it('is silent when every source is idle, and keeps its value', () => {
    const watermark = new Watermark(settings)
    assert.equal(watermark.expire(5), false)
    assert.equal(watermark.silent, false)
    watermark.advance(0, 100, 100)
    watermark.expire(200)
    assert.equal(watermark.silent, true)
    assert.equal(watermark.value, 98)
    watermark.touch(0, 201)
    assert.equal(watermark.silent, false)
  })

  it('moves to the arrival only when a sample is too far in the future', () => {
    const watermark = new Watermark(settings)
    watermark.advance(0, 160, 100)
    assert.equal(watermark.value, 158)
    watermark.advance(0, 1_000_000, 170)
    assert.equal(watermark.value, 168)
  })

  it('does not wait for a source whose clock is far behind', () => {
    const watermark = new Watermark(settings)
    watermark.advance(0, 1_000, 1_000)
    watermark.advance(1, 10, 1_000)
    watermark.advance(0, 1_010, 1_010)
    assert.equal(watermark.value, 1_008)
    watermark.advance(1, 950, 1_010)
    watermark.advance(0, 1_040, 1_040)
    assert.equal(watermark.value, 1_008)
  })

  it('goes on after it was saved and loaded, with sources under new numbers', () => {
    const watermark = new Watermark(settings)
    watermark.advance(1, 90, 100)
    watermark.advance(0, 100, 100)
    const copy = new Watermark(settings)
    copy.load(watermark.save(), (source) => 1 - source)
    assert.equal(copy.value, 88)
    copy.advance(0, 95, 101)
    assert.equal(copy.value, 93)
  })
})
