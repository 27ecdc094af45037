/*
 * The playlists that the pod has put into the page: the player takes each from there once and asks for all others.
 */
import type { HlsConfig, LoaderCallbacks, LoaderConfiguration, PlaylistLoaderConstructor, PlaylistLoaderContext } from 'hls.js'
import { takeFirstAnswer } from '../first-data'

/** hls.js's loader of playlists, made from the one that asks for everything. */
export function firstPlaylists(Asking: HlsConfig['loader']): PlaylistLoaderConstructor {
  return class extends (Asking as PlaylistLoaderConstructor) {
    private over = false

    override load(context: PlaylistLoaderContext, config: LoaderConfiguration, callbacks: LoaderCallbacks<PlaylistLoaderContext>): void {
      const text = takeFirstAnswer(context.url)
      if (typeof text !== 'string') return super.load(context, config, callbacks)
      const { stats } = this
      const now = performance.now()
      stats.loading = { start: now, first: now, end: now }
      stats.loaded = stats.total = text.length
      // hls.js expects no answer before it has asked to the end.
      queueMicrotask(() => {
        if (!this.over) callbacks.onSuccess({ url: context.url, data: text, code: 200 }, stats, context, null)
      })
    }

    override abort(): void {
      this.over = true
      super.abort()
    }

    override destroy(): void {
      this.over = true
      super.destroy()
    }
  }
}
