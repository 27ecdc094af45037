/*
 * Time in which the page was running: jumps are left out and told.
 */

import { expect, test } from 'vitest'
import { SteadyClock } from './clock'
import { settle, TestClock } from './test/world'

test.each([
  ['a second', 1000, 1000, []],
  ['a slow second', 3900, 3900, []],
  ['a sleep', 8 * 3_600_000, 1000, [8 * 3_600_000]],
  ['a clock that is set back', -50_000, 0, [-50_000]],
])('%s', async (_name, gap, counted, told) => {
  const clock = new TestClock()
  const jumps: number[] = []
  const steady = new SteadyClock(clock, (jump) => jumps.push(jump))
  const before = steady.now()
  clock.jump(gap)
  expect(steady.now() - before).toBe(counted)
  await settle()
  expect(jumps).toEqual(told)
  const after = steady.now()
  await clock.advance(500)
  expect(steady.now() - after).toBe(500)
})

test('timers see the clock before they run', async () => {
  const clock = new TestClock()
  const jumps: number[] = []
  const steady = new SteadyClock(clock, (jump) => jumps.push(jump))
  let ran = 0
  steady.after(1000, () => ran++)
  const stop = steady.after(1000, () => ran++)
  stop()
  clock.jump(100_000)
  await clock.advance(1000)
  expect(ran).toBe(1)
  expect(jumps).toHaveLength(1)
})
