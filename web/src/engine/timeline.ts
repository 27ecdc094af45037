/*
 * Where in a rendition's file the media of a moment lies, learnt from the fragments that the player asks for: each says
 * which bytes are which seconds. Between and beyond them the mean rate of what is known must do; a playlist would tell
 * exactly, but the engine does not read playlists. It is used to order requests and to tell the conductor where the
 * player is, for which a second more or less does not matter.
 */

interface Fragment {
  start: number
  end: number
  time: number
  duration: number
}

/** Bytes per second before anything is known: a usual rendition of 720 lines. */
const GUESS = 190_000
/** A film of ten hours in fragments of two seconds; beyond that the oldest are forgotten. */
const MAX_FRAGMENTS = 18_000

export class Timeline {
  private readonly fragments = new Map<number, Fragment>()
  private bytes = 0
  private seconds = 0
  private latest: Fragment | null = null
  /** The last answer: the same moment is asked for many times. */
  private known: { seconds: number; byte: number } | null = null

  /** Bytes of the file per second of media, on the average. */
  get rate(): number {
    return this.seconds > 0 && this.bytes > 0 ? this.bytes / this.seconds : GUESS
  }

  learn(range: { start: number; end: number }, time: { start: number; duration: number }): void {
    if (!(time.duration > 0) || !Number.isFinite(time.start + time.duration)) return
    const fragment: Fragment = { start: range.start, end: range.end, time: time.start, duration: time.duration }
    this.latest = fragment
    this.known = null
    if (this.fragments.has(range.start)) return
    this.fragments.set(range.start, fragment)
    this.bytes += range.end - range.start
    this.seconds += time.duration
    const [oldest] = this.fragments.values()
    if (this.fragments.size <= MAX_FRAGMENTS || oldest === undefined) return
    this.fragments.delete(oldest.start)
    this.bytes -= oldest.end - oldest.start
    this.seconds -= oldest.duration
  }

  /** The byte at a moment of the media; never negative, perhaps beyond the end. */
  byteAt(seconds: number): number {
    if (this.known?.seconds !== seconds) this.known = { seconds, byte: this.find(seconds) }
    return this.known.byte
  }

  /** The moment at which a byte plays. */
  timeAt(byte: number): number {
    const near = this.nearest((fragment) => distance(byte, fragment.start, fragment.end))
    if (near === null) return byte / this.rate
    if (byte < near.start) return near.time - (near.start - byte) / this.rate
    if (byte <= near.end) return near.time + ((byte - near.start) / (near.end - near.start)) * near.duration
    return near.time + near.duration + (byte - near.end) / this.rate
  }

  private find(seconds: number): number {
    const near = this.nearest((fragment) => distance(seconds, fragment.time, fragment.time + fragment.duration))
    if (near === null) return Math.max(0, seconds * this.rate)
    const inside = (seconds - near.time) / near.duration
    if (inside < 0) return Math.max(0, near.start + (seconds - near.time) * this.rate)
    if (inside <= 1) return near.start + inside * (near.end - near.start)
    return near.end + (seconds - near.time - near.duration) * this.rate
  }

  /** The last fragment asked for is nearly always the one; otherwise all are looked at. */
  private nearest(far: (fragment: Fragment) => number): Fragment | null {
    if (this.latest !== null && far(this.latest) === 0) return this.latest
    let best = this.latest
    let least = best === null ? Infinity : far(best)
    for (const fragment of this.fragments.values()) {
      const here = far(fragment)
      if (here < least) {
        best = fragment
        least = here
      }
      if (here === 0) break
    }
    return best
  }
}

function distance(value: number, from: number, to: number): number {
  return value < from ? from - value : Math.max(0, value - to)
}
