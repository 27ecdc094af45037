/*
 * Sending pieces to others: who may ask (a fixed number of slots, given round so that everybody gets a turn, with a
 * preference for those who send to us), whose request is answered next (the one that is needed soonest, as far as the
 * other side says where it plays), to how many at the same time (about as many as the uplink feeds well), and how fast
 * (only as far as the links take bytes away, so a slow or silent reader costs no memory). On metered connections nothing
 * is sent at all.
 */

import type { Clock } from './clock'
import type { Peer } from './peer'
import type { Counters } from './stats'
import type { PieceStore } from './store'
import type { Block } from './wire'

/** Peers that may ask at the same time. */
export const SLOTS = 10
/** Slots that go round among all who wait, whatever they gave. */
const ROUND_SLOTS = 3
/** How often slots are given anew (ms). */
const TURN = 10_000
/** Bytes per second that a peer should get for its slot in the uplink to be worth it. */
const SHARE = 100_000
/** Peers that are sent to at the same time: at least, at most, and while the uplink is not known. */
const AT_ONCE = { least: 2, most: SLOTS, guess: 4 }
/** Bytes that may wait in one link: about this many seconds of its share, within bounds; the rest would only be late. */
const WAITING = { seconds: 0.3, least: 32 * 1024, most: 256 * 1024, guess: 64 * 1024 }
/** A link with so few bytes waiting is free. */
const FREE = 16 * 1024
/** Where a peer that does not say where it plays is taken to need its requests, in pieces from its playhead. */
const SOMEWHERE = 24
/** What lies behind the playhead comes last. */
const BEHIND = 1e6
/** A piece that another neighbour holds already may come later by so many pieces: it can be had there, too. */
const ELSEWHERE = 6

/** What uploads are given. */
export interface Uploading {
  readonly clock: Clock
  readonly store: PieceStore
  readonly counters: Counters
  readonly uplink: Uplink
  maySend(): boolean
}

/** The viewer's uplink as measured: bytes that left while bytes were waiting, recent ones counting most. */
export class Uplink {
  /** What is remembered fades within about so long (ms of sending). */
  private static readonly MEMORY = 8000
  /** Less than this says nothing yet (ms of sending). */
  private static readonly ENOUGH = 150
  /** Longer than this between two looks, nobody knows when the last byte left (ms). */
  private static readonly GAP = 200
  private readonly links = new Set<{ readonly buffered: number }>()
  private handed = 0
  private bytes = 0
  private time = 0
  private last: { at: number; left: number; waiting: number } | null = null
  private readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Bytes per second; 0 as long as too little was sent to tell. */
  get bytesPerSecond(): number {
    return this.time < Uplink.ENOUGH ? 0 : Math.round((this.bytes / this.time) * 1000)
  }

  /** Bytes were handed to this link. */
  sent(link: { readonly buffered: number }, bytes: number): void {
    if (this.last === null) this.look()
    this.links.add(link)
    this.handed += bytes
    if (this.last !== null) this.last.waiting += bytes
  }

  /** A link is gone, and what waited in it as well: the count begins anew. */
  forget(link: { readonly buffered: number }): void {
    this.links.delete(link)
    this.last = null
  }

  /** Measures what has left since the last look. */
  look(): void {
    const now = this.clock.now()
    let waiting = 0
    for (const link of this.links) waiting += link.buffered
    const left = this.handed - waiting
    const { last } = this
    this.last = { at: now, left, waiting }
    if (last === null || last.waiting === 0) return
    const elapsed = now - last.at
    if (elapsed <= 0) {
      this.last = last
      return
    }
    if (waiting === 0 && elapsed > Uplink.GAP) return
    const kept = Math.exp(-elapsed / Uplink.MEMORY)
    this.bytes = this.bytes * kept + Math.max(0, left - last.left)
    this.time = this.time * kept + elapsed
  }
}

export class Uploads {
  private serving = false
  /** When each peer last held a slot, and what it had given us at the last turn. */
  private readonly marks = new Map<Peer, { turn: number; down: number }>()
  private turnAt: number
  private readonly io: Uploading

  constructor(io: Uploading) {
    this.io = io
    this.turnAt = io.clock.now()
  }

