/*
 * Whole engines against each other, the pod and strangers of ill will, in memory and on the test's clock. Each test is a
 * small story; what single modules promise is tested beside them.
 */

import { describe, expect, test } from 'vitest'
import type { Outside } from './outside'
import { writePlace } from './extended'
import { writeBlock, writeExtended, writeHave, writePiece, writeSignal } from './wire'
import { Stranger } from './test/stranger'
import { digest, TestTracker, World } from './test/world'

const SIZE = 1_500_000
const PIECES = Math.ceil(SIZE / 65_536)

describe('two viewers', () => {
  test('the second takes the file from the first, every piece checked', async () => {
    const world = new World(SIZE)
    const first = world.engine()
    expect(digest(await first.play(0, SIZE))).toBe(world.digest())
    expect(first.engine.stats()).toMatchObject({ fromPod: SIZE, fromPeers: 0, verified: PIECES })
    const second = world.engine()
    expect(digest(await second.play(0, SIZE))).toBe(world.digest())
    const { fromPod, fromPeers, verified, peers, connections } = second.engine.stats()
    expect(verified).toBe(PIECES)
    expect(peers).toBe(1)
    expect(connections[0]).toMatchObject({ client: 'Shoal', up: 0 })
    expect(fromPod + fromPeers).toBe(SIZE)
    // Only the first fragment may come from the pod, while the peers connect.
    expect(fromPod).toBeLessThanOrEqual(4 * 65_536)
    expect(first.engine.stats().toPeers).toBe(fromPeers)
  })

  test('they exchange in both directions at the same time', async () => {
    const world = new World(SIZE)
    const half = Math.floor(SIZE / 2)
    const one = world.engine()
    const two = world.engine()
    await Promise.all([one.play(0, half), two.play(half, SIZE)])
    await Promise.all([one.play(half, SIZE), two.play(0, half)])
    expect(one.engine.stats().fromPeers).toBeGreaterThan(SIZE / 4)
    expect(two.engine.stats().fromPeers).toBeGreaterThan(SIZE / 4)
    expect(world.pod.sent).toBeLessThan(SIZE * 1.3)
  })

  test('two offers that cross leave one connection, the same on both sides', async () => {
    const world = new World(SIZE)
    const second = new TestTracker()
    /** Each viewer reaches another tracker first, so each offers to the other at the same moment. */
    const reaching = (first: string): Partial<Outside> => ({
      openSocket: (url, events) => {
        const tracker = url.endsWith('1') ? world.tracker : second
        if (url === first) return tracker.openSocket(url, events)
        return tracker.openSocket(url, { ...events, opened: () => void world.clock.after(100, () => events.opened()) })
      },
    })
    const trackers = ['ws://1', 'ws://2']
    const one = world.engine({ trackers }, reaching('ws://1'))
    const two = world.engine({ trackers }, reaching('ws://2'))
    one.load(0, 1000)
    two.load(0, 1000)
    await world.clock.advance(5000)
    expect(world.switchboard.links).toHaveLength(4)
    expect(world.switchboard.links.filter((link) => link.open)).toHaveLength(2)
    expect(one.engine.stats().connections).toHaveLength(1)
    expect(two.engine.stats().connections).toHaveLength(1)
  })

  test('pieces ahead of the player come from peers and not from the pod', async () => {
    const world = new World(SIZE)
    await world.engine().play(0, SIZE)
    const second = world.engine()
    await second.play(0, 100_000)
    world.pod.requests.length = 0
    await world.clock.advance(5000)
    expect(second.engine.stats().verified).toBe(PIECES)
    expect(world.pod.ranges).toEqual([])
  })

  test('reading the header of a file fetches nothing ahead', async () => {
    const world = new World(SIZE)
    await world.engine().play(0, SIZE)
    const second = world.engine()
    second.load(0, 1000, { sn: 'initSegment' })
    await world.clock.advance(5000)
    expect(second.engine.stats()).toMatchObject({ peers: 1, verified: 1 })
  })

  test('a seek cancels what is not wanted any more', async () => {
    const world = new World(20 * 1024 * 1024)
    const viewer = world.engine({ memoryBytes: 3 * 1024 * 1024 })
    const stranger = new Stranger(world)
    viewer.load(0, 1000)
    await world.clock.advance(300)
    await stranger.join()
    stranger.pretendToSeed()
    await world.clock.advance(100)
    const asked = stranger.count('request')
    expect(asked).toBeGreaterThan(0)
    viewer.load(15 * 1024 * 1024, 15 * 1024 * 1024 + 1000)
    await world.clock.advance(50)
    expect(stranger.count('cancel')).toBeGreaterThanOrEqual(asked)
  })

  test('a seek there and back, faster than the answers, offends nobody', async () => {
    const world = new World(20 * 1024 * 1024)
    const viewer = world.engine({ memoryBytes: 3 * 1024 * 1024 })
    const stranger = new Stranger(world)
    viewer.load(0, 1000)
    await world.clock.advance(100)
    await stranger.join()
    stranger.pretendToSeed()
    await world.clock.advance(50)
    const far = viewer.load(15 * 1024 * 1024, 15 * 1024 * 1024 + 1000)
    await world.clock.advance(10)
    far.loader.abort()
    viewer.load(70_000, 71_000)
    await world.clock.advance(10)
    const requests = stranger.heard.flatMap((message) => (message.kind === 'request' ? [message] : []))
    expect(new Set(requests.map(({ index, begin }) => `${index}:${begin}`)).size).toBeLessThan(requests.length)
    // Every request is answered in turn, those that were taken back by block or by refusal.
    stranger.serve()
    requests.forEach((request, i) => (i % 2 === 0 && i < 8 ? stranger.send(writeBlock('reject', request)) : stranger.answer(request)))
    await world.clock.advance(2000)
    expect(stranger.closed).toBe(false)
    expect(viewer.engine.stats()).toMatchObject({ dropped: 0, peers: 1 })
    expect(viewer.engine.stats().fromPeers).toBeGreaterThan(1_000_000)
  })

  test('an aborted fragment stops the range at the pod', async () => {
    const world = new World(SIZE)
    world.pod.silent = true
    const viewer = world.engine()
    const loading = viewer.load(0, 500_000)
    await world.clock.advance(500)
    expect(world.pod.ranges).toHaveLength(1)
    loading.loader.abort()
    world.pod.silent = false
    expect(loading.outcome).toBe('aborted')
    await viewer.play(1_000_000, 1_100_000)
    expect(viewer.engine.stats().fromPod).toBeLessThan(300_000)
  })
})

