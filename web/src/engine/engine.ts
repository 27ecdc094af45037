/*
 * The P2P engine of the watch page: hls.js asks it for byte ranges of a video's renditions, and it brings them from other
 * viewers or from the pod, every piece checked. This class only holds the parts together: one rendition per file, one
 * client per tracker, one memory, one set of counters. It plays nothing itself and knows nothing of the page.
 */

import type { FragmentLoaderContext, HlsConfig, Loader } from 'hls.js'
import type { Bytes } from './bytes'
import { concat, fromLatin1 } from './bytes'
import { SteadyClock } from './clock'
import { fetchRange, fetchSmall } from './http'
import { Kept, KEEP_BYTES } from './kept'
import type { PlayerState } from './lead'
import { Lead } from './lead'
import type { FragmentRequest } from './loader'
import { fragmentLoader } from './loader'
import type { Outside } from './outside'
import { browserOutside } from './outside'
import { PodHealth } from './pod-health'
import type { RenditionFile, RenditionIo } from './rendition'
import { Rendition } from './rendition'
import type { ConnectionStats, EngineStats } from './stats'
import { Meter, newCounters, Reporter } from './stats'
import { Memory } from './store'
import type { Swarm } from './swarm'
import { Tracker } from './tracker'
import { Uplink } from './uploads'

export type { EngineStats, PlayerState, RenditionFile }

/** How a page starts the engine. */
export interface EngineOptions {
  /** Trackers of the video; other than WebSocket ones are passed over. */
  trackers: string[]
  /** Those of them behind which a conductor is known to be. */
  conducting?: string[]
  /** The renditions of the playlist. */
  files: RenditionFile[]
  /** Whether to share; may be changed later. */
  p2p: boolean
  /** Called about once a second while anything changes. */
  onStats?: (stats: EngineStats) => void
  /** Where the player is and what it holds, if the page can tell; otherwise the engine guesses. */
  player?: () => PlayerState
  /** The address of the file that is likely to play first: its swarm is entered at once and not with the first read. */
  likely?: string | undefined
  /** Servers that tell a browser its public address; none by default. */
  iceServers?: RTCIceServer[]
  /** Memory for pieces, in bytes. */
  memoryBytes?: number
  /** What may stay in the browser's storage for the next visit, in bytes; 0 for nothing. */
  keepBytes?: number | undefined
}

/** Memory for pieces unless the page says otherwise. */
export const MEMORY_BYTES = 192 * 1024 * 1024
/** After a sleep longer than this nothing of what was said to trackers holds any more (ms). */
const SLEPT = 15_000
/** The player's state is good for so long (ms). */
const SEEN_TIME = 10
/** What is kept is looked through so long after the start (ms). */
const TIDY_AFTER = 10_000
/** A fragment without a range is read whole, up to this size. */
const MAX_WHOLE = 256 * 1024 * 1024
/** Client and version at the beginning of a peer id, by custom. */
const ID_PREFIX = '-SH0100-'

export class Engine {
  private readonly counters = newCounters()
  private readonly meter: Meter
  private readonly podMeter: Meter
  private readonly lead: Lead
  private readonly clock: SteadyClock
  private readonly memory: Memory
  private readonly kept: Kept | null
  private readonly uplink: Uplink
  private readonly stopListening: () => void
  private readonly peerId: Bytes
  private readonly renditions: Rendition[] = []
  private readonly renditionIo: RenditionIo
  private readonly reporter: Reporter
  private readonly outside: Outside
  private readonly options: EngineOptions
  private seen: { at: number; state: PlayerState } | null = null
  private trackers: Tracker[] = []
  private sharing: boolean
  private playing: Rendition | null = null
  private connectionIds = new WeakMap<object, string>()
  private connectionCount = 0

