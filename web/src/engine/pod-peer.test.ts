/*
 * The pod as a peer: what happens when its HTTP is blocked, breaks or comes back while its data channel works, and that
 * nothing changes for other viewers as long as all is well.
 */

import { describe, expect, test } from 'vitest'
import { PodPeer } from './test/pod-peer'
import { Stranger } from './test/stranger'
import { digest, World } from './test/world'
import { writeSignal } from './wire'

const SIZE = 1_500_000
const PIECES = Math.ceil(SIZE / 65_536)

/** A world in which the pod is a peer. */
function made(size = SIZE): { world: World; peer: PodPeer } {
  const world = new World(size)
  return { world, peer: new PodPeer(world) }
}

describe('while HTTP works', () => {
  test('the pod is not met at all: a connection costs both something', async () => {
    const { world, peer } = made()
    const viewer = world.engine()
    expect(digest(await viewer.play(0, SIZE))).toBe(world.digest())
    await world.clock.advance(60_000)
    expect(peer).toMatchObject({ met: 0, wanted: 0, sent: 0 })
    expect(viewer.engine.stats()).toMatchObject({ peers: 0, fromPod: SIZE, fromPodByPeer: 0, connections: [] })
    expect(world.tracker.heard.map(({ seeder }) => seeder)).toEqual(world.tracker.heard.map(() => false))
  })

  test('a pod that was met is not asked any more', async () => {
    const { world, peer } = made()
    world.pod.status = 503
    const viewer = world.engine()
    await viewer.play(0, 200_000)
    expect(peer.met).toBe(1)
    world.pod.status = 206
    await world.clock.advance(70_000)
    await viewer.play(200_000, 400_000)
    const { sent } = peer
    expect(digest(await viewer.play(400_000, SIZE))).toBe(world.digest(400_000))
    expect(peer).toMatchObject({ met: 1, sent })
    expect(viewer.engine.stats()).toMatchObject({ peers: 0, connections: [{ client: 'Shoal', pod: true }] })
  })

  test('a second viewer takes from the first as if the pod were no peer', async () => {
    const { world, peer } = made()
    const first = world.engine()
    await first.play(0, SIZE)
    const second = world.engine()
    expect(digest(await second.play(0, SIZE))).toBe(world.digest())
    const { fromPod, fromPeers, peers } = second.engine.stats()
    expect([peers, fromPod + fromPeers, peer.sent]).toEqual([1, SIZE, 0])
    expect(fromPod).toBeLessThanOrEqual(4 * 65_536)
    expect(first.engine.stats().toPeers).toBe(fromPeers)
  })
})

test('a viewer who is alone with the pod waits for nobody', async () => {
  const took: number[] = []
  for (const world of [new World(SIZE), made().world]) {
    const start = world.clock.now()
    const viewer = world.engine({ player: () => ({ position: 0, ahead: 20, paused: false }) })
    // The connection to the pod is there before the second fragment is asked for.
    await viewer.play(0, SIZE)
    took.push(world.clock.now() - start)
  }
  expect(took[1]).toBe(took[0])
})

