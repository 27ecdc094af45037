/*
 * How a rate is measured: what is believed at the beginning, and what short bursts count for.
 */

import { expect, test } from 'vitest'
import { Meter } from './stats'
import { TestClock } from './test/world'

/** Bytes that arrive in steps of so many milliseconds. */
async function take(meter: Meter, clock: TestClock, steps: [milliseconds: number, bytes: number][]): Promise<void> {
  meter.begin()
  for (const [milliseconds, bytes] of steps) {
    await clock.advance(milliseconds)
    meter.add(bytes)
  }
  meter.end()
}

test('what was measured first is believed, until more is known', async () => {
  const clock = new TestClock()
  const meter = new Meter(clock, 0)
  expect(meter.bytesPerSecond).toBe(0)
  await take(meter, clock, [[100, 100_000], [100, 100_000]])
  expect(meter.bytesPerSecond).toBeCloseTo(1_000_000)
  await clock.advance(60_000)
  expect(meter.bytesPerSecond).toBeCloseTo(1_000_000)
  for (let round = 0; round < 100; round++) await take(meter, clock, [[100, 50_000]])
  expect(Math.round(meter.bytesPerSecond / 10_000)).toBe(50)
})

test('a guess is corrected slowly', async () => {
  const clock = new TestClock()
  const meter = new Meter(clock, 500_000)
  expect(meter.bytesPerSecond).toBe(500_000)
  await take(meter, clock, [[100, 100_000]])
  expect(meter.bytesPerSecond).toBeGreaterThan(500_000)
  expect(meter.bytesPerSecond).toBeLessThan(550_000)
})

test('bursts too short to be measured are counted together, with the time that each took', async () => {
  const clock = new TestClock()
  const meter = new Meter(clock, 0)
  for (let burst = 0; burst < 3; burst++) {
    await take(meter, clock, [[10, 10_000]])
    await clock.advance(5000)
    expect(meter.bytesPerSecond).toBe(0)
  }
  await take(meter, clock, [[20, 20_000]])
  expect(meter.bytesPerSecond).toBeCloseTo(1_000_000)
})
