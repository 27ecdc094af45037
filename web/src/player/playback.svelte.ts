/*
 * One video being played: owns hls.js (or the browser's own HLS where there is no MSE) and the engine, retries
 * what is worth retrying, and offers qualities and numbers to whoever draws the player. It draws nothing. Its hls.js knows
 * what our own films are made of (build/hls-parts.ts); a film from elsewhere that is made of something else gets the whole one.
 */
import Hls, { ErrorDetails, ErrorTypes, Events, type ErrorData } from 'hls.js/light'
import type { VideoDetails } from '../api/types'
import { needsToken } from '../remote'
import { firstPlaylists } from './first-playlists'
import { grow } from './grow'
import { engineFiles, likelyFile, playerState, startEngine, type Engine, type EngineStats } from './p2p'
import { playerSettings } from './settings.svelte'

export interface Quality {
  index: number
  height: number
  fps: number
}

export type Failing = 'network' | 'media' | 'unsupported' | 'forbidden'

interface Options {
  video: VideoDetails
  startAt: number
  p2p: boolean
  /** A fresh token for private files; undefined for files that everybody may read. */
  token?: () => Promise<string | undefined>
}

const retryPauses = [1, 2, 4, 8, 15]

export class Playback {
  qualities = $state.raw<Quality[]>([])
  /** The chosen quality; -1 is automatic. */
  chosen = $state(-1)
  /** The height that is on the screen now. */
  height = $state<number | undefined>(undefined)
  failing = $state<Failing | undefined>(undefined)
  reconnecting = $state(false)
  stats = $state.raw<EngineStats | undefined>(undefined)
  /** Whether pieces may be exchanged now. */
  p2p: boolean
  readonly counts = { stalls: 0, errors: 0, switches: 0 }

  private hls: Hls | undefined
  private whole = false
  private engine: Engine | undefined
  private token: string | undefined
  private retries = 0
  private recoveries = 0
  private retryTimer: ReturnType<typeof setTimeout> | undefined
  private ended = false
  private video: VideoDetails

  constructor(
    private readonly element: HTMLVideoElement,
    private readonly options: Options,
  ) {
    this.video = options.video
    this.p2p = options.p2p
  }

  async start() {
    this.token = await this.options.token?.()
    if (this.ended) return
    if (!Hls.isSupported()) return this.startNative()
    const known = playerSettings.bandwidth
    const lines = this.element.clientHeight * devicePixelRatio
    this.engine = startEngine(this.video, this.token, this.options.p2p, (stats) => (this.stats = stats), {
      player: () => playerState(this.element),
      likely: likelyFile(this.video, known ?? 500_000, lines),
      keepBytes: playerSettings.keepBytes,
    })
    this.begin(Hls, this.options.startAt)
  }

  private begin(Build: typeof Hls, startAt: number) {
    const known = playerSettings.bandwidth
    const hls = new Build({
      startPosition: startAt > 0 ? startAt : -1,
      capLevelToPlayerSize: true,
      maxBufferLength: 30,
      maxMaxBufferLength: 60,
      backBufferLength: 60,
      // Otherwise the first fragment is asked for up to 100 ms after the media source is open.
      startFragPrefetch: true,
      maxBufferSize: 80_000_000,
      pLoader: firstPlaylists(Build.DefaultConfig.loader),
      ...(known ? { abrEwmaDefaultEstimate: known, testBandwidth: false } : {}),
      ...(this.engine ? { fLoader: this.engine.fragmentLoader() } : {}),
    })
    this.hls = hls
    hls.on(Events.MANIFEST_PARSED, () => this.readQualities())
    hls.on(Events.LEVELS_UPDATED, () => this.readQualities())
    hls.on(Events.LEVEL_SWITCHED, (_event, data) => {
      this.counts.switches += 1
      this.height = hls.levels[data.level]?.height
    })
    hls.on(Events.FRAG_BUFFERED, () => {
      this.retries = 0
      this.reconnecting = false
      playerSettings.bandwidth = hls.bandwidthEstimate
    })
    hls.on(Events.ERROR, (_event, data) => this.onError(data))
    hls.loadSource(this.playlistUrl())
    hls.attachMedia(this.element)
  }

  /** Takes what is new of the video (renditions that have been published meanwhile). */
  async update(video: VideoDetails) {
    const before = this.video.streamingPlaylists[0]?.files.length ?? 0
    this.video = video
    const files = video.streamingPlaylists[0]?.files ?? []
    if (files.length <= before || !this.hls) return
    this.engine?.addFiles?.(engineFiles(video, this.token))
    await grow(this.hls, this.playlistUrl())
    if (this.chosen === -1) this.preferBetter()
  }

