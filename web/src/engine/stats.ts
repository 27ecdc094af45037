/*
 * What the engine counts, and how the page hears of it: one set of counters for all renditions, reported about once a
 * second while anything changes. The bandwidth meter beside it measures bytes per second of time in which something
 * was under way, whatever the source; the loader needs it for fragments that were there before they were asked for.
 */

import type { Clock } from './clock'

/** One connection to another peer; bytes of video since it opened. */
export interface ConnectionStats {
  id: string
  client?: string
  /** It is the pod itself. */
  pod: boolean
  down: number
  up: number
}

/** What the page shows. Bytes since the engine started, except where something else is said; `peers`, `dropped` and `verified` are counts. */
export interface EngineStats {
  /** Other viewers and clients; the pod is not one of them. */
  peers: number
  /** What the pod sent, over HTTP or as a peer. */
  fromPod: number
  /** The part of it that came as from a peer. */
  fromPodByPeer: number
  /** Parts of it that came over HTTP: what the pod wanted us to spread, the beginning after a start or a seek, the rest. */
  fromPodGranted: number
  fromPodInstant: number
  fromPodRescued: number
  fromPeers: number
  toPeers: number
  /** Peers dropped because a piece of theirs was bad. */
  dropped: number
  /** Pieces whose hash was checked and found right. */
  verified: number
  /** Where the player is, and how much it holds from there (seconds of media). */
  playhead: number
  lead: number
  /** A pod conducts the swarm of what plays. */
  conducted: boolean
  p2p: boolean
  connections: ConnectionStats[]
}

/** The running totals. Modules add to them directly. */
export interface Counters {
  fromPod: number
  fromPodByPeer: number
  fromPodGranted: number
  fromPodInstant: number
  fromPodRescued: number
  fromPeers: number
  toPeers: number
  dropped: number
  verified: number
}

export function newCounters(): Counters {
  return { fromPod: 0, fromPodByPeer: 0, fromPodGranted: 0, fromPodInstant: 0, fromPodRescued: 0, fromPeers: 0, toPeers: 0, dropped: 0, verified: 0 }
}

/** How often the page is told, in milliseconds. */
export const REPORT_EVERY = 1000

/** Tells the page what changed, at most once in REPORT_EVERY. */
export class Reporter {
  private last = ''
  private stopTimer: () => void
  private readonly clock: Clock
  private readonly collect: () => EngineStats
  private readonly tell: (stats: EngineStats) => void

  constructor(clock: Clock, collect: () => EngineStats, tell: (stats: EngineStats) => void) {
    this.clock = clock
    this.collect = collect
    this.tell = tell
    this.stopTimer = clock.after(REPORT_EVERY, () => this.report())
  }

  /** Reports for the last time. */
  stop(): void {
    this.stopTimer()
    this.tellChanges()
  }

  private report(): void {
    this.tellChanges()
    this.stopTimer = this.clock.after(REPORT_EVERY, () => this.report())
  }

  private tellChanges(): void {
    const stats = this.collect()
    const text = JSON.stringify(stats)
    if (text === this.last) return
    this.last = text
    this.tell(stats)
  }
}

/**
 * Bytes per second while busy, smoothed over about TAU milliseconds of busy time. The owner says when work begins and
 * ends; idle time does not count, otherwise a full buffer would look like a slow network.
 */
export class Meter {
  private static readonly TAU = 2000
  private static readonly GRAIN = 50
  /** Weighted mean, and the weight that it has: short of 1 until enough was measured, where nothing was guessed. */
  private rate: number
  private weight: number
  private mark: number | null = null
  /** What was measured and not weighed yet: bytes, and busy time before `mark` (ms). */
  private pending = 0
  private elapsed = 0
  private readonly clock: Clock

  constructor(clock: Clock, guess: number) {
    this.clock = clock
    this.rate = guess
    this.weight = guess > 0 ? 1 : 0
  }

  /** Work begins; harmless when it already has. */
  begin(): void {
    this.mark ??= this.clock.now()
  }

  /** Nothing is under way any more. */
  end(): void {
    this.fold()
    if (this.mark !== null) this.elapsed += this.clock.now() - this.mark
    this.mark = null
  }

  add(bytes: number): void {
    this.pending += bytes
    this.fold()
  }

  /** Bytes per second. */
  get bytesPerSecond(): number {
    return this.weight === 0 ? 0 : this.rate / this.weight
  }

  /** Bytes in a burst shorter than the grain wait for the next one, otherwise they would look infinitely fast. */
  private fold(): void {
    if (this.mark === null) return
    const now = this.clock.now()
    const elapsed = this.elapsed + now - this.mark
    if (elapsed < Meter.GRAIN || this.pending === 0) return
    const share = 1 - Math.exp(-elapsed / Meter.TAU)
    this.rate += (this.pending / (elapsed / 1000) - this.rate) * share
    this.weight += (1 - this.weight) * share
    this.pending = 0
    this.elapsed = 0
    this.mark = now
  }
}