describe('HTTP is blocked', () => {
  const blocks: Record<string, (world: World) => void> = {
    'by refusals': (world) => (world.pod.status = 403),
    'by errors': (world) => (world.pod.status = 503),
    'by a network that fails': (world) => (world.pod.status = 0),
    'by silence': (world) => (world.pod.silent = true),
  }
  for (const [name, block] of Object.entries(blocks)) {
    test(`${name}: everything comes from the pod as a peer`, async () => {
      const { world, peer } = made()
      block(world)
      const viewer = world.engine()
      const start = world.clock.now()
      expect(digest(await viewer.play(0, SIZE))).toBe(world.digest())
      // One silence is waited for, not one for each fragment.
      expect(world.clock.now() - start).toBeLessThan(5000)
      expect(viewer.engine.stats()).toMatchObject({ peers: 0, fromPod: SIZE, fromPodByPeer: SIZE, fromPeers: 0, verified: PIECES, dropped: 0 })
      expect(peer.sent).toBe(SIZE)
      // HTTP was tried again, rarely.
      expect(world.pod.ranges.length).toBeLessThan(10)
    })
  }

  test('nothing is fetched ahead of the player from the pod', async () => {
    const { world, peer } = made()
    world.pod.status = 503
    const viewer = world.engine()
    await viewer.play(0, 200_000)
    await world.clock.advance(60_000)
    expect(peer.sent).toBeLessThanOrEqual(4 * 65_536)
    expect(viewer.engine.stats().verified).toBe(4)
    expect(peer).toMatchObject({ wanted: 1, interested: 0 })
  })

  test('what no longer fits into the memory is fetched again, as often as it takes', async () => {
    const { world, peer } = made()
    world.pod.status = 503
    const viewer = world.engine({ memoryBytes: 6 * 65_536 })
    for (let turn = 0; turn < 3; turn++) expect(digest(await viewer.play(0, SIZE))).toBe(world.digest())
    expect(peer.sent).toBeGreaterThan(2 * SIZE)
  })

  test('another viewer who holds the pieces is asked first', async () => {
    const { world, peer } = made()
    const first = world.engine()
    await first.play(0, SIZE)
    world.pod.status = 503
    const second = world.engine()
    expect(digest(await second.play(0, SIZE))).toBe(world.digest())
    const { fromPeers, fromPodByPeer } = second.engine.stats()
    expect(fromPeers + fromPodByPeer).toBe(SIZE)
    expect(fromPodByPeer).toBe(peer.sent)
    expect(fromPodByPeer).toBeLessThanOrEqual(4 * 65_536)
  })

  test('a viewer that stalls is replaced by the pod', async () => {
    const { world } = made()
    world.pod.status = 503
    const viewer = world.engine()
    viewer.load(0, 1000)
    await world.clock.advance(100)
    const stranger = new Stranger(world)
    await stranger.join()
    stranger.pretendToSeed()
    expect(digest(await viewer.play(0, SIZE))).toBe(world.digest())
    expect(viewer.engine.stats()).toMatchObject({ fromPeers: 0, fromPodByPeer: SIZE })
  })

  test('the pod is told when nothing is wanted of it any more, and wanted again', async () => {
    const { world, peer } = made()
    world.pod.status = 503
    const viewer = world.engine()
    await viewer.play(0, 200_000)
    await world.clock.advance(1000)
    const before = peer.sent
    world.pod.status = 206
    await world.clock.advance(120_000)
    expect(digest(await viewer.play(200_000, SIZE))).toBe(world.digest(200_000))
    // The first fragment may still come from the peer, until a try shows that HTTP works.
    expect(peer.sent - before).toBeLessThanOrEqual(5 * 65_536)
    expect(viewer.engine.stats().fromPod).toBeGreaterThanOrEqual(SIZE)
  })

  test('an idle connection that the pod closed is made again when it is needed', async () => {
    const { world, peer } = made(3_000_000)
    world.pod.status = 503
    const viewer = world.engine()
    await viewer.play(0, 400_000)
    expect(peer.met).toBe(1)
    world.pod.status = 206
    peer.open = false
    await world.clock.advance(250_000)
    expect(viewer.engine.stats().connections).toEqual([])
    peer.open = true
    world.pod.status = 503
    const start = world.clock.now()
    expect(digest(await viewer.play(400_000, 3_000_000))).toBe(world.digest(400_000))
    expect(peer.met).toBeGreaterThan(1)
    expect(world.clock.now() - start).toBeLessThan(12_000)
  })

  test('a tracker that was lost is found again when it is needed', async () => {
    const { world, peer } = made(3_000_000)
    world.tracker.down = true
    const viewer = world.engine()
    await viewer.play(0, 400_000)
    // By now the tracker client's pauses are minutes.
    await world.clock.advance(600_000)
    world.tracker.down = false
    world.pod.silent = true
    const loading = viewer.load(400_000, 600_000)
    await world.clock.advance(9000)
    expect(loading.outcome).toBe('done')
    expect(peer.sent).toBeGreaterThan(0)
  })

  test('a pod that is a liar as a peer is dropped like anybody', async () => {
    const { world, peer } = made()
    peer.change = (data) => data.map((byte) => byte ^ 1)
    world.pod.status = 503
    const viewer = world.engine()
    const loading = viewer.load(0, 200_000)
    await world.clock.advance(3000)
    world.pod.status = 206
    await world.clock.advance(10_000)
    expect(digest(loading.data)).toBe(world.digest(0, 200_000))
    expect(viewer.engine.stats()).toMatchObject({ dropped: 1, connections: [] })
  })
})

