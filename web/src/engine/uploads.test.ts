/*
 * Upload slots: bounded, given round, and kept by those who give.
 */

import { expect, test } from 'vitest'
import type { Peer } from './peer'
import { newCounters } from './stats'
import { Memory } from './store'
import { TestClock } from './test/world'
import { SLOTS, Uplink, Uploads } from './uploads'

class FakePeer {
  ready = true
  interested = true
  choked = true
  down = 0
  buffered = 0
  served = 0
  place: { playhead: number; lead: number } | null = null
  held = { has: (): boolean => false }
  asked = [{ index: 0, begin: 0, length: 4 }]
  choke = (): void => void (this.choked = true)
  unchoke = (): void => void (this.choked = false)
  refuse = (): void => undefined
  piece = (): void => {
    this.served++
    this.buffered += 200_000
  }
}

function stage(count: number): { clock: TestClock; uploads: Uploads; peers: FakePeer[]; update: () => void } {
  const clock = new TestClock()
  const store = new Memory(1000).open(1, { pinned: () => false, playhead: () => 0, changed: () => undefined })
  store.put(0, new Uint8Array(8))
  const uploads = new Uploads({ clock, store, counters: newCounters(), uplink: new Uplink(clock), maySend: () => true })
  const peers = Array.from({ length: count }, () => new FakePeer())
  return { clock, uploads, peers, update: () => uploads.update(peers as unknown as Peer[]) }
}

test('a free slot is given at once, no more than there are', () => {
  const { peers, update } = stage(20)
  update()
  expect(peers.filter((peer) => !peer.choked)).toHaveLength(SLOTS)
  const left = peers.find((peer) => !peer.choked)
  if (left) left.interested = false
  update()
  expect(left?.choked).toBe(true)
  expect(peers.filter((peer) => !peer.choked)).toHaveLength(SLOTS)
})

test('a slot that nobody wants is given in advance, and taken back when somebody wants it', () => {
  const { peers, update } = stage(SLOTS + 5)
  peers.forEach((peer) => (peer.interested = false))
  update()
  expect(peers.filter((peer) => !peer.choked)).toHaveLength(SLOTS)
  const last = peers.at(-1)
  if (last) last.interested = true
  update()
  expect(last?.choked).toBe(false)
  expect(peers.filter((peer) => !peer.choked)).toHaveLength(SLOTS)
})

test('everybody gets a turn, and who gives stays', async () => {
  const { clock, peers, update } = stage(20)
  const turns = peers.map(() => 0)
  const [giver] = peers
  let kept = true
  for (let turn = 0; turn < 10; turn++) {
    if (giver) giver.down += 1_000_000
    update()
    kept &&= turn < 2 || giver?.choked === false
    peers.forEach((peer, i) => (turns[i] = (turns[i] ?? 0) + (peer.choked ? 0 : 1)))
    expect(peers.filter((peer) => !peer.choked).length).toBeLessThanOrEqual(SLOTS)
    await clock.advance(10_001)
  }
  expect(Math.min(...turns)).toBeGreaterThan(0)
  expect(kept).toBe(true)
})

test('a reader who takes nothing away is not sent more', async () => {
  const { uploads, peers, update } = stage(1)
  const [peer] = peers
  if (peer === undefined) return
  peer.asked = Array.from({ length: 50 }, () => ({ index: 0, begin: 0, length: 4 }))
  update()
  await uploads.serve([peer as unknown as Peer])
  expect(peer.served).toBe(1)
  expect(peer.asked).toHaveLength(49)
})

/** Peers that ask and say where they play, and the order in which blocks leave. */
function order(peers: { place: number | null; asks: number[]; buffered?: number; held?: number[] }[], uplink = 0): Promise<string[]> {
  const clock = new TestClock()
  const store = new Memory(1e6).open(100, { pinned: () => false, playhead: () => 0, changed: () => undefined })
  for (let index = 0; index < 100; index++) store.put(index, new Uint8Array(8))
  const sent: string[] = []
  const speed = { bytesPerSecond: uplink, look: () => undefined, sent: () => undefined, forget: () => undefined }
  const uploads = new Uploads({ clock, store, counters: newCounters(), uplink: speed as unknown as Uplink, maySend: () => true })
  const all = peers.map(({ place, asks, buffered = 0, held = [] }, name) => ({
    ready: true,
    choked: false,
    buffered,
    held: { has: (index: number) => held.includes(index) },
    place: place === null ? null : { playhead: place, lead: 0 },
    asked: asks.map((index) => ({ index, begin: 0, length: 4 })),
    refuse: () => undefined,
    piece: ({ index }: { index: number }) => void sent.push(`${name}:${index}`),
  }))
  return uploads.serve(all as unknown as Peer[]).then(() => sent)
}

test.each<[string, Parameters<typeof order>[0], string[]]>([
  ['the nearest to a playhead', [{ place: 10, asks: [40, 12] }, { place: 20, asks: [21, 90] }], ['1:21', '0:12', '0:40', '1:90']],
  ['what lies behind last', [{ place: 50, asks: [40, 99] }], ['0:99', '0:40']],
  ['who does not say where it plays in between, in the order of asking', [{ place: null, asks: [9, 3] }, { place: 0, asks: [30, 5] }], ['1:5', '0:9', '0:3', '1:30']],
  ['what can be had elsewhere a little later', [{ place: 0, asks: [3, 5, 12] }, { place: 90, asks: [], held: [3] }], ['0:5', '0:3', '0:12']],
  ['nobody whose link is full', [{ place: 0, asks: [1], buffered: 70_000 }, { place: 0, asks: [50] }], ['1:50']],
])('requests are answered by need: %s', async (_name, peers, expected) => {
  expect(await order(peers)).toEqual(expected)
})

test('a slow uplink is not divided among many', async () => {
  const waiting = [20_000, 20_000, 0, 0].map((buffered, i) => ({ place: 0, asks: [i], buffered }))
  expect(await order(waiting, 150_000)).toEqual(['0:0', '1:1'])
  expect(await order(waiting, 900_000)).toEqual(['0:0', '1:1', '2:2', '3:3'])
})

test('the uplink is what leaves while something waits to leave', async () => {
  const clock = new TestClock()
  const uplink = new Uplink(clock)
  const link = { buffered: 0 }
  expect(uplink.bytesPerSecond).toBe(0)
  for (let turn = 0; turn < 40; turn++) {
    uplink.look()
    if (link.buffered < 50_000) {
      link.buffered += 50_000
      uplink.sent(link, 50_000)
    }
    await clock.advance(50)
    link.buffered = Math.max(0, link.buffered - 10_000)
  }
  expect(uplink.bytesPerSecond).toBeGreaterThan(190_000)
  expect(uplink.bytesPerSecond).toBeLessThan(210_000)
  link.buffered = 0
  uplink.look()
  const before = uplink.bytesPerSecond
  await clock.advance(600_000)
  uplink.look()
  expect(uplink.bytesPerSecond).toBe(before)
  uplink.forget(link)
  uplink.look()
  expect(uplink.bytesPerSecond).toBe(before)
})
