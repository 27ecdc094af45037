/*
 * What one swarm wants at this moment, in the order of need: the pieces that the player waits for, those that the pod
 * granted, and those ahead that other viewers would give. It also says which of them may come from the pod and why: a
 * start or a seek has a few pieces for nothing, a grant is an order, and a rescue is due when the player's buffer is
 * nearly empty. Whether a viewer is asked instead is the policy's decision (schedule.ts, or policy.ts when nobody conducts).
 */

import type { Bitfield } from './bitfield'
import type { Bytes } from './bytes'
import type { Clock } from './clock'
import type { Range, Settings } from './conductor'
import type { Wanted } from './downloads'
import type { Right } from './job'
import type { PlayerState } from './lead'
import { Lottery } from './lottery'
import type { Metainfo } from './metainfo'
import { pieceSize } from './metainfo'
import type { Peer } from './peer'
import { patience } from './policy'
import type { Read, Reads } from './reads'
import { SOON } from './schedule'
import { Timeline } from './timeline'

/** What it looks at. */
export interface Surroundings {
  readonly meta: Metainfo
  readonly clock: Clock
  readonly reads: Reads
  /** Bytes ahead of the player that can be kept. */
  window(): number
  held(): Bitfield
  peers(): Iterable<Peer>
  player(): PlayerState
  /** This rendition is the one being played. */
  playing(): boolean
  /** Bytes may be spent on what is not needed yet. */
  generous(): boolean
  /** Bytes per second that the pod gave; 0 when not measured. */
  podRate(): number
  /** Other viewers may still be met within moments. */
  gathering(): boolean
  random(length: number): Bytes
}

/** Media that is fetched in the order of playback (s). */
const NEAR = 8
/** With less in the buffer nothing further ahead is asked for (s): of a crowd that comes at once everybody would carry half a minute to everybody while all wait for the first seconds. */
const SETTLED = 5
/** Bytes ahead of the player that are asked of peers at the same time. */
const AHEAD_AT_ONCE = 8 * 1024 * 1024
/** Without a conductor, how far ahead at most (bytes). */
const AHEAD_MAX = 64 * 1024 * 1024
/** Less in the buffer than this counts as nothing (s). */
const NOTHING = 0.1
/**
 * How long a start or a seek waits for others before the pod is asked beyond what it gives at once: while it gives
 * something (what is missing then is the end of a long first fragment), and when its budget is spent (ms). One number for
 * this and for the lead of a rescue while playing would be wrong for one of them.
 */
const START_PATIENCE = 600
const START_PATIENCE_SPENT = 2500
/** A start or a seek that nobody but the pod can help with waits so long for a grant (ms). */
export const ALONE_PATIENCE = 200
/** While no viewer can help and none is expected, a rescue is due with this in the buffer: there is nothing to wait for (ms). */
export const ALONE_LEAD = 4000
/** What the pod is believed to send before it was measured (bytes per second), and the longest fetch that is reckoned with (ms). */
const POD_GUESS = 1_000_000
const MAX_FETCH_TIME = 2000
/** What was handed over may take so long until the player counts it as buffered (ms). */
const APPENDING = 1000
/** Granted pieces fetched at the same time, and how long a grant holds (ms). */
const GRANTS_AT_ONCE = 128
const GRANT_TIME = 20_000

export class Wanting {
  readonly timeline = new Timeline()
  private readonly granted = new Map<number, number>()
  private readonly lottery: Lottery
  private readonly salt: number
  /** Where the last start or seek began, as a piece, and which pieces have come since. */
  private begin: number | null = null
  /** The piece in which its first fragment ends. */
  private beginEnds = 0
  private readonly arrived = new Set<number>()
  /** The byte at which the last fragment ended. */
  private nextByte: number | null = null
  /** The fragment with which the last start or seek began, and when. */
  private first: { byte: number; at: number } | null = null
  private started = false
  private readonly around: Surroundings

  constructor(around: Surroundings) {
    this.around = around
    this.lottery = new Lottery(around.meta.pieceCount, (length) => around.random(length))
    const [high = 0, low = 0] = around.random(2)
    // Odd, so that no two pieces come out alike.
    this.salt = 0x9e3779b1 ^ (((high << 8) | low) << 1)
  }

  /** The player asks for something; true when it has just started or sought. */
  asked(read: { start: number; end: number; lead: number; time: { start: number; duration: number } | null }): boolean {
    if (read.time === null) return false
    this.timeline.learn(read, read.time)
    const follows = this.nextByte === read.start
    this.nextByte = read.end
    const begins = !this.started || !follows
    this.started = true
    if (begins) {
      // A fragment that hls.js asks for once more does not wait once more.
      if (this.first?.byte !== read.start) this.first = { byte: read.start, at: this.around.clock.now() }
      this.begin = read.lead <= NOTHING ? this.pieceAt(read.start) : null
      this.beginEnds = this.pieceAt(read.end - 1)
      this.arrived.clear()
    }
    return begins
  }

