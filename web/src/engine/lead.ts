/*
 * Where the player is and how many seconds of playback its buffer holds for certain, guessed from what it asks for:
 * fragments that follow each other in time, minus the time that has passed since the first of them was handed over. A
 * seek starts the count anew. The guess errs on the low side (a paused player has more), except after a seek inside the
 * buffer; the policy's longest patience keeps that harmless. A page that knows its video element better says so instead.
 */

import type { Clock } from './clock'

/** The player at this moment. */
export interface PlayerState {
  /** Seconds of media from the beginning to the playhead. */
  position: number
  /** Seconds of media that are buffered from there without a gap. */
  ahead: number
  paused: boolean
  /** Seconds of media per second; 1 when not given. */
  rate?: number
}

/** Gaps up to this many seconds between fragments are no seek. */
const SLACK = 0.5

export class Lead {
  private startedAt: number | null = null
  private from = 0
  private to = 0
  private readonly clock: Clock

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Seconds in the buffer when a fragment beginning at this media time is asked for. */
  before(start: number): number {
    if (this.startedAt === null || Math.abs(start - this.to) > SLACK) return 0
    return Math.max(0, this.to - this.from - this.elapsed())
  }

  /** A fragment is asked for: anywhere else than where the last one ended, the player has sought. */
  asked(start: number): void {
    if (Math.abs(start - this.to) <= SLACK) return
    this.startedAt = null
    this.from = this.to = start
  }

  /** A fragment was handed to the player. */
  delivered(start: number, duration: number): void {
    if (this.startedAt === null || this.before(start) === 0) {
      this.startedAt = this.clock.now()
      this.from = start
    }
    this.to = start + duration
  }

  state(): PlayerState {
    const position = Math.min(this.to, this.from + this.elapsed())
    return { position, ahead: this.to - position, paused: false }
  }

  private elapsed(): number {
    return this.startedAt === null ? 0 : (this.clock.now() - this.startedAt) / 1000
  }
}
