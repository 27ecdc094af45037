/*
 * The fragment loader as hls.js sees it: outcomes, and figures from which a sensible bandwidth follows.
 */

import { describe, expect, test } from 'vitest'
import { toHex } from './bytes'
import { Lead } from './lead'
import { TestClock, World } from './test/world'

/** The bandwidth that hls.js would derive from a fragment, in bytes per second. */
function rate({ loader: { stats } }: { loader: { stats: { loaded: number; loading: { first: number; end: number } } } }): number {
  return (stats.loaded * 1000) / (stats.loading.end - stats.loading.first)
}

describe('figures', () => {
  test('are complete and in order', async () => {
    const world = new World()
    const viewer = world.engine()
    const loading = viewer.load(1000, 200_000)
    expect(loading.loader.stats).toMatchObject({ total: 199_000, loaded: 0 })
    await world.clock.advance(300)
    const { stats } = loading.loader
    expect(stats).toMatchObject({ loaded: 199_000, total: 199_000, aborted: false })
    expect(stats.loading.start).toBeGreaterThan(0)
    expect(stats.loading.first).toBeGreaterThanOrEqual(stats.loading.start)
    expect(stats.loading.end).toBeGreaterThan(stats.loading.first)
    expect(stats.bwEstimate).toBeGreaterThan(0)
  })

  test('of what was there already are those of the measured rate, not of memory', async () => {
    const world = new World()
    let time = 0
    // A pod that sends 30 kB every 100 ms: 300 kB/s.
    const slow: typeof fetch = async (input, init) => {
      const response = await world.pod.fetcher(input, init)
      if (String(input).includes('.torrent') || response.body === null) return response
      const paced = response.body.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform: (chunk, controller) =>
            new Promise((resolve) => {
              time += 100
              world.clock.after(100, () => {
                controller.enqueue(chunk)
                resolve()
              })
            }),
        }),
      )
      return new Response(paced, response)
    }
    const viewer = world.engine({}, { fetcher: slow })
    await viewer.play(0, 1_200_000, 600_000)
    expect(time).toBeGreaterThan(3000)
    const again = viewer.load(0, 600_000)
    await world.clock.advance(10)
    expect(again.outcome).toBe('done')
    expect(rate(again)).toBeGreaterThan(150_000)
    expect(rate(again)).toBeLessThan(600_000)
  })

  test('leave out the wait for peers', async () => {
    const world = new World(6_000_000)
    await world.engine().play(0, 2_000_000)
    const viewer = world.engine()
    await viewer.play(0, 1_000_000, 1_000_000)
    const loading = viewer.load(2_500_000, 3_000_000, { time: 4 })
    while (loading.outcome === 'waiting') await world.clock.advance(50)
    expect(loading.loader.stats.loading.first - loading.loader.stats.loading.start).toBeLessThanOrEqual(50)
  })
})

describe('outcomes', () => {
  test('nothing for too long is a time-out, and nothing comes after it', async () => {
    const world = new World()
    world.pod.silent = true
    const loading = world.engine().load(0, 1000, { firstByteMs: 3000 })
    await world.clock.advance(2900)
    expect(loading.outcome).toBe('waiting')
    await world.clock.advance(200)
    expect(loading.outcome).toBe('late')
    world.pod.silent = false
    await world.clock.advance(60_000)
    expect(loading.outcome).toBe('late')
  })

  test('an abort is told once, a destruction is not', async () => {
    const world = new World()
    const viewer = world.engine()
    const one = viewer.load(0, 1000)
    one.loader.abort()
    one.loader.abort()
    one.loader.destroy()
    const two = viewer.load(0, 1000)
    two.loader.destroy()
    await world.clock.advance(1000)
    expect([one.outcome, two.outcome]).toEqual(['aborted', 'waiting'])
    expect([one.loader.stats.aborted, two.loader.stats.aborted]).toEqual([true, true])
  })

  test('the file is known by its path, whatever the host and query', async () => {
    const world = new World()
    const loading = world.engine().load(0, 20, { url: 'https://mirror.example/file.mp4?videoFileToken=x' })
    await world.clock.advance(300)
    expect(toHex(loading.data ?? new Uint8Array(0))).toBe(toHex(world.pod.data.subarray(0, 20)))
    expect(world.pod.requests[0]?.url).toBe('http://pod/file.torrent')
  })

  test('another file is fetched as it is', async () => {
    const world = new World()
    const loading = world.engine().load(0, 20, { url: 'http://pod/other.mp4' })
    await world.clock.advance(100)
    expect(loading.outcome).toBe('done')
    expect(world.pod.requests.map(({ url }) => url)).toEqual(['http://pod/file.torrent', 'http://pod/other.mp4'])
  })

  test('a range beyond the end is the pod\'s business', async () => {
    const world = new World()
    const loading = world.engine().load(1_499_000, 1_600_000)
    await world.clock.advance(100)
    expect(loading.outcome).toBe('failed')
  })
})

test('the buffer is guessed from what was delivered and the time since', async () => {
  const clock = new TestClock()
  const lead = new Lead(clock)
  expect(lead.before(0)).toBe(0)
  lead.delivered(0, 4)
  expect(lead.before(4)).toBe(4)
  await clock.advance(1000)
  lead.delivered(4, 4)
  expect(lead.before(8)).toBe(7)
  expect(lead.before(60)).toBe(0)
  lead.delivered(60, 4)
  expect(lead.before(64)).toBe(4)
  await clock.advance(10_000)
  expect(lead.before(64)).toBe(0)
})
