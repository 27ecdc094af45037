/*
 * One file of the pod that the player may ask for: through its swarm when the torrent can be had and checked, otherwise
 * by plain ranges over HTTP. Every reason not to share (switched off, no torrent, a wrong infohash, no WebCrypto, a pod
 * whose file is not the torrent's) ends in the same plain path, because playback matters more than sharing. The swarm
 * opens with the first read, or sooner if the page knows what will play, and stays when the player goes on to another
 * rendition, so that others still get its pieces.
 */

import type { Bytes } from './bytes'
import { fromHex } from './bytes'
import type { Clock } from './clock'
import type { Access } from './http'
import { fetchRange, fetchSmall } from './http'
import type { Kept, KeptPieces } from './kept'
import type { PlayerState } from './lead'
import type { Metainfo, Sha1 } from './metainfo'
import { MAX_TORRENT_BYTES, MetainfoError, parseMetainfo } from './metainfo'
import type { PodHealth } from './pod-health'
import type { Counters, Meter } from './stats'
import type { ReadRequest } from './reads'
import type { Memory } from './store'
import { Swarm } from './swarm'
import type { Connector } from './transport'
import type { Uplink } from './uploads'

/** A rendition as the video's JSON names it. */
export interface RenditionFile extends Access {
  fileUrl: string
  torrentUrl: string
  /** The version 1 infohash in hex. */
  infoHash: string
  size: number
}

/** What a rendition is given by the engine. */
export interface RenditionIo {
  clock: Clock
  fetcher: typeof fetch
  /** Null where pieces cannot be checked or no links can be made. */
  sha1: Sha1 | null
  connector: Connector | null
  memory: Memory
  /** What outlives the page; null when nothing does. */
  kept: Kept | null
  uplink: Uplink
  counters: Counters
  /** All bytes, and those of the pod alone. */
  meter: Meter
  podMeter: Meter
  podHealth: PodHealth
  peerId: Bytes
  random(length: number): Bytes
  generous(): boolean
  hidden(): boolean
  /** Bytes ahead of the player that can be kept. */
  window(): number
  player(): PlayerState
  playing(rendition: Rendition): boolean
  /** The swarm takes part from now on, until `left`. */
  joined(swarm: Swarm): void
  /** The swarm cannot go on without further peers. */
  lonely(swarm: Swarm): void
  /** A peer of the swarm is gone. */
  bereft(swarm: Swarm): void
  left(swarm: Swarm): void
}

/** When the torrent is not there after so long, the read goes on without it: at a start, and with a buffer (ms). */
export const TORRENT_PATIENCE = { start: 200, buffered: 1500 }
/** Seconds in the buffer that allow for the longer wait. */
const BUFFERED = 3
/** What was prepared and not read for so long was not needed (ms). */
const PREPARED_TIME = 20_000
/** A torrent that could not be fetched is tried again after so long (ms). */
const TORRENT_RETRY = 30_000

export class Rendition {
  readonly file: RenditionFile
  swarm: Swarm | null = null
  private meta: Metainfo | null = null
  private opening: Promise<Swarm | null> | null = null
  private retryAt = 0
  private wasRead = false
  /** Ranges that are being read from the pod. */
  private reading = 0
  /** Sharing has turned out to be impossible for this file. */
  private plainForEver = false
  private sharing: boolean
  private readonly stopped = new AbortController()
  private readonly io: RenditionIo

  constructor(file: RenditionFile, sharing: boolean, io: RenditionIo) {
    this.file = file
    this.sharing = sharing
    this.io = io
  }

  /** This will be read soon: gets its torrent and enters its swarm. If the player prefers another one, it leaves again. */
  prepare(): void {
    void this.open()
    this.io.clock.after(PREPARED_TIME, () => {
      if (!this.wasRead) this.leave()
    })
  }

  /** The bytes of a range; rejects with the signal's reason or an HttpError. */
  async read(asked: Omit<ReadRequest, 'begunAt'>): Promise<Bytes> {
    this.wasRead = true
    const request: ReadRequest = { ...asked, begunAt: this.io.clock.now() }
    const swarm = this.swarm ?? (await this.soon(this.open(), request.lead < BUFFERED ? TORRENT_PATIENCE.start : TORRENT_PATIENCE.buffered))
    request.signal.throwIfAborted()
    if (swarm === null || request.end > this.file.size) return this.readWithout(request)
    try {
      return await swarm.read(request)
    } catch (error) {
      // The swarm was closed under the read (switched off, or the torrent is no good); the player must not notice.
      if (request.signal.aborted || this.swarm === swarm || this.stopped.signal.aborted) throw error
      return this.readPlain(request)
    }
  }

  /** Sharing is allowed: the next read joins the swarm. */
  share(): void {
    this.sharing = true
  }

