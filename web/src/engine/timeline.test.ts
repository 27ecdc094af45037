/*
 * Bytes and moments of a film, as far as its fragments tell; and the order of chance in which far pieces are fetched.
 */

import { describe, expect, test } from 'vitest'
import { Lottery } from './lottery'
import { noise } from './test/world'
import { Timeline } from './timeline'

describe('a timeline', () => {
  const known = (): Timeline => {
    const timeline = new Timeline()
    timeline.learn({ start: 1000, end: 3000 }, { start: 0, duration: 2 })
    timeline.learn({ start: 3000, end: 7000 }, { start: 2, duration: 2 })
    timeline.learn({ start: 20_000, end: 26_000 }, { start: 12, duration: 2 })
    return timeline
  }
  test.each([
    [0, 1000],
    [1, 2000],
    [2, 3000],
    [3, 5000],
    [4, 7000],
    [5, 9000],
    [11, 18_000],
    [13, 23_000],
    [15, 28_000],
  ])('second %d is byte %d', (second, byte) => {
    expect(known().byteAt(second)).toBeCloseTo(byte, 0)
  })

  test('before anything is known it guesses, and nonsense teaches it nothing', () => {
    const timeline = new Timeline()
    expect(timeline.byteAt(10)).toBeGreaterThan(100_000)
    for (const duration of [0, -1, NaN, Infinity]) timeline.learn({ start: 0, end: 10 }, { start: 0, duration })
    expect(timeline.byteAt(10)).toBeGreaterThan(100_000)
    expect(timeline.byteAt(-5)).toBe(0)
  })

  test('a very long film is forgotten from its beginning', () => {
    const timeline = new Timeline()
    for (let i = 0; i < 20_000; i++) timeline.learn({ start: i * 100, end: i * 100 + 100 }, { start: i, duration: 1 })
    expect(timeline.rate).toBe(100)
    expect(timeline.byteAt(19_999.5)).toBe(1_999_950)
  })
})

describe('a lottery', () => {
  test('goes through all that fits, in another order for each viewer', () => {
    const orders = [1, 2].map((seed) => {
      const lottery = new Lottery(100, (length) => noise(length, seed))
      const held = new Set<number>()
      const order: number[] = []
      while (order.length < 50) {
        for (const index of lottery.draw(4, (index) => index % 2 === 0 && !held.has(index))) {
          held.add(index)
          order.push(index)
        }
      }
      return order
    })
    expect(orders.map((order) => new Set(order).size)).toEqual([50, 50])
    expect(orders[0]).not.toEqual(orders[1])
    expect(orders[0]).not.toEqual([...(orders[0] ?? [])].sort((a, b) => a - b))
  })

  test('what was drawn stays drawn, and nothing fits for ever', () => {
    const lottery = new Lottery(10_000, (length) => noise(length, 3))
    const first = [...lottery.draw(8, () => true)]
    expect([...lottery.draw(8, () => true)]).toEqual(first)
    expect([...lottery.draw(8, () => false)]).toEqual([])
    expect([...new Lottery(0, (length) => noise(length)).draw(3, () => true)]).toEqual([])
  })
})
