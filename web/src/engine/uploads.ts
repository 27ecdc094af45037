/*
 * Sending pieces to others: who may ask (a fixed number of slots, given round so that everybody gets a turn, with a
 * preference for those who send to us), and how fast (only as far as the link takes bytes away, so a slow or silent
 * reader costs no memory). On metered connections nothing is sent at all.
 */

import type { Clock } from './clock'
import type { Peer } from './peer'
import type { Counters } from './stats'
import type { PieceStore } from './store'

/** Peers that may ask at the same time. */
export const SLOTS = 8
/** Slots that go round among all who wait, whatever they gave. */
const ROUND_SLOTS = 3
/** How often slots are given anew (ms). */
const TURN = 10_000
/** Bytes that may wait in one link. */
const HIGH_WATER = 256 * 1024

export class Uploads {
  private readonly serving = new Set<Peer>()
  /** When each peer last held a slot, and what it had given us at the last turn. */
  private readonly marks = new Map<Peer, { turn: number; down: number }>()
  private turnAt: number
  private readonly clock: Clock
  private readonly store: PieceStore
  private readonly counters: Counters
  private readonly maySend: () => boolean

  constructor(clock: Clock, store: PieceStore, counters: Counters, maySend: () => boolean) {
    this.clock = clock
    this.store = store
    this.counters = counters
    this.maySend = maySend
    this.turnAt = clock.now()
  }

  /** Gives free slots to those who want them; after each turn, slots change hands. */
  update(peers: readonly Peer[]): void {
    const now = this.clock.now()
    const turned = now - this.turnAt >= TURN
    if (turned) {
      this.turnAt = now
      // Whoever holds a slot now comes last when the next ones are given round.
      for (const peer of peers) if (!peer.choked) this.mark(peer).turn = now
    }
    const waiting = this.maySend() ? peers.filter((peer) => peer.ready && peer.interested) : []
    const chosen = new Set(turned || waiting.length <= SLOTS ? this.choose(waiting) : waiting.filter((peer) => !peer.choked))
    for (const peer of waiting) if (chosen.size < SLOTS) chosen.add(peer)
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
  }

  /** Sends what a peer asked for, as long as its link takes it. */
  async serve(peer: Peer): Promise<void> {
    if (this.serving.has(peer)) return
    this.serving.add(peer)
    try {
      while (!peer.choked && peer.buffered < HIGH_WATER) {
        const block = peer.asked.shift()
        if (block === undefined) break
        const piece = await this.store.read(block.index)
        if (piece === null || !peer.ready) {
          peer.refuse(block)
          continue
        }
        peer.piece(block, piece.subarray(block.begin, block.begin + block.length))
        this.counters.toPeers += block.length
      }
    } finally {
      this.serving.delete(peer)
    }
  }

  gone(peer: Peer): void {
    this.marks.delete(peer)
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