  /** Leaves the swarm; reads go on over HTTP. */
  keepToItself(): void {
    this.sharing = false
    this.leave()
  }

  close(): void {
    this.stopped.abort(new DOMException('closed', 'AbortError'))
    this.keepToItself()
  }

  private leave(): void {
    const swarm = this.swarm
    this.swarm = null
    if (swarm === null) return
    this.io.left(swarm)
    swarm.close()
  }

  private open(): Promise<Swarm | null> {
    if (this.swarm !== null) return Promise.resolve(this.swarm)
    if (!this.sharing || this.plainForEver || this.io.clock.now() < this.retryAt) return Promise.resolve(null)
    this.opening ??= this.join().finally(() => {
      this.opening = null
    })
    return this.opening
  }

  private async join(): Promise<Swarm | null> {
    const { sha1, connector } = this.io
    if (sha1 === null || connector === null) return null
    try {
      this.meta ??= await this.fetchMetainfo(sha1)
    } catch (error) {
      if (error instanceof MetainfoError) this.plainForEver = true
      this.retryAt = this.io.clock.now() + TORRENT_RETRY
      return null
    }
    if (!this.sharing || this.stopped.signal.aborted) return null
    const { clock, memory, counters, meter, podMeter, podHealth, uplink, peerId } = this.io
    const swarm: Swarm = new Swarm(this.meta, {
      clock,
      sha1,
      connector,
      memory,
      pieces: this.keeper(this.meta),
      counters,
      meter,
      podMeter,
      podHealth,
      uplink,
      peerId,
      random: (length) => this.io.random(length),
      hidden: () => this.io.hidden(),
      window: () => this.io.window(),
      player: () => this.io.player(),
      bereft: () => this.io.bereft(swarm),
      readPod: (range, signal, take) => this.readPod(range, signal, take),
      generous: () => this.io.generous(),
      playing: () => this.io.playing(this),
      lonely: () => this.io.lonely(swarm),
      mismatch: () => {
        this.plainForEver = true
        this.leave()
      },
    })
    this.swarm = swarm
    this.io.joined(swarm)
    return swarm
  }

  private async fetchMetainfo(sha1: Sha1): Promise<Metainfo> {
    const infoHash = fromHex(this.file.infoHash)
    if (infoHash === null || infoHash.length !== 20) throw new MetainfoError('no infohash')
    const bytes = await fetchSmall(this.io.fetcher, this.file.torrentUrl, this.file, MAX_TORRENT_BYTES, this.stopped.signal)
    let meta: Metainfo
    try {
      meta = await parseMetainfo(bytes, infoHash, sha1)
    } catch (error) {
      throw new MetainfoError(error instanceof Error ? error.message : 'not a torrent')
    }
    if (meta.length !== this.file.size) throw new MetainfoError('another size')
    return meta
  }

  private async readPod(range: { start: number; end: number }, signal: AbortSignal, take: (chunk: Uint8Array) => void): Promise<void> {
    const { fetcher, counters, podMeter } = this.io
    // Of ranges that are read side by side the first to end does not stop the clock.
    if (this.reading++ === 0) podMeter.begin()
    try {
      await fetchRange(fetcher, this.file.fileUrl, this.file, range, signal, (chunk) => {
        counters.fromPod += chunk.length
        podMeter.add(chunk.length)
        take(chunk)
      })
    } finally {
      if (--this.reading === 0) podMeter.end()
    }
  }

  /** Reads without a swarm; one that opens meanwhile helps when the pod does not. */
  private async readWithout(request: ReadRequest): Promise<Bytes> {
    try {
      return await this.readPlain(request)
    } catch (error) {
      const late = request.signal.aborted || request.end > this.file.size ? null : await this.open()
      if (late === null) throw error
      return late.read(request)
    }
  }

  private async readPlain(request: ReadRequest): Promise<Bytes> {
    const whole = new Uint8Array(request.end - request.start)
    let at = 0
    await this.readPod(request, request.signal, (chunk) => {
      whole.set(chunk, at)
      at += chunk.length
      request.progress(chunk.length)
    })
    return whole
  }

  /** The pieces of earlier visits. What not everybody may see does not stay behind. */
  private keeper({ pieceLength, pieceCount }: Metainfo): Promise<KeptPieces | null> | null {
    const { token, authorization, infoHash } = this.file
    if (token !== undefined || authorization !== undefined) return null
    return this.io.kept?.open(infoHash.toLowerCase(), pieceLength, pieceCount) ?? null
  }

  /** Waits for the swarm only as long as a viewer hardly notices. */
  private soon(swarm: Promise<Swarm | null>, patience: number): Promise<Swarm | null> {
    return new Promise((resolve) => {
      const stopTimer = this.io.clock.after(patience, () => resolve(null))
      void swarm.then((open) => {
        stopTimer()
        resolve(open)
      })
    })
  }
}
