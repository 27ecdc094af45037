/*
 * The fragment loader that hls.js is given: it asks the engine for [rangeStart, rangeEnd) of a file and fills in the
 * figures from which hls.js derives the bandwidth. These need care: bytes that peers brought in advance would look
 * infinitely fast, and a deliberate wait for peers would look like a slow network. So bytes that were here already count
 * at the measured rate, and waiting counts for no more than the measured rate explains. Time in which the player has
 * enough in its buffer does not count against hls.js's limits. Retries are left to hls.js.
 */

import type { FragmentLoaderContext, HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration, LoaderStats } from 'hls.js'
import type { Bytes } from './bytes'
import type { Clock } from './clock'
import { HttpError } from './http'

/** What the loader asks of the engine. */
export interface FragmentSource {
  clock: Clock
  /** A range of a file, or the whole file when no range is given. */
  read(request: FragmentRequest): Promise<Bytes>
  /** The best measured rate, from peers or the pod, in bytes per second; 0 when nothing was measured yet. */
  bytesPerSecond(): number
  /** The player has enough in its buffer: a wait is deliberate, and no sign that anything is wrong. */
  unhurried(): boolean
}

/** One fragment, or an initialization section, which has no time. */
export interface FragmentRequest {
  url: string
  range: { start: number; end: number } | null
  time: { start: number; duration: number } | null
  signal: AbortSignal
  progress(bytes: number): void
}

/** A delay before the first byte that hls.js may see (ms): a usual round trip. */
const SHOWN_DELAY = 50
/** Limits are looked at this often (ms). */
const WATCH = 1000

/** Makes the class that hls.js instantiates for each fragment. */
export function fragmentLoader(source: FragmentSource): new (config: HlsConfig) => Loader<FragmentLoaderContext> {
  return class implements Loader<FragmentLoaderContext> {
    context: FragmentLoaderContext | null = null
    stats: LoaderStats = newStats()
    private callbacks: LoaderCallbacks<FragmentLoaderContext> | null = null
    private readonly controller = new AbortController()
    private stopTimers: () => void = () => undefined

    load(context: FragmentLoaderContext, config: LoaderConfiguration, callbacks: LoaderCallbacks<FragmentLoaderContext>): void {
      this.context = context
      this.callbacks = callbacks
      const { stats } = this
      stats.loading.start = source.clock.now()
      this.watchTime(context, config)
      const request = toRequest(context, this.controller.signal, (bytes) => this.progress(bytes))
      if (request.range !== null) stats.total = request.range.end - request.range.start
      source.read(request).then(
        (data) => this.succeed(context, data),
        (error: unknown) => this.failed(context, error),
      )
    }

    abort(): void {
      const { callbacks, context, stats } = this
      if (callbacks === null || context === null) return
      this.stop()
      stats.aborted = true
      callbacks.onAbort?.(stats, context, null)
    }

    destroy(): void {
      if (this.callbacks !== null) this.stats.aborted = true
      this.stop()
      this.context = null
    }

    private progress(bytes: number): void {
      const { stats } = this
      if (this.callbacks === null) return
      if (stats.loading.first === 0) {
        stats.loading.first = source.clock.now()
        stats.loading.start = Math.max(stats.loading.start, stats.loading.first - SHOWN_DELAY)
      }
      // Whole pieces come for a part of them; "all loaded" must not be said before it is true.
      stats.loaded = Math.min(stats.loaded + bytes, Math.max(0, stats.total - 1))
    }

    private succeed(context: FragmentLoaderContext, data: Bytes): void {
      const { callbacks, stats } = this
      if (callbacks === null) return
      this.stop()
      finish(stats, data.length, source.clock.now(), source.bytesPerSecond())
      if (callbacks.onProgress) callbacks.onProgress(stats, context, data.buffer, null)
      callbacks.onSuccess({ url: context.url, data: data.buffer, code: 206 }, stats, context, null)
    }

    private failed(context: FragmentLoaderContext, error: unknown): void {
      const { callbacks, stats } = this
      if (callbacks === null) return
      this.stop()
      const code = error instanceof HttpError ? error.status : 0
      callbacks.onError({ code, text: error instanceof Error ? error.message : 'failed' }, context, null, stats)
    }

    private watchTime(context: FragmentLoaderContext, config: LoaderConfiguration): void {
      const { maxTimeToFirstByteMs, maxLoadTimeMs } = config.loadPolicy
      const late = (): void => {
        const { callbacks } = this
        if (callbacks === null) return
        this.stop()
        callbacks.onTimeout(this.stats, context, null)
      }
      const stops: (() => void)[] = []
      const watch = (milliseconds: number, run: () => void): void => {
        if (!Number.isFinite(milliseconds) || milliseconds <= 0) return
        let left = milliseconds
        let stop: () => void = () => undefined
        const wait = (): void => {
          const step = Math.min(left, WATCH)
          stop = source.clock.after(step, () => {
            if (!source.unhurried()) left -= step
            if (left > 0) wait()
            else run()
          })
        }
        wait()
        stops.push(() => stop())
      }
      watch(maxLoadTimeMs, late)
      watch(maxTimeToFirstByteMs, () => {
        if (this.stats.loading.first === 0) late()
      })
      this.stopTimers = () => stops.forEach((stop) => stop())
    }

    private stop(): void {
      this.callbacks = null
      this.stopTimers()
      this.controller.abort(new DOMException('aborted', 'AbortError'))
    }
  }
}

/** Writes the final figures: as if all bytes had come at the rate that was really there. */
function finish(stats: LoaderStats, total: number, now: number, bytesPerSecond: number): void {
  const { loading } = stats
  const delay = loading.first === 0 ? 0 : loading.first - loading.start
  const taken = loading.first === 0 ? 0 : now - loading.first
  const usual = bytesPerSecond > 0 ? (total / bytesPerSecond) * 1000 : taken
  const early = total - Math.min(stats.loaded, total)
  // Everything was here before (or nearly): count it at the measured rate. Otherwise never slower than that rate.
  const shown = Math.max(1, early > total / 2 ? usual : Math.min(taken, usual))
  loading.end = now
  loading.first = now - shown
  loading.start = loading.first - delay
  stats.loaded = stats.total = total
  stats.bwEstimate = (total * 8000) / shown
}

function toRequest(context: FragmentLoaderContext, signal: AbortSignal, progress: (bytes: number) => void): FragmentRequest {
  const { rangeStart, rangeEnd, frag } = context
  const ranged = rangeStart !== undefined && rangeEnd !== undefined && rangeEnd > rangeStart
  return {
    url: context.url,
    range: ranged ? { start: rangeStart, end: rangeEnd } : null,
    time: frag.sn === 'initSegment' ? null : { start: frag.start, duration: frag.duration },
    signal,
    progress,
  }
}

function newStats(): LoaderStats {
  return {
    aborted: false,
    loaded: 0,
    retry: 0,
    total: 0,
    chunkCount: 0,
    bwEstimate: 0,
    loading: { start: 0, first: 0, end: 0 },
    parsing: { start: 0, end: 0 },
    buffering: { start: 0, first: 0, end: 0 },
  }
}