  /** A piece has come. Should the memory give it up again, it is not fetched a second time by the same right. */
  got(index: number): void {
    this.granted.delete(index)
    if (this.begin !== null) this.arrived.add(index)
  }

  /** The player has asked for media here. */
  get begun(): boolean {
    return this.started
  }

  /** The piece that plays, or null before the player has asked for any media. */
  get playhead(): number | null {
    return this.playheadAt(this.around.player().position)
  }

  playheadAt(position: number): number | null {
    return this.started ? this.pieceAt(this.timeline.byteAt(position)) : null
  }

  /** The pod wants these to be fetched and spread. */
  grant(ranges: readonly Range[]): void {
    const { meta, clock } = this.around
    const held = this.around.held()
    const now = clock.now()
    for (const { start, end } of ranges) {
      for (let index = start; index < Math.min(end, meta.pieceCount); index++) if (!held.has(index)) this.granted.set(index, now)
    }
  }

  /** Forgets what was granted: the pod that did so is gone. */
  revoke(): void {
    this.granted.clear()
  }

  /** Everything that is wanted when a pod conducts, most urgent first. */
  conducted(settings: Settings): Wanted[] {
    const { reads, clock } = this.around
    const held = this.around.held()
    const now = clock.now()
    const list = new Map<number, Wanted>()
    const { ahead, position, rate = 1 } = this.around.player()
    const add = (index: number, deadline: number | null, right: Right | null): void => {
      if (!held.has(index) && !list.has(index)) list.set(index, { index, deadline, right: this.rightTo(index, right, settings) })
    }
    for (const read of [...reads].sort((a, b) => a.start - b.start)) {
      const hungry = this.isHungry(read, settings)
      const needed = read.time === null ? read.begunAt : now + (this.leadOf(read) / rate) * 1000
      const right = hungry ? (read.time === null ? 'instant' : 'rescued') : null
      for (let index = read.first; index <= read.last; index++) add(index, needed, right)
    }
    const until = Math.min(held.size, this.instantUntil(settings))
    for (let index = this.begin ?? until; index < until; index++) if (!this.arrived.has(index)) add(index, now, null)
    this.pruneGrants(held, now)
    let grants = 0
    for (const index of this.granted.keys()) if (grants++ < GRANTS_AT_ONCE) add(index, null, 'granted')
    for (const { index, deadline } of this.near(held, now, position, rate)) add(index, deadline, null)
    const wanted = this.inOrder([...list.values()], now)
    if (ahead / rate < SETTLED) return wanted
    for (const index of this.far(held)) if (!list.has(index)) wanted.push({ index, deadline: null, right: null })
    return wanted
  }

  /**
   * What is needed soon by need; the rest by how few have it, and for each viewer in another order, because those who
   * hold different pieces can give each other what only one of them had to be given.
   */
  private inOrder(list: Wanted[], now: number): Wanted[] {
    const givers = this.givers()
    const keys = new Map<number, number>()
    for (const { index, right, deadline } of list) {
      const soon = right !== null || (deadline !== null && deadline - now <= SOON)
      const holders = givers.filter((peer) => peer.held.has(index)).length
      keys.set(index, (soon ? 0 : 1000) + holders + ((Math.imul(index + 1, this.salt) >>> 8) & 0xffff) / 0x10000)
    }
    return list.sort((a, b) => (keys.get(a.index) ?? 0) - (keys.get(b.index) ?? 0))
  }

  /** Everything that is wanted when nobody conducts; `hold` says which reads wait for a conductor's welcome. */
  unconducted(hold: (read: Read) => boolean): Wanted[] {
    const { reads } = this.around
    const held = this.around.held()
    const wanted = new Map<number, Wanted>()
    for (const read of reads) {
      if (hold(read)) continue
      const until = read.begunAt + patience(read.lead)
      // A conductor that is late to welcome us reckons with our start, and not with a rescue.
      const right = read.time === null || read.start === this.first?.byte ? 'instant' : null
      for (let index = read.first; index <= read.last; index++) {
        if (!held.has(index)) wanted.set(index, { index, deadline: Math.min(until, wanted.get(index)?.deadline ?? Infinity), right })
      }
    }
    for (const index of this.next(held)) if (!wanted.has(index)) wanted.set(index, { index, deadline: null, right: null })
    return [...wanted.values()]
  }

  /**
   * A peer is interesting when it holds something that is wanted, even if it does not let us ask yet; the pod only for
   * what the player waits for, and for what it has granted.
   */
  interest(peer: Peer, conducted: boolean): boolean {
    const held = this.around.held()
    for (const read of this.around.reads) if (peer.held.offers(held, read.first, read.last + 1)) return true
    for (const index of this.granted.keys()) if (peer.held.has(index) && !held.has(index)) return true
    if (peer.isPod) return false
    const { from, to } = this.horizon(conducted ? this.around.window() : AHEAD_MAX)
    return peer.held.offers(held, from, to)
  }

  private rightTo(index: number, otherwise: Right | null, settings: Settings): Right | null {
    if (this.granted.has(index)) return 'granted'
    if (this.begin !== null && index >= this.begin && index < this.instantUntil(settings) && !this.arrived.has(index)) return 'instant'
    return otherwise
  }