  /** Gives free slots to those who want them; after each turn, slots change hands. */
  update(peers: readonly Peer[]): void {
    const now = this.io.clock.now()
    const turned = now - this.turnAt >= TURN
    if (turned) {
      this.turnAt = now
      // Whoever holds a slot now comes last when the next ones are given round.
      for (const peer of peers) if (!peer.choked) this.mark(peer).turn = now
    }
    const waiting = this.io.maySend() ? peers.filter((peer) => peer.ready && peer.interested) : []
    const chosen = new Set(turned || waiting.length <= SLOTS ? this.choose(waiting) : waiting.filter((peer) => !peer.choked))
    for (const peer of waiting) if (chosen.size < SLOTS) chosen.add(peer)
    // A slot that nobody else wants spares whoever will want it a round trip.
    if (this.io.maySend()) for (const peer of peers) if (chosen.size < SLOTS && peer.ready && !peer.isPod) chosen.add(peer)
    for (const peer of peers) {
      if (!peer.ready) continue
      if (!chosen.has(peer)) {
        peer.choke()
      } else if (peer.choked) {
        this.mark(peer).turn = now
        peer.unchoke()
      }
    }
    if (turned) for (const [peer, mark] of this.marks) mark.down = peer.down
    void this.serve(peers)
  }

  /** Sends what was asked for, most urgent first, as long as the links take it. */
  async serve(peers: Iterable<Peer>): Promise<void> {
    if (this.serving) return
    this.serving = true
    const { store, counters, uplink } = this.io
    try {
      uplink.look()
      for (;;) {
        const next = this.mostUrgent(peers)
        if (next === null) break
        const { peer, at } = next
        const [block] = peer.asked.splice(at, 1)
        if (block === undefined) break
        // What the memory has is sent without a pause, so that it leaves together.
        const piece = store.here(block.index) ?? (await store.read(block.index))
        if (piece === null || !peer.ready || peer.choked) {
          peer.refuse(block)
          continue
        }
        peer.piece(block, piece.subarray(block.begin, block.begin + block.length))
        uplink.sent(peer, block.length)
        counters.toPeers += block.length
      }
    } finally {
      this.serving = false
    }
  }

  gone(peer: Peer): void {
    this.marks.delete(peer)
    this.io.uplink.forget(peer)
  }

  /** The request that is needed soonest, among those whose link has room. */
  private mostUrgent(peers: Iterable<Peer>): { peer: Peer; at: number } | null {
    const rate = this.io.uplink.bytesPerSecond
    const atOnce = rate === 0 ? AT_ONCE.guess : Math.min(AT_ONCE.most, Math.max(AT_ONCE.least, Math.round(rate / SHARE)))
    const waiting = rate === 0 ? WAITING.guess : Math.min(WAITING.most, Math.max(WAITING.least, (rate / atOnce) * WAITING.seconds))
    let busy = 0
    for (const peer of peers) if (peer.buffered > FREE) busy++
    let found: { peer: Peer; at: number } | null = null
    let least = Infinity
    for (const peer of peers) {
      if (!peer.ready || peer.choked || peer.asked.length === 0 || peer.buffered >= waiting) continue
      if (busy >= atOnce && peer.buffered <= FREE) continue
      peer.asked.forEach((block, at) => {
        let need = needOf(peer, block, at)
        for (const other of peers) if (other !== peer && other.held.has(block.index)) need += ELSEWHERE
        if (need >= least) return
        least = need
        found = { peer, at }
      })
    }
    return found
  }

  private mark(peer: Peer): { turn: number; down: number } {
    let mark = this.marks.get(peer)
    if (mark === undefined) {
      mark = { turn: 0, down: 0 }
      this.marks.set(peer, mark)
    }
    return mark
  }

  private choose(waiting: Peer[]): Peer[] {
    if (waiting.length <= SLOTS) return waiting
    const given = (peer: Peer): number => peer.down - this.mark(peer).down
    const turn = (peer: Peer): number => this.mark(peer).turn
    const best = [...waiting].sort((a, b) => given(b) - given(a)).slice(0, SLOTS - ROUND_SLOTS)
    const rest = waiting.filter((peer) => !best.includes(peer)).sort((a, b) => turn(a) - turn(b))
    return [...best, ...rest.slice(0, ROUND_SLOTS)]
  }
}

/** How far from its playhead a peer needs a block, in pieces; among equals the request that has waited longest. */
function needOf(peer: Peer, block: Block, at: number): number {
  const order = at / 1000
  if (peer.place === null) return SOMEWHERE + order
  const ahead = block.index - peer.place.playhead
  return (ahead < 0 ? BEHIND - ahead : ahead) + order
}
