import { describe, expect, it } from 'vitest'
import { bars, carried, labelled, ticks } from './bars'

const point = (day: number, fromPod: number, viewers = 1) => ({
  date: `2026-01-0${day}T00:00:00.000Z`,
  fromPod,
  fromViewers: 2 * fromPod,
  viewers,
})

describe('bars', () => {
  const points = [point(1, 1), point(2, 2, 5), point(3, 3), point(4, 4), point(5, 5)]

  it('are the points when there is room', () => {
    expect(bars(points, 5).map((bar) => bar.fromPod)).toEqual([1, 2, 3, 4, 5])
    expect(bars([], 5)).toEqual([])
  })

  it('share a place when there is not, and lose nothing', () => {
    const shown = bars(points, 3)
    expect(shown.map((bar) => [bar.date.slice(8, 10), bar.last.slice(8, 10), bar.fromPod, bar.fromViewers, bar.viewers])).toEqual([
      ['01', '01', 1, 2, 1],
      ['02', '03', 5, 10, 5],
      ['04', '05', 9, 18, 1],
    ])
    expect(bars(points, 0)).toHaveLength(1)
  })
})

it.each([
  [0, 3, [0, 1]],
  [10, 2, [0, 5, 10]],
  [11, 2, [0, 10, 20]],
  [1000, 4, [0, 250, 500, 750, 1000]],
  [7_300_000, 3, [0, 2_500_000, 5_000_000, 7_500_000]],
])('ticks up to %i', (highest, wanted, expected) => {
  expect(ticks(highest, wanted)).toEqual(expected)
})

it.each([
  [5, 100, 50, [0, 1, 2, 3, 4]],
  [5, 20, 50, [1, 4]],
  [4, 20, 50, [0, 3]],
  [0, 20, 50, []],
])('%i bars of %i have labels', (count, width, room, expected) => {
  expect(labelled(count, width, room)).toEqual(expected)
})

it.each([
  [0, 0, undefined],
  [1, 0, 0],
  [17, 83, 0.83],
])('carried(%i, %i)', (fromPod, fromViewers, expected) => {
  expect(carried({ fromPod, fromViewers })).toBe(expected)
})
