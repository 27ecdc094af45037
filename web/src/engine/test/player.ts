/*
 * A player for tests, as hls.js drives one: asks for a fragment at a time until it holds enough, plays what it holds at
 * the pace of the clock, and counts the moments in which it has nothing. Its film has the same number of bytes in every
 * second.
 */

import type { PlayerState } from '../lead'
import type { Loading, Viewer } from './world'
import type { World } from './world'

/** Bytes of the film per second, and seconds of a fragment. */
export const PACE = 200_000
const FRAGMENT = 2
/** The player asks for no more when it holds so much (s). */
const ENOUGH = 30
const STEP = 100

export class TestPlayer {
  readonly viewer: Viewer
  paused = false
  /** Time from the start to the first frame, and without anything to play afterwards (ms). */
  startedAfter: number | null = null
  stalled = 0
  position = 0
  private readonly end: number
  private readonly begunAt: number
  private buffered = 0
  private loading: Loading | null = null
  private stopTimer: () => void = () => undefined
  private readonly world: World

  constructor(world: World, options: Parameters<World['engine']>[0] = {}, changes: Parameters<World['engine']>[1] = {}) {
    this.world = world
    this.begunAt = world.clock.now()
    this.end = world.pod.data.length / PACE
    this.viewer = world.engine({ player: () => this.state(), ...options }, changes)
    this.step()
  }

  state(): PlayerState {
    return { position: this.position, ahead: Math.max(0, this.buffered - this.position), paused: this.paused }
  }

  get done(): boolean {
    return this.position >= this.end
  }

  seek(seconds: number): void {
    if (seconds >= this.position && seconds <= this.buffered) {
      this.position = seconds
      return
    }
    this.loading?.loader.abort()
    this.loading = null
    this.position = this.buffered = seconds - (seconds % FRAGMENT)
  }

  /** The viewer goes away. */
  leave(): void {
    this.stopTimer()
    this.loading?.loader.abort()
    this.viewer.engine.destroy()
  }

  private step(): void {
    const { ahead } = this.state()
    if (!this.paused && !this.done) {
      if (ahead > 0) this.position = Math.min(this.end, this.position + Math.min(ahead, STEP / 1000))
      else if (this.startedAfter !== null) this.stalled += STEP
    }
    const { loading } = this
    if (loading !== null && loading.outcome === 'done') {
      this.buffered = Math.min(this.end, this.buffered + FRAGMENT)
      this.startedAfter ??= this.world.clock.now() - this.begunAt
    }
    if (loading === null || loading.outcome !== 'waiting') {
      this.loading = null
      if (this.buffered < this.end && this.buffered - this.position < ENOUGH) this.load()
    }
    this.stopTimer = this.world.clock.after(STEP, () => this.step())
  }

  private load(): void {
    const from = this.buffered
    const range = { start: Math.round(from * PACE), end: Math.min(this.world.pod.data.length, Math.round((from + FRAGMENT) * PACE)) }
    this.loading = this.viewer.load(range.start, range.end, { time: from, duration: FRAGMENT })
  }
}
