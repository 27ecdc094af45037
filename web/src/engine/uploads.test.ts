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