describe('without sharing', () => {
  const plain = async (world: World, viewer = world.engine()): Promise<void> => {
    expect(digest(await viewer.play(0, SIZE))).toBe(world.digest())
    expect(viewer.engine.stats()).toMatchObject({ fromPod: SIZE, fromPeers: 0, verified: 0, peers: 0 })
    expect(world.tracker.heard).toEqual([])
  }

  test('switched off: plain ranges, no tracker, no torrent', async () => {
    const world = new World(SIZE)
    await plain(world, world.engine({ p2p: false }))
    expect(world.pod.requests.every(({ url }) => url === 'http://pod/file.mp4')).toBe(true)
  })

  test('in an insecure context', async () => {
    const world = new World(SIZE)
    await plain(world, world.engine({}, { sha1: null }))
  })

  test('without WebRTC', async () => {
    const world = new World(SIZE)
    await plain(world, world.engine({}, { connector: null }))
  })

  test('when the torrent cannot be fetched', async () => {
    const world = new World(SIZE)
    world.pod.torrent = new Uint8Array(0)
    await plain(world)
  })

  test('when the torrent is another one', async () => {
    const world = new World(SIZE)
    world.pod.torrent = world.pod.torrent.map((byte, at) => (at === 40 ? byte ^ 1 : byte))
    await plain(world)
  })

  test('when the file at the pod is not the one of the torrent', async () => {
    const world = new World(SIZE)
    world.pod.corrupt = true
    const viewer = world.engine()
    const loading = viewer.load(0, 200_000)
    await world.clock.advance(2000)
    expect(loading.outcome).toBe('done')
    expect(viewer.engine.stats()).toMatchObject({ verified: 0, peers: 0 })
  })

  test('switched off while playing, and on again', async () => {
    const world = new World(SIZE)
    await world.engine().play(0, SIZE)
    const viewer = world.engine()
    await viewer.play(0, 400_000)
    expect(viewer.engine.stats().peers).toBe(1)
    const running = viewer.load(400_000, 600_000)
    viewer.engine.setP2P(false)
    await world.clock.advance(1000)
    expect(digest(running.data)).toBe(world.digest(400_000, 600_000))
    expect(viewer.engine.stats()).toMatchObject({ peers: 0, p2p: false })
    const before = viewer.engine.stats().fromPeers
    await viewer.play(600_000, 900_000)
    expect(viewer.engine.stats().fromPeers).toBe(before)
    viewer.engine.setP2P(true)
    await viewer.play(900_000, SIZE)
    expect(viewer.engine.stats().peers).toBe(1)
    expect(viewer.engine.stats().fromPeers).toBeGreaterThan(before)
  })

  test('the token of a private video goes with every request', async () => {
    const world = new World(SIZE)
    await world.engine({ files: [{ ...world.pod.file, token: 'a b' }] }).play(0, 100_000)
    await world.engine({ files: [{ ...world.pod.file, authorization: 'Bearer x' }] }).play(0, 1000)
    const [torrent, range] = world.pod.requests
    expect(torrent?.url).toBe('http://pod/file.torrent?videoFileToken=a%20b')
    expect(range?.url).toBe('http://pod/file.mp4?videoFileToken=a%20b')
    expect(world.pod.requests.at(-1)?.authorization).toBe('Bearer x')
  })
})