  /**
   * The end of what a start fetches at once. Fragments do not begin where pieces do: should the first one end in the piece after what the pod
   * allows, that belongs to it, because nothing plays before its last byte is here.
   */
  private instantUntil({ instant }: Settings): number {
    if (this.begin === null || instant === 0) return 0
    const until = this.begin + instant
    return this.beginEnds === until ? until + 1 : until
  }

  /** A rescue is due: the buffer ends soon, or there is none and the player has waited long enough. */
  private isHungry(read: Read, settings: Settings): boolean {
    const { clock } = this.around
    const { paused, rate = 1 } = this.around.player()
    const ahead = this.leadOf(read)
    const helpless = ![...this.around.peers()].some((peer) => peer.ready && !peer.isPod)
    if (ahead <= NOTHING) {
      // Nothing plays before the header is here, and it is one piece.
      if (read.time === null) return true
      const wait = helpless && !this.around.gathering() ? ALONE_PATIENCE : settings.instant > 0 ? START_PATIENCE : START_PATIENCE_SPENT
      // Only a start or a seek waits; what stalls has waited already.
      return this.first?.byte !== read.start || clock.now() - this.first.at >= wait
    }
    if (paused) return false
    const fetchTime = Math.min(MAX_FETCH_TIME, (this.missing(read) / (this.around.podRate() || POD_GUESS)) * 1000)
    const lead = settings.patience + fetchTime
    return (ahead / rate) * 1000 < (helpless && !this.around.gathering() ? Math.max(lead, ALONE_LEAD) : lead)
  }

  /** Seconds until the player needs this: when it is asked for, everything before it has just been handed over, and the player counts it bit by bit. */
  private leadOf(read: Read): number {
    const { ahead, position } = this.around.player()
    if (read.time === null || this.first?.byte === read.start || this.around.clock.now() - read.begunAt >= APPENDING) return ahead
    return Math.max(ahead, read.time.start - position)
  }

  private missing(read: Read): number {
    const held = this.around.held()
    let bytes = 0
    for (let index = read.first; index <= read.last; index++) if (!held.has(index)) bytes += pieceSize(this.around.meta, index)
    return bytes
  }

  private pruneGrants(held: Bitfield, now: number): void {
    for (const [index, at] of this.granted) if (held.has(index) || now - at > GRANT_TIME) this.granted.delete(index)
  }

  /** What plays within the next seconds and some viewer holds, in the order of playback. */
  private *near(held: Bitfield, now: number, position: number, rate: number): Iterable<{ index: number; deadline: number }> {
    const { meta } = this.around
    const { from, to } = this.horizon(NEAR * this.timeline.rate)
    const givers = this.givers()
    if (givers.length === 0) return
    const begin = this.timeline.byteAt(position)
    for (let index = from; index < to; index++) {
      if (held.has(index) || !givers.some((peer) => peer.held.has(index))) continue
      const seconds = Math.max(0, index * meta.pieceLength - begin) / this.timeline.rate
      yield { index, deadline: now + (seconds / rate) * 1000 }
    }
  }

  /** What lies anywhere ahead, by lot. */
  private far(held: Bitfield): Iterable<number> {
    const { from, to } = this.horizon(this.around.window())
    const givers = this.givers()
    if (givers.length === 0 || from === to) return []
    const count = Math.max(1, Math.ceil(AHEAD_AT_ONCE / this.around.meta.pieceLength))
    return this.lottery.draw(count, (index) => index >= from && index < to && !held.has(index) && givers.some((peer) => peer.held.has(index)))
  }

  /** The next pieces after the player's position that some other viewer would send now. */
  private *next(held: Bitfield): Iterable<number> {
    const { meta } = this.around
    const givers = this.givers()
    if (givers.length === 0) return
    const { from, to } = this.horizon(Math.min(AHEAD_MAX, this.around.window()))
    let bytes = 0
    for (let index = from; index < to && bytes < AHEAD_AT_ONCE; index++) {
      if (held.has(index) || !givers.some((peer) => peer.held.has(index))) continue
      yield index
      bytes += pieceSize(meta, index)
    }
  }

  /** Viewers of whom more than the most urgent is asked: not those who let us down lately. */
  private givers(): Peer[] {
    const now = this.around.clock.now()
    return [...this.around.peers()].filter((peer) => peer.ready && !peer.choking && !peer.isPod && peer.snubbedUntil <= now)
  }

  /** The pieces from the player on that lie within so many bytes. */
  private horizon(bytes: number): { from: number; to: number } {
    const { meta } = this.around
    const from = this.playhead
    if (from === null || !this.around.playing() || !this.around.generous()) return { from: 0, to: 0 }
    return { from, to: Math.min(meta.pieceCount, from + Math.ceil(bytes / meta.pieceLength)) }
  }

  private pieceAt(byte: number): number {
    return Math.min(this.around.meta.pieceCount - 1, Math.max(0, Math.floor(byte / this.around.meta.pieceLength)))
  }
}
