import assert from 'node:assert/strict'
import { ChangePoints, changePointState } from '../../../models/anomaly/index.ts'

/** `.` a window below the threshold, `#` one beyond it; time is the place. */
function pointsIn(picture: string, size: number): string[] {
  const votes = new ChangePoints(size)
  return Array.from(picture).flatMap((sign, time) => {
    const point = votes.add(time, sign === '#')
    return point ? [`${point.to} from ${point.time}, known at ${time}`] : []
  })
}

describe('change points', () => {
  for (const { picture, size, points } of [
    { picture: '..........', size: 5, points: [] },
    { picture: '..#...#..#', size: 5, points: [] },
    { picture: '.....#####', size: 5, points: ['anomaly from 5, known at 7'] },
    { picture: '.....##.##', size: 5, points: ['anomaly from 5, known at 8'] },
    { picture: '#####', size: 5, points: ['anomaly from 0, known at 2'] },
    { picture: '...#####.....', size: 3, points: ['anomaly from 3, known at 4', 'normal from 8, known at 9'] },
    { picture: '...###.#.#####..#...', size: 5, points: ['anomaly from 3, known at 5', 'normal from 14, known at 17'] },
  ]) {
    it(`are ${points.join(' and ') || 'none'} in ${picture} by a vote of ${size}`, () => {
      assert.deepEqual(pointsIn(picture, size), points)
    })
  }

  it('are found the same after a restart', () => {
    const before = new ChangePoints(5)
    for (const time of [0, 1, 2]) before.add(time, time > 0)
    const after = new ChangePoints(5, changePointState.parse(JSON.parse(JSON.stringify(before.state))))
    assert.deepEqual(after.add(3, true), before.add(3, true))
    assert.deepEqual(after.state, before.state)
  })
})
