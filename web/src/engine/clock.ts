/*
 * Time as an input. Everything in the engine that waits or measures takes a Clock, so that tests turn the hands
 * themselves and never sleep. The wall clock is the page's monotonic one, the same that hls.js measures with.
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
