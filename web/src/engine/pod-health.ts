/*
 * What is known about the pod's HTTP from its latest answers, for all renditions together, because they come over the
 * same way: whether it works, and when it is worth another try. Failures make the pauses longer, one byte ends them. It
 * asks nothing itself, and it judges only HTTP: the same pod may well be reached as a peer at the same time.
 */

import type { Clock } from './clock'

/** The first pause after a failure, and the longest: when nobody else can help, and when peers can (ms). */
const PAUSE = 500
const PAUSE_ALONE = 8000
const PAUSE_HELPED = 60_000

export class PodHealth {
  /** Failures in a row. */
  failures = 0
  /** When the first of them happened, or null while all is well. */
  failingSince: number | null = null
  private failedAt = -Infinity
  private readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** The last thing heard of it was a byte, not a failure. */
  get works(): boolean {
    return this.failures === 0
  }

  /** It may be asked for something that nobody else has. */
  get ready(): boolean {
    return this.paused(PAUSE_ALONE)
  }

  /** It may be asked although others can help, only to learn whether it works again. */
  get worthTrying(): boolean {
    return this.paused(PAUSE_HELPED)
  }

  /** A byte has come. */
  answered(): void {
    this.failures = 0
    this.failingSince = null
  }

  /** A request that began at `begunAt` has failed. Several that failed together count once. */
  failed(begunAt: number): void {
    if (begunAt < this.failedAt) return
    this.failedAt = this.clock.now()
    this.failingSince ??= this.failedAt
    this.failures++
  }

  private paused(longest: number): boolean {
    return this.works || this.clock.now() >= this.failedAt + Math.min(longest, PAUSE * 2 ** (this.failures - 1))
  }
}