describe('bad pieces', () => {
  test('a peer that corrupts is dropped, and playback goes on', async () => {
    const world = new World(SIZE)
    const viewer = world.engine()
    await viewer.play(0, 60_000)
    const stranger = new Stranger(world)
    await stranger.join()
    stranger.serve((data) => data.map((byte) => byte ^ 1))
    stranger.pretendToSeed()
    expect(digest(await viewer.play(60_000, SIZE))).toBe(world.digest(60_000))
    expect(viewer.engine.stats()).toMatchObject({ dropped: 1, fromPeers: 0, peers: 0, verified: PIECES })
    expect(stranger.closed).toBe(true)
    // It may not come back under the same name.
    stranger.link = null
    stranger.closed = false
    await world.clock.advance(300_000)
    expect(viewer.engine.stats().peers).toBe(0)
  })

  test('of several contributors the liar is found, the honest one stays', async () => {
    const world = new World(SIZE)
    const viewer = world.engine()
    await viewer.play(0, 60_000)
    const liar = new Stranger(world)
    await liar.join()
    // Sends the first block of each piece, wrong, and then nothing more.
    liar.answer = (message) => {
      if (message.kind === 'request' && message.begin === 0) liar.send(writePiece(message.index, 0, new Uint8Array(message.length)))
    }
    liar.pretendToSeed()
    await world.clock.advance(200)
    const honest = new Stranger(world)
    await honest.join()
    honest.serve()
    honest.pretendToSeed()
    await world.clock.advance(20_000)
    expect(liar.closed).toBe(true)
    expect(honest.closed).toBe(false)
    expect(digest(await viewer.play(60_000, SIZE))).toBe(world.digest(60_000))
    expect(viewer.engine.stats()).toMatchObject({ dropped: 1, peers: 1 })
  })
})

