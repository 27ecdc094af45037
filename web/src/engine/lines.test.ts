/*
 * Eight viewers with uplinks as people have them, under a conductor that is much simpler than the pod's: whether they
 * exchange what was brought in once, instead of all waiting for the same one or turning to the pod.
 */

import { expect, test, vi } from 'vitest'
import { TestConductor } from './test/conductor'
import { Exchange, Line } from './test/lines'
import { PACE, TestPlayer } from './test/player'
import { World } from './test/world'

// A minute of eight viewers takes seconds; on a busy machine many.
vi.setConfig({ testTimeout: 180_000 })

/** Mbit/s. */
const UPLINKS = [6, 3, 10, 4, 16, 5, 24, 8]
const SECONDS = 60

test.each([
  // Each takes the first two seconds at once, and the rest of the first fragment, which has four, rather than start late: that alone is half
  // a copy of a film of one minute.
  ['at once', 300, 1.65],
  ['one after the other', 6000, 1.55],
])('%s', async (name, gap, copies) => {
  const world = new World(PACE * SECONDS)
  const conductor = new TestConductor(world)
  conductor.settings = { instant: 6, patience: 2000, interval: 1000 }
  conductor.ahead = 90
  conductor.atOnce = 8
  const exchange = new Exchange()
  const players: TestPlayer[] = []
  for (const uplink of UPLINKS) {
    const { connector, fetcher } = new Line(world, uplink * 125_000, exchange)
    players.push(new TestPlayer(world, {}, { connector, fetcher }))
    await world.clock.advance(gap)
  }
  for (let second = 0; second < 2 * SECONDS && players.some(({ done }) => !done); second++) await world.clock.advance(1000)
  const taken = world.pod.sent / world.pod.data.length
  console.log(`${name}: ${taken.toFixed(3)} copies, first frames after ${players.map(({ startedAfter }) => startedAfter).join(', ')} ms`)
  expect(players.map(({ done, stalled }) => ({ done, stalled }))).toEqual(UPLINKS.map(() => ({ done: true, stalled: 0 })))
  expect(taken).toBeLessThan(copies)
})
