/*
 * When the pod is asked again.
 */

import { expect, test } from 'vitest'
import { PodHealth } from './pod-health'
import { TestClock } from './test/world'

test('pauses grow while it fails, longer ones when others can help, and end with the first byte', async () => {
  const clock = new TestClock()
  const health = new PodHealth(clock)
  expect(health).toMatchObject({ works: true, ready: true, worthTrying: true, failingSince: null })
  const pauses: [number, number][] = []
  const since = clock.now()
  for (let turn = 0; turn < 9; turn++) {
    health.failed(clock.now())
    const from = clock.now()
    const waits = async (ready: () => boolean): Promise<number> => {
      while (!ready()) await clock.advance(500)
      return clock.now() - from
    }
    pauses.push([await waits(() => health.ready), await waits(() => health.worthTrying)])
  }
  expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000].map((pause) => [Math.min(8000, pause), pause]))
  expect(health.failingSince).toBe(since)
  health.answered()
  expect(health).toMatchObject({ works: true, ready: true, failures: 0, failingSince: null })
})

test('requests that fail together count once', async () => {
  const clock = new TestClock()
  const health = new PodHealth(clock)
  const begun = clock.now()
  await clock.advance(100)
  for (let one = 0; one < 4; one++) health.failed(begun)
  expect(health.failures).toBe(1)
  await clock.advance(500)
  health.failed(clock.now())
  expect(health.failures).toBe(2)
})