describe('strangers', () => {
  /** A viewer that plays, and a stranger in its swarm. */
  async function meet(size = SIZE, outside: Parameters<World['engine']>[1] = {}): Promise<{ world: World; viewer: ReturnType<World['engine']>; stranger: Stranger }> {
    const world = new World(size)
    const viewer = world.engine({}, outside)
    await viewer.play(0, 200_000)
    const stranger = new Stranger(world)
    await stranger.join()
    await world.clock.advance(10)
    expect(viewer.engine.stats().peers).toBe(1)
    return { world, viewer, stranger }
  }

  test('hear with the handshake what is held, and may ask before they say that they want to', async () => {
    const { stranger } = await meet()
    const kinds = stranger.heard.map(({ kind }) => kind)
    expect(kinds.slice(0, 2)).toEqual(['handshake', 'bitfield'])
    expect(kinds).toContain('unchoke')
  })

  test('that were the first to offer are heard out before they are spoken to, for a moment', async () => {
    const world = new World(SIZE)
    const viewer = world.engine()
    await viewer.play(0, 200_000)
    const stranger = new Stranger(world)
    stranger.mute = true
    await stranger.join()
    await world.clock.advance(300)
    expect(stranger.link).not.toBeNull()
    expect(stranger.heard).toEqual([])
    await world.clock.advance(500)
    expect(stranger.heard.map(({ kind }) => kind)).toEqual(['handshake', 'bitfield'])
  })

  const block = { index: 0, begin: 0, length: 16_384 }
  const offences: Record<string, Uint8Array<ArrayBuffer>[]> = {
    garbage: [new Uint8Array([0, 0, 0, 9, 99, 1, 2, 3, 4, 5, 6, 7, 8])],
    'an endless message': [new Uint8Array([0xff, 0xff, 0xff, 0xff, 7])],
    'blocks that nobody asked for': Array.from({ length: 5 }, () => writePiece(5, 0, new Uint8Array(16_384))),
    'a have beyond the end': [writeHave(PIECES)],
    'a request beyond the end': [writeBlock('request', { ...block, begin: 65_536 - 100 })],
    'a request for a piece that does not exist': [writeBlock('request', { ...block, index: 1_000_000 })],
    'a request of nothing': [writeBlock('request', { ...block, length: 0 })],
    'a request of too much': [writeBlock('request', { ...block, length: 200_000 })],
    'a flood of useless messages': Array.from({ length: 2000 }, () => writeSignal('interested')),
    'a flood of words about where it plays': Array.from({ length: 2000 }, (_, i) => writeExtended(2, writePlace({ playhead: i % PIECES, lead: i }))),
    // Whoever pays for its bytes lets nobody ask.
    'a flood of requests while choked': Array.from({ length: 2000 }, () => writeBlock('request', block)),
  }
  for (const [name, messages] of Object.entries(offences)) {
    test(`${name} ends the connection, and nothing else`, async () => {
      const { world, viewer, stranger } = await meet(SIZE, { metered: () => name.endsWith('while choked') })
      stranger.send(...messages)
      await world.clock.advance(10)
      expect(stranger.closed).toBe(true)
      expect(digest(await viewer.play(200_000, 400_000))).toBe(world.digest(200_000, 400_000))
    })
  }

  test('one that says nonsense about where it plays is served like anybody', async () => {
    const { world, stranger } = await meet()
    stranger.send(writeExtended(2, new Uint8Array(0)), writeExtended(2, new Uint8Array(900).fill(255)), writeExtended(2, writePlace({ playhead: 0xffff_ffff, lead: 0xffff_ffff })))
    stranger.send(writeSignal('interested'))
    await world.clock.advance(10)
    stranger.send(writeBlock('request', block))
    await world.clock.advance(10)
    expect(stranger.closed).toBe(false)
    expect(stranger.count('piece')).toBe(1)
  })

  test('one that claims everything and never answers costs a moment and is dropped', async () => {
    const { world, viewer, stranger } = await meet(6_000_000)
    stranger.pretendToSeed()
    const start = world.clock.now()
    await viewer.play(200_000, 2_000_000)
    // Nine fragments; without the peer they take one turn of 50 ms each.
    expect(world.clock.now() - start).toBeLessThan(9000)
    await world.clock.advance(60_000)
    expect(stranger.closed).toBe(true)
  })

  test('one that is slow is asked less, but not dropped', async () => {
    const { world, viewer, stranger } = await meet(6_000_000)
    stranger.serve()
    const { answer } = stranger
    stranger.answer = (message) => void world.clock.after(900, () => answer(message))
    stranger.pretendToSeed()
    for (let at = 200_000; at < 5_800_000; at += 1_400_000) {
      // A seek each time: the player has no patience.
      await viewer.play(at, at + 700_000, 700_000)
      await world.clock.advance(2000)
    }
    expect(stranger.closed).toBe(false)
    expect(viewer.engine.stats().fromPeers).toBeGreaterThan(0)
  })

  test('one that refuses what it claimed to have is not asked for it again', async () => {
    const { world, viewer, stranger } = await meet()
    stranger.answer = (message) => {
      if (message.kind === 'request') stranger.send(writeBlock('reject', message))
    }
    stranger.pretendToSeed()
    await world.clock.advance(5000)
    expect(stranger.count('request')).toBeLessThanOrEqual(PIECES * 8)
    expect(digest(await viewer.play(200_000, SIZE))).toBe(world.digest(200_000))
  })

  test('one that asks gets what is there and a refusal for what is not', async () => {
    const { world, viewer, stranger } = await meet()
    stranger.send(writeSignal('interested'))
    await world.clock.advance(10)
    expect(stranger.count('unchoke')).toBe(1)
    stranger.send(writeBlock('request', block), writeBlock('request', { ...block, index: 20 }))
    await world.clock.advance(10)
    const piece = stranger.heard.find((message) => message.kind === 'piece')
    expect(piece).toMatchObject({ index: 0, begin: 0 })
    expect(digest(piece?.kind === 'piece' ? piece.data : null)).toBe(world.digest(0, 16_384))
    expect(stranger.heard.find((message) => message.kind === 'reject')).toMatchObject({ index: 20 })
    expect(viewer.engine.stats().toPeers).toBe(16_384)
  })

  test('on a metered connection nothing is fetched ahead', async () => {
    const world = new World(SIZE)
    await world.engine().play(0, SIZE)
    const viewer = world.engine({}, { metered: () => true })
    await viewer.play(0, 400_000)
    await world.clock.advance(30_000)
    expect(viewer.engine.stats().peers).toBe(1)
    expect(viewer.engine.stats().verified).toBe(Math.ceil(400_000 / 65_536))
  })

  test('on a metered connection nothing is sent to others', async () => {
    const world = new World(SIZE)
    const viewer = world.engine({}, { metered: () => true })
    await viewer.play(0, 400_000)
    const stranger = new Stranger(world)
    await stranger.join()
    stranger.send(writeSignal('interested'), writeBlock('request', block))
    await world.clock.advance(30_000)
    expect(viewer.engine.stats().peers).toBe(1)
    expect([stranger.count('unchoke'), stranger.count('piece'), stranger.count('reject')]).toEqual([0, 0, 1])
  })
})

