/*
 * Time as an input. Everything in the engine that waits or measures takes a Clock, so that tests turn the hands
 * themselves and never sleep. The wall clock is the page's monotonic one, the same that hls.js measures with. A machine
 * that slept, a page that was frozen, a clock that was set: seen from inside, time jumps, and everything that waits would
 * be overdue at once. The steady clock leaves such jumps out.
 */

/** A monotonic clock with timers. */
export interface Clock {
  /** Milliseconds since some fixed moment. */
  now(): number
  /** Runs something once after so many milliseconds; the returned function calls it off. */
  after(milliseconds: number, run: () => void): () => void
}

/** The browser's clock. */
export const wallClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds)
    return () => clearTimeout(timer)
  },
}

/** Somebody looks at the clock every second; when nobody has for longer than this, the page was not running (ms). */
const JUMP = 4000
/** So much of a jump counts as time (ms). */
const COUNTED = 1000

/** Time during which the page was running. */
export class SteadyClock implements Clock {
  private seen: number
  private left = 0
  private readonly clock: Clock
  private readonly jumped: (milliseconds: number) => void

  /** `jumped` is told how far, forwards or backwards, later and not during the call that found it. */
  constructor(clock: Clock, jumped: (milliseconds: number) => void) {
    this.clock = clock
    this.jumped = jumped
    this.seen = clock.now()
  }

  now(): number {
    const now = this.clock.now()
    const gap = now - this.seen
    this.seen = now
    if (gap < 0 || gap > JUMP) {
      this.left += gap - Math.min(COUNTED, Math.max(0, gap))
      queueMicrotask(() => this.jumped(gap))
    }
    return now - this.left
  }

  after(milliseconds: number, run: () => void): () => void {
    return this.clock.after(milliseconds, () => {
      this.now()
      run()
    })
  }
}