  /** The page gives the options; only tests give another outside. */
  constructor(options: EngineOptions, outside: Outside = browserOutside(options.iceServers ?? [])) {
    this.options = options
    this.outside = outside
    this.sharing = options.p2p
    const clock = new SteadyClock(outside.clock, (gap) => this.jumped(gap))
    this.clock = clock
    this.meter = new Meter(clock, 0)
    this.podMeter = new Meter(clock, 0)
    this.uplink = new Uplink(clock)
    this.lead = new Lead(clock)
    this.memory = new Memory(options.memoryBytes ?? MEMORY_BYTES)
    this.kept = outside.keep === null ? null : new Kept(outside.keep, options.keepBytes ?? KEEP_BYTES, clock, () => outside.today())
    this.stopListening = outside.whenOnline(() => this.revive())
    this.peerId = concat(fromLatin1(ID_PREFIX) ?? new Uint8Array(0), letters(outside.random(20 - ID_PREFIX.length)))
    this.renditionIo = {
      clock,
      fetcher: outside.fetcher,
      sha1: outside.sha1,
      connector: outside.connector,
      memory: this.memory,
      kept: this.kept,
      uplink: this.uplink,
      counters: this.counters,
      meter: this.meter,
      podMeter: this.podMeter,
      podHealth: new PodHealth(clock),
      peerId: this.peerId,
      random: (length: number) => outside.random(length),
      generous: () => !outside.metered(),
      hidden: () => outside.hidden(),
      window: () => this.memory.limit / 3 + (this.kept?.room ?? 0) / 2,
      player: () => this.player(),
      playing: (rendition: Rendition) => this.playing === rendition,
      joined: (swarm: Swarm) => this.tracked().forEach((tracker) => tracker.join(swarm)),
      lonely: (swarm: Swarm) => this.trackers.forEach((tracker) => tracker.hurry(swarm.infoHash)),
      bereft: (swarm: Swarm) => this.trackers.forEach((tracker) => tracker.lost(swarm.infoHash)),
      left: (swarm: Swarm) => this.trackers.forEach((tracker) => tracker.leave(swarm.infoHash)),
    }
    this.addFiles(options.files)
    if (this.sharing) this.prepare()
    // Not while the first frame is on its way.
    clock.after(TIDY_AFTER, () => void this.kept?.tidy())
    this.reporter = new Reporter(clock, () => this.stats(), (stats) => options.onStats?.(stats))
  }

  /** The loader class for hls.js's `fLoader`. */
  fragmentLoader(): new (config: HlsConfig) => Loader<FragmentLoaderContext> {
    return fragmentLoader({
      clock: this.outside.clock,
      read: (request) => this.read(request),
      bytesPerSecond: () => Math.max(this.meter.bytesPerSecond, this.podMeter.bytesPerSecond),
      unhurried: () => this.playing?.swarm?.unhurried ?? false,
    })
  }

  /** Tells of renditions that appeared after the start; those that are known already stay as they are. */
  addFiles(files: readonly RenditionFile[]): void {
    for (const file of files) {
      if (this.find(file.fileUrl) === undefined) this.renditions.push(new Rendition(file, this.sharing, this.renditionIo))
    }
  }

  /** Switches sharing on or off while playing. */
  setP2P(on: boolean): void {
    if (this.sharing === on) return
    this.sharing = on
    for (const rendition of this.renditions) {
      if (on) rendition.share()
      else rendition.keepToItself()
    }
    if (!on) this.closeTrackers()
  }

  /** The figures of this moment. */
  stats(): EngineStats {
    const connections: ConnectionStats[] = []
    // Another viewer may be met in the swarms of two renditions: two connections, one peer. The pod is no viewer.
    const peers = new Set<string>()
    for (const { swarm } of this.renditions) {
      for (const peer of swarm?.connections() ?? []) {
        const id = this.connectionIds.get(peer) ?? String(++this.connectionCount)
        this.connectionIds.set(peer, id)
        if (!peer.isPod) peers.add(peer.id)
        connections.push({ id, ...(peer.client === undefined ? {} : { client: peer.client }), pod: peer.isPod, down: peer.down, up: peer.up })
      }
    }
    const { position, ahead } = this.player()
    const round = (seconds: number): number => Math.round(seconds * 10) / 10
    const conducted = this.playing?.swarm?.conducted ?? false
    return { peers: peers.size, ...this.counters, playhead: round(position), lead: round(ahead), conducted, p2p: this.sharing, connections }
  }

