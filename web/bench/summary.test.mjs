/*
 * Figures of runs made by hand: what counts as a copy, what does not, and medians over repeats.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { figures, median, summarize } from './summary.mjs'

const viewer = (start, watched, stalls = []) => ({ start, watched, stalls, seeks: [], errors: [] })
const run = (bodies, viewers) => ({
  engine: 'shoal',
  scenario: 'at-once',
  least: 1000,
  webrtc: 100,
  cpuBrowser: 4,
  cpuPod: 1,
  machine: { others: 0.1, busy: 0.5 },
  kinds: {
    video: { requests: 1, heads: 50, bodies, received: 10 },
    page: { requests: 1, heads: 50, bodies: 200, received: 10 },
    socket: { requests: 1, heads: 0, bodies: 100, received: 30 },
  },
  viewers,
})

test('copies are bytes of the video by any way; raw copies are all bytes', () => {
  const one = figures(run(1100, [viewer(2000, 60), viewer(null, 0)]))
  assert.equal(one.copies, 1.2)
  assert.equal(one.raw, 1.6)
  assert.deepEqual([one.start, one.startWorst, one.neverStarted], [2, 2, 1])
  assert.equal(one.cpuPerMinute, 4)
  assert.equal(one.socketKb, 0.05)
})

test('a viewer who stood still is counted with the seconds of all', () => {
  const one = figures(run(1100, [viewer(1000, 30, [{ ms: 500 }, { ms: 1500 }]), viewer(3000, 30, [{ ms: 1000 }])]))
  assert.deepEqual([one.stalls, one.stalledSeconds, one.start], [3, 3, 2])
})

test('repeats become medians, and other numbers of viewers a row of their own', () => {
  const two = [viewer(1000, 60), viewer(1000, 60)]
  const rows = summarize([run(900, two), run(1900, two), run(1100, two), run(5000, [...two, ...two])])
  assert.deepEqual(rows.map(({ repeats, copies, copiesRange }) => [repeats, copies, copiesRange]), [
    [3, 1.2, [1, 2]],
    [1, 5.1, [5.1, 5.1]],
  ])
})

test('medians', () => {
  assert.deepEqual([median([3, 1, 2]), median([1, 2, 3, 4]), median([NaN, 2]), median([])], [2, 2.5, 2, undefined])
})