describe('nobody can help', () => {
  test('with nobody in the swarm the error reaches the player at once', async () => {
    const world = new World(SIZE)
    world.pod.status = 503
    const viewer = world.engine()
    const loading = viewer.load(0, 100_000)
    await world.clock.advance(4000)
    expect(loading).toMatchObject({ outcome: 'failed', code: 503 })
  })

  test('with others in the swarm who cannot be reached, after half a minute', async () => {
    const { world, peer } = made()
    peer.open = false
    world.pod.status = 404
    const viewer = world.engine()
    const loading = viewer.load(0, 100_000, { firstByteMs: 0 })
    await world.clock.advance(29_000)
    expect(loading.outcome).toBe('waiting')
    await world.clock.advance(3000)
    expect(loading).toMatchObject({ outcome: 'failed', code: 404 })
    // Its offers did not pile up.
    expect(world.tracker.heard.length).toBeLessThan(8)
  })

  test('a pod that is silent for ever is an error, too', async () => {
    const world = new World(SIZE)
    world.pod.silent = true
    const viewer = world.engine()
    const loading = viewer.load(0, 100_000, { firstByteMs: 0 })
    await world.clock.advance(35_000)
    expect(loading).toMatchObject({ outcome: 'failed', code: 0 })
    expect(world.pod.ranges).toHaveLength(3)
  })

  test('the half minute begins when the last who might have helped has left', async () => {
    const { world, peer } = made()
    peer.open = false
    const viewer = world.engine()
    await viewer.play(0, 1000)
    const stranger = new Stranger(world)
    await stranger.join()
    stranger.send(writeSignal('haveAll'))
    world.pod.status = 404
    const loading = viewer.load(400_000, 500_000, { firstByteMs: 0 })
    await world.clock.advance(60_000)
    expect(loading.outcome).toBe('waiting')
    stranger.link?.close()
    await world.clock.advance(28_000)
    expect(loading.outcome).toBe('waiting')
    await world.clock.advance(4000)
    expect(loading).toMatchObject({ outcome: 'failed', code: 404 })
  })

  test('somebody who comes within that time saves the read', async () => {
    const { world, peer } = made()
    peer.open = false
    world.pod.status = 404
    const viewer = world.engine()
    const loading = viewer.load(0, 100_000, { firstByteMs: 0 })
    await world.clock.advance(15_000)
    peer.open = true
    await world.clock.advance(9000)
    expect(digest(loading.data)).toBe(world.digest(0, 100_000))
  })
})

test('a torrent that comes late still saves a read whose HTTP fails', async () => {
  const { world } = made()
  world.pod.status = 503
  let give = (): void => undefined
  const late = new Promise<void>((resolve) => (give = resolve))
  const viewer = world.engine({}, {
    fetcher: async (input, init) => {
      if (String(input).includes('.torrent')) await late
      return world.pod.fetcher(input, init)
    },
  })
  const loading = viewer.load(0, 100_000)
  await world.clock.advance(2000)
  expect(loading.outcome).toBe('waiting')
  give()
  await world.clock.advance(2000)
  expect(digest(loading.data)).toBe(world.digest(0, 100_000))
})