  /** Leaves all swarms and gives everything back. */
  destroy(): void {
    for (const rendition of this.renditions) rendition.close()
    this.closeTrackers()
    this.stopListening()
    this.reporter.stop()
  }

  /** What plays first is the only rendition, or the one that the page thinks likely. */
  private prepare(): void {
    if (this.outside.sha1 === null || this.outside.connector === null || this.renditions.length === 0) return
    const { likely } = this.options
    const first = this.renditions.length === 1 ? this.renditions[0] : likely === undefined ? undefined : this.find(likely)
    this.tracked().forEach((tracker) => tracker.warm())
    first?.prepare()
  }

  /** The player's state; a video element takes its time to say it, so many questions of one moment get one answer. */
  private player(): PlayerState {
    const now = this.clock.now()
    if (this.seen === null || now - this.seen.at > SEEN_TIME) this.seen = { at: now, state: this.options.player?.() ?? this.lead.state() }
    return this.seen.state
  }

  /** The page was not running for a while. */
  private jumped(milliseconds: number): void {
    if (Math.abs(milliseconds) > SLEPT && !this.outside.hidden()) this.revive()
  }

  /** Connections may have died unnoticed: speaks to everybody again. */
  private revive(): void {
    for (const rendition of this.renditions) rendition.swarm?.revive()
    for (const tracker of this.trackers) tracker.revive()
  }

  private async read(request: FragmentRequest): Promise<Bytes> {
    const rendition = this.find(request.url)
    if (rendition === undefined || request.range === null) return this.readUnknown(request)
    this.playing = rendition
    const { time } = request
    if (time !== null) this.lead.asked(time.start)
    this.seen = null
    const lead = this.options.player?.().ahead ?? (time === null ? 0 : this.lead.before(time.start))
    const data = await rendition.read({ ...request.range, time, lead, signal: request.signal, progress: request.progress })
    if (time !== null) this.lead.delivered(time.start, time.duration)
    this.seen = null
    return data
  }

  /** Something that is no rendition of this video: fetched as it is, and counted. */
  private async readUnknown({ url, range, signal, progress }: FragmentRequest): Promise<Bytes> {
    const { fetcher } = this.outside
    if (range === null) {
      const whole = await fetchSmall(fetcher, url, {}, MAX_WHOLE, signal)
      this.counters.fromPod += whole.length
      return whole
    }
    const data = new Uint8Array(range.end - range.start)
    let at = 0
    await fetchRange(fetcher, url, {}, range, signal, (chunk) => {
      data.set(chunk, at)
      at += chunk.length
      this.counters.fromPod += chunk.length
      progress(chunk.length)
    })
    return data
  }

  /** Playlists may spell an address with another query or relative to themselves; the path names the file. */
  private find(url: string): Rendition | undefined {
    const path = pathOf(url)
    return this.renditions.find(({ file }) => pathOf(file.fileUrl) === path)
  }

  /** The tracker clients, made when the first swarm joins. */
  private tracked(): Tracker[] {
    if (this.trackers.length > 0) return this.trackers
    const { openSocket, random } = this.outside
    const { clock } = this
    const urls = new Set(this.options.trackers.filter((url) => /^wss?:\/\//.test(url)))
    const conducting = new Set(this.options.conducting)
    this.trackers = [...urls].map((url) => new Tracker(url, this.peerId, { openSocket, clock, random, conducts: conducting.has(url) }))
    return this.trackers
  }

  private closeTrackers(): void {
    for (const tracker of this.trackers) tracker.close()
    this.trackers = []
  }
}

function pathOf(url: string): string {
  try {
    return new URL(url, 'http://pod.invalid/').pathname
  } catch {
    return url
  }
}

/** Random bytes as letters and digits, so that an id is readable wherever it is shown. */
function letters(bytes: Bytes): Bytes {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  return bytes.map((byte) => alphabet.charCodeAt(byte % alphabet.length))
}