  choose(index: number) {
    if (!this.hls) return
    this.chosen = index
    if (index === -1) this.hls.loadLevel = -1
    else this.hls.nextLevel = index
  }

  setP2P(on: boolean) {
    this.p2p = on
    this.engine?.setP2P(on)
  }

  retry() {
    this.failing = undefined
    this.retries = 0
    const at = this.element.currentTime
    if (!this.hls) return void this.start()
    this.hls.loadSource(this.playlistUrl())
    this.hls.startLoad(at)
  }

  destroy() {
    this.ended = true
    clearTimeout(this.retryTimer)
    this.hls?.destroy()
    this.engine?.destroy()
    this.element.removeAttribute('src')
    this.element.load()
  }

  get hasEngine(): boolean {
    return this.engine !== undefined
  }

  get fps(): number | undefined {
    return this.hls?.levels[this.hls.currentLevel]?.frameRate || undefined
  }

  private startNative() {
    if (!this.element.canPlayType('application/vnd.apple.mpegurl')) {
      this.failing = 'unsupported'
      return
    }
    this.element.addEventListener('error', () => (this.failing = 'network'), { once: true })
    this.element.src = this.playlistUrl()
    if (this.options.startAt > 0) {
      const startAt = this.options.startAt
      this.element.addEventListener('loadedmetadata', () => (this.element.currentTime = startAt), { once: true })
    }
  }

  private playlistUrl(): string {
    const url = this.video.streamingPlaylists[0]?.playlistUrl ?? ''
    if (!this.token || !needsToken(this.video)) return url
    const token = encodeURIComponent(this.token)
    return `${url}${url.includes('?') ? '&' : '?'}videoFileToken=${token}&reinjectVideoFileToken=true`
  }

  /** What is buffered in a clearly poorer quality than the line allows is fetched anew, from the next fragment on. */
  private preferBetter() {
    const hls = this.hls
    const now = hls?.levels[hls.currentLevel]?.height
    const next = hls?.levels[hls.nextAutoLevel]?.height
    if (hls && now && next && next > now) hls.nextLevel = -1
  }

  private readQualities() {
    const levels = this.hls?.levels ?? []
    this.qualities = levels
      .map((level, index) => ({ index, height: level.height, fps: Math.round(level.frameRate) }))
      .filter((quality) => quality.height > 0)
      .reverse()
    if (this.hls && this.chosen !== -1) this.chosen = this.hls.manualLevel
  }

  /** hls.js with everything that its makers call light. */
  private async takeWhole() {
    this.whole = true
    const at = this.element.currentTime || this.options.startAt
    const { default: Whole } = await import('hls.js/dist/hls.light.mjs')
    if (this.ended) return
    this.hls?.destroy()
    this.begin(Whole, at)
  }

  private onError(data: ErrorData) {
    this.counts.errors += 1
    if (data.details === ErrorDetails.FRAG_PARSING_ERROR && !this.whole) {
      return void this.takeWhole().catch(() => this.fail('media'))
    }
    if (data.details === 'bufferStalledError') this.counts.stalls += 1
    if (!data.fatal) return
    const refused = data.response?.code === 401 || data.response?.code === 403
    if (refused && this.options.token) return void this.renewToken()
    if (refused) return this.fail('forbidden')
    if (data.type === ErrorTypes.MEDIA_ERROR && this.recoveries < 2) {
      this.recoveries += 1
      this.hls?.recoverMediaError()
    } else if (data.type === ErrorTypes.NETWORK_ERROR) {
      this.retryLater(data)
    } else {
      this.fail('media')
    }
  }

  private retryLater(data: ErrorData) {
    const pause = retryPauses[this.retries]
    if (pause === undefined) return this.fail('network')
    this.retries += 1
    this.reconnecting = true
    clearTimeout(this.retryTimer)
    this.retryTimer = setTimeout(() => {
      const listMissing = data.details.startsWith('manifest') || !this.hls?.levels.length
      if (listMissing) this.hls?.loadSource(this.playlistUrl())
      else this.hls?.startLoad(this.element.currentTime || -1)
    }, pause * 1000)
  }

  private async renewToken() {
    if (this.retries >= 2) return this.fail('forbidden')
    this.retries += 1
    const at = this.element.currentTime
    this.token = await this.options.token?.().catch(() => undefined)
    if (this.ended || !this.hls) return
    this.hls.config.startPosition = at
    this.hls.loadSource(this.playlistUrl())
  }

  private fail(why: Failing) {
    this.reconnecting = false
    this.failing = why
  }
}