describe('trouble', () => {
  test('an error of the pod reaches the player with its status', async () => {
    const world = new World(SIZE)
    world.pod.status = 403
    const viewer = world.engine()
    const loading = viewer.load(0, 100_000)
    await world.clock.advance(2000)
    expect(loading).toMatchObject({ outcome: 'failed', code: 403 })
  })

  test('a pod that knows no ranges is read all the same', async () => {
    const world = new World(SIZE)
    world.pod.status = 200
    const viewer = world.engine()
    expect(digest(await viewer.play(300_000, 500_000))).toBe(world.digest(300_000, 500_000))
  })

  test('a pod that is down for a moment is asked again', async () => {
    const world = new World(SIZE)
    world.pod.status = 503
    const viewer = world.engine()
    const loading = viewer.load(0, 100_000)
    await world.clock.advance(400)
    world.pod.status = 206
    await world.clock.advance(3000)
    expect(loading.outcome).toBe('done')
  })

  test('while the pod is down, peers keep playback going', async () => {
    const world = new World(SIZE)
    await world.engine().play(0, SIZE)
    const viewer = world.engine()
    await viewer.play(0, 1000)
    world.pod.status = 503
    expect(digest(await viewer.play(1000, SIZE))).toBe(world.digest(1000))
  })

  test('the tracker may be down', async () => {
    const world = new World(SIZE)
    world.tracker.down = true
    const viewer = world.engine()
    expect(digest(await viewer.play(0, SIZE))).toBe(world.digest())
    expect(viewer.engine.stats().verified).toBe(PIECES)
  })

  test('the memory bound holds, and what went is fetched again', async () => {
    const world = new World(SIZE)
    const viewer = world.engine({ memoryBytes: 6 * 65_536 })
    await viewer.play(0, SIZE)
    expect(viewer.engine.stats().verified).toBe(PIECES)
    expect(digest(await viewer.play(0, 200_000))).toBe(world.digest(0, 200_000))
    expect(viewer.engine.stats().verified).toBeGreaterThan(PIECES)
  })

  test('a rendition that appears later is shared, too', async () => {
    const world = new World(SIZE)
    await world.engine().play(0, SIZE)
    const viewer = world.engine({ files: [] })
    await viewer.play(0, 100_000)
    expect(viewer.engine.stats()).toMatchObject({ fromPod: 100_000, verified: 0 })
    viewer.engine.addFiles([world.pod.file])
    viewer.engine.addFiles([world.pod.file])
    expect(digest(await viewer.play(100_000, SIZE))).toBe(world.digest(100_000))
    expect(viewer.engine.stats()).toMatchObject({ peers: 1, connections: [{ client: 'Shoal' }] })
    expect(viewer.engine.stats().fromPeers).toBeGreaterThan(SIZE / 2)
  })

  test('the likely rendition is entered at once, and left again when another one plays', async () => {
    const world = new World(SIZE)
    const other = { ...world.pod.file, fileUrl: 'http://pod/other.mp4' }
    const viewer = world.engine({ files: [other, world.pod.file], likely: 'http://pod/file.mp4' })
    await world.clock.advance(100)
    expect(world.pod.requests.map(({ url }) => url)).toEqual(['http://pod/file.torrent'])
    expect(world.tracker.heard).toMatchObject([{ event: 'started' }])
    await world.clock.advance(30_000)
    expect(world.tracker.heard.at(-1)).toMatchObject({ event: 'stopped' })
    expect(digest(await viewer.play(0, SIZE))).toBe(world.digest())
    expect(world.tracker.heard.at(-1)).not.toMatchObject({ event: 'stopped' })
  })

  test('after the end nothing is left', async () => {
    const world = new World(SIZE)
    const one = world.engine()
    await one.play(0, SIZE)
    const two = world.engine()
    await two.play(0, 300_000)
    const running = two.load(1_000_000, 1_200_000)
    two.engine.destroy()
    one.engine.destroy()
    await world.clock.advance(1000)
    expect(running.outcome).not.toBe('done')
    expect(world.switchboard.links.every((link) => !link.open)).toBe(true)
    const requests = world.pod.requests.length
    await world.clock.advance(600_000)
    expect(world.pod.requests).toHaveLength(requests)
  })
})
