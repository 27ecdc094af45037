/*
 * One rendition's swarm: the pieces we hold, the peers we exchange them with and the reads that wait for pieces. It
 * turns the byte ranges that the player asks for into a list of wanted pieces, urgent ones first, and lets downloads and
 * uploads do the work. Peers come from trackers as open links; who is banned or there already is turned away. It makes
 * no decisions about sources: policy.ts does.
 */

import type { Bytes } from './bytes'
import { toHex } from './bytes'
import type { Clock } from './clock'
import type { ReadPod, Wanted } from './downloads'
import { Downloads } from './downloads'
import type { HttpError } from './http'
import type { Metainfo, Sha1 } from './metainfo'
import { piecesOf, pieceSize } from './metainfo'
import { Peer } from './peer'
import type { PodHealth } from './pod-health'
import { GATHERING, patience } from './policy'
import type { Counters, Meter } from './stats'
import type { Memory, PieceStore } from './store'
import type { Member } from './tracker'
import type { Answer, Connector, Link, Offer } from './transport'
import { Uploads } from './uploads'

/** What a swarm is given. */
export interface SwarmIo {
  clock: Clock
  sha1: Sha1
  connector: Connector
  memory: Memory
  counters: Counters
  meter: Meter
  podHealth: PodHealth
  peerId: Bytes
  readPod: ReadPod
  /** False on a connection that costs the viewer by the byte: then nothing is sent and nothing fetched in advance. */
  generous(): boolean
  /** This rendition is the one being played. */
  playing(): boolean
  /** The pod does not answer, and nobody who is here has what the player waits for. */
  lonely(): void
  /** The file at the pod is not the torrent's: pieces are of no use. */
  mismatch(): void
}

/** A range that the player waits for. */
export interface ReadRequest {
  start: number
  end: number
  /** Only media says where the player is; the header that opens a file is read from anywhere. */
  kind: 'media' | 'header'
  /** Seconds of playback that the buffer holds for certain. */
  lead: number
  signal: AbortSignal
  /** Bytes that arrive for it, roughly; never called for what was there before. */
  progress(bytes: number): void
}

interface Read extends ReadRequest {
  first: number
  last: number
  deadline: number
  settled: boolean
  /** Why the pod does not give it, when it has been asked often enough. */
  refusal: HttpError | null
  resolve(data: Bytes): void
  reject(reason: unknown): void
}

/** Connections per swarm. */
export const MAX_PEERS = 30
/** Bytes ahead of the player that are asked of peers at the same time, and how far ahead at most. */
const AHEAD_AT_ONCE = 8 * 1024 * 1024
const AHEAD_MAX = 64 * 1024 * 1024
/** How often deadlines are looked at while the player waits, and otherwise (ms). */
const BUSY_TICK = 100
const IDLE_TICK = 1000
/** The pod has failed when it could not be read so often in a row. */
const MAX_POD_FAILURES = 3
/** Without the pod, peers are hoped for so long before a read fails (ms). */
const HOPE = 30_000
/** What the tracker said about others is believed so long (ms). */
const FRESH = 15_000
const MAX_BANNED = 1000
/** Two connections to the same peer made within this time are settled by rule, later ones are refused (ms). */
const CROSSING = 3000

export class Swarm implements Member {
  readonly infoHash: Bytes
  private readonly peers = new Set<Peer>()
  private readonly reads = new Set<Read>()
  private readonly banned = new Set<string>()
  private readonly store: PieceStore
  private readonly downloads: Downloads
  private readonly uploads: Uploads
  private readonly ourId: string
  private readonly joinedAt: number
  /** The piece where the player is, or null before it has read any media here. */
  private position: number | null = null
  private othersKnown: number | null = null
  private othersAt = 0
  /** When somebody who could have what a failing pod does not give was here last. */
  private hopeAt: number
  private uploaded = 0
  private awake = false
  private closed = false
  private stopTimer: () => void = () => undefined
  private readonly meta: Metainfo
  private readonly io: SwarmIo

  constructor(meta: Metainfo, io: SwarmIo) {
    this.meta = meta
    this.io = io
    this.infoHash = meta.infoHash
    this.ourId = toHex(io.peerId)
    this.joinedAt = this.hopeAt = io.clock.now()
    this.store = io.memory.open(meta.pieceCount, {
      pinned: (index) => this.pinned(index),
      playhead: () => (io.playing() ? (this.position ?? 0) : null),
    })
    this.uploads = new Uploads(io.clock, this.store, io.counters, () => io.generous())
    this.downloads = new Downloads({
      meta,
      clock: io.clock,
      sha1: io.sha1,
      counters: io.counters,
      meter: io.meter,
      podHealth: io.podHealth,
      readPod: io.readPod,
      peers: () => this.peers,
      gathering: () => this.gathering(),
      interesting: (peer) => this.interesting(peer),
      progress: (index, bytes) => this.progressed(index, bytes),
      verified: (index, data) => this.verified(index, data),
      ban: (peer) => this.ban(peer),
      podFailed: (first, last, error) => this.podFailed(first, last, error),
      podMismatch: () => io.mismatch(),
      wake: () => this.wake(),
    })
    this.tick()
  }

  /** Peers that may be talked to. */
  connections(): Peer[] {
    return [...this.peers].filter((peer) => peer.ready)
  }

  /** The bytes of a range, from pieces that are verified, as soon as they are here. */
  read(request: ReadRequest): Promise<Bytes> {
    const { first, last } = piecesOf(this.meta, request.start, request.end)
    return new Promise((resolve, reject) => {
      const read: Read = { ...request, first, last, deadline: this.io.clock.now() + patience(request.lead), settled: false, refusal: null, resolve, reject }
      if (request.signal.aborted || this.closed) {
        reject(request.signal.reason ?? new DOMException('closed', 'AbortError'))
        return
      }
      request.signal.addEventListener('abort', () => this.fail(read, request.signal.reason), { once: true })
      this.reads.add(read)
      if (request.kind === 'media') this.position = first
      this.complete(read)
      this.wake()
      this.arm()
    })
  }

  /** Says whether a range can be answered without asking anybody. */
  holds(start: number, end: number): boolean {
    const { first, last } = piecesOf(this.meta, start, end)
    for (let index = first; index <= last; index++) if (!this.store.held.has(index)) return false
    return true
  }

  /** Ends all connections and gives the memory back. */
  close(): void {
    if (this.closed) return
    for (const read of [...this.reads]) this.fail(read, new DOMException('closed', 'AbortError'))
    this.downloads.stop()
    for (const peer of [...this.peers]) peer.close('leaving')
    this.closed = true
    this.stopTimer()
    this.store.clear()
  }

  // What the tracker client asks.

  progress(): { uploaded: number; downloaded: number; left: number } {
    const left = (this.meta.pieceCount - this.store.held.count) * this.meta.pieceLength
    return { uploaded: this.uploaded, downloaded: this.store.held.count * this.meta.pieceLength, left: Math.min(left, this.meta.length) }
  }

  room(): number {
    return this.closed ? 0 : MAX_PEERS - this.peers.size
  }

  connected(): number {
    const pods = this.pods()
    return this.peers.size > pods || (this.othersKnown ?? 0) > pods ? this.peers.size - pods : pods
  }

  knows(peerId: string): boolean {
    if (peerId === this.ourId || this.banned.has(peerId)) return true
    for (const peer of this.peers) if (peer.id === peerId) return true
    return false
  }

  offer(): Promise<Offer | null> {
    return this.io.connector.offer()
  }

  answer(sdp: string): Promise<Answer | null> {
    return this.io.connector.answer(sdp)
  }

  others(count: number): void {
    this.othersKnown = count
    this.othersAt = this.io.clock.now()
    this.wake()
  }

  link(link: Link, ours: 'offered' | 'answered'): void {
    if (this.room() <= 0) {
      link.close()
      return
    }
    const peer: Peer = new Peer(link, ours === 'offered', this.meta, this.io.peerId, this.io.clock, () => this.store.held, {
      greeted: (peer) => this.welcome(peer),
      changed: () => this.wake(),
      block: (peer, index, begin, data) => this.downloads.block(peer, index, begin, data),
      refused: (peer, blocks) => {
        this.downloads.refused(peer, blocks)
        this.wake()
      },
      uploadable: (peer) => void this.uploads.serve(peer),
      closed: (peer) => this.gone(peer),
    })
    this.peers.add(peer)
  }

  private welcome(peer: Peer): boolean {
    if (peer.id === this.ourId || this.banned.has(peer.id)) return false
    for (const other of this.peers) {
      if (other === peer || other.id !== peer.id) continue
      // When both sides connected to each other at once, both must give up the same one of the two links: the one
      // offered by the larger id stays away. Without such a crossing the link that works stays.
      const crossing = other.offered !== peer.offered && this.io.clock.now() - other.openedAt < CROSSING
      if (!crossing || peer.offered !== this.ourId < peer.id) return false
      other.close('double')
    }
    return true
  }

  private gone(peer: Peer): void {
    this.peers.delete(peer)
    this.downloads.gone(peer)
    this.uploads.gone(peer)
    this.uploaded += peer.up
    this.wake()
  }

  private ban(peer: Peer): void {
    if (this.banned.has(peer.id)) return
    if (this.banned.size >= MAX_BANNED) this.banned.clear()
    this.banned.add(peer.id)
    this.io.counters.dropped++
    this.downloads.distrust(peer)
    peer.close('bad piece')
  }

  private gathering(): boolean {
    if ([...this.peers].some((peer) => !peer.ready)) return true
    // The pod gives nothing as a peer that it would not give over HTTP: it is not worth waiting for.
    if (this.othersKnown !== null && this.othersKnown <= this.pods()) return false
    return this.io.clock.now() - this.joinedAt < GATHERING
  }

  /** Connections to the pod as a peer. */
  private pods(): number {
    let count = 0
    for (const peer of this.peers) if (peer.isPod) count++
    return count
  }

  private pinned(index: number): boolean {
    for (const read of this.reads) if (index >= read.first && index <= read.last) return true
    return false
  }

  private progressed(index: number, bytes: number): void {
    for (const read of this.reads) if (index >= read.first && index <= read.last) read.progress(bytes)
  }

  private verified(index: number, data: Bytes): void {
    this.store.put(index, data)
    for (const peer of this.peers) peer.have(index)
    for (const read of this.reads) if (index >= read.first && index <= read.last) this.complete(read)
  }

  /** Answers a read when all its pieces are here. */
  private complete(read: Read): void {
    if (read.settled || !this.holds(read.start, read.end)) return
    read.settled = true
    const whole = new Uint8Array(read.end - read.start)
    const copies: Promise<boolean>[] = []
    for (let index = read.first; index <= read.last; index++) copies.push(this.copy(index, read.start, whole))
    void Promise.all(copies).then((found) => {
      // A store that lost a piece between asking and reading has it fetched again.
      if (found.includes(false)) {
        read.settled = false
        this.wake()
        return
      }
      this.reads.delete(read)
      read.resolve(whole)
    })
  }

  private async copy(index: number, start: number, whole: Bytes): Promise<boolean> {
    const data = await this.store.read(index)
    if (data === null) return false
    const from = index * this.meta.pieceLength - start
    const skip = Math.max(0, -from)
    whole.set(data.subarray(skip, Math.min(data.length, whole.length - from)), from + skip)
    return true
  }

  private fail(read: Read, reason: unknown): void {
    if (!this.reads.delete(read)) return
    read.settled = true
    read.reject(reason)
    this.wake()
  }

  private podFailed(first: number, last: number, error: HttpError): void {
    const final = (error.status >= 400 && error.status < 500) || this.io.podHealth.failures >= MAX_POD_FAILURES
    if (!final) return
    for (const read of this.reads) if (read.first <= last && read.last >= first) read.refusal = error
  }

  /** Looks for peers when the pod fails, and lets reads fail that nobody can answer. */
  private despair(): void {
    const now = this.io.clock.now()
    const { works, failingSince } = this.io.podHealth
    let lonely = false
    for (const read of [...this.reads]) {
      if (works) read.refusal = null
      if (read.settled || this.downloads.podWorks) continue
      if (this.helped(read)) {
        this.hopeAt = now
        continue
      }
      lonely = true
      const nobody = this.othersKnown === 0 && now - this.othersAt < FRESH
      const tooLong = now - Math.max(this.hopeAt, failingSince ?? now) > HOPE
      if (read.refusal !== null && (nobody || tooLong)) this.fail(read, read.refusal)
    }
    if (lonely) this.io.lonely()
  }

  /** Somebody is here who holds something that a read waits for, or who has just come and may. */
  private helped(read: Read): boolean {
    for (const peer of this.peers) {
      if (!peer.ready) return true
      for (let index = read.first; index <= read.last; index++) if (peer.held.has(index) && !this.store.held.has(index)) return true
    }
    return false
  }

  /** Looks at everything soon, once for all that happened in this moment. */
  private wake(): void {
    if (this.awake || this.closed) return
    this.awake = true
    queueMicrotask(() => {
      this.awake = false
      if (!this.closed) this.update()
    })
  }

  private update(): void {
    this.downloads.update(this.wanted())
    this.despair()
    this.uploads.update([...this.peers])
  }

  private tick(): void {
    if (this.closed) return
    for (const peer of this.peers) peer.tick()
    this.update()
    this.arm()
  }

  private arm(): void {
    this.stopTimer()
    this.stopTimer = this.io.clock.after(this.reads.size > 0 ? BUSY_TICK : IDLE_TICK, () => this.tick())
  }

  private wanted(): Wanted[] {
    const wanted = new Map<number, Wanted>()
    for (const read of this.reads) {
      for (let index = read.first; index <= read.last; index++) {
        if (this.store.held.has(index)) continue
        const deadline = Math.min(read.deadline, wanted.get(index)?.deadline ?? Infinity)
        wanted.set(index, { index, deadline })
      }
    }
    for (const index of this.ahead()) if (!wanted.has(index)) wanted.set(index, { index, deadline: null })
    return [...wanted.values()]
  }

  /** The next pieces after the player's position that some other viewer would send now. */
  private ahead(): number[] {
    const list: number[] = []
    const givers = [...this.peers].filter((peer) => peer.ready && !peer.choking && !peer.isPod)
    if (givers.length === 0) return list
    const { from, to } = this.horizon()
    let bytes = 0
    for (let index = from; index < to && bytes < AHEAD_AT_ONCE; index++) {
      if (this.store.held.has(index) || !givers.some((peer) => peer.held.has(index))) continue
      list.push(index)
      bytes += pieceSize(this.meta, index)
    }
    return list
  }

  /** What is fetched in advance: never more than a part of the memory, or it would push out itself. */
  private horizon(): { from: number; to: number } {
    if (this.position === null || !this.io.playing() || !this.io.generous()) return { from: 0, to: 0 }
    const bytes = Math.min(AHEAD_MAX, this.io.memory.limit / 3)
    return { from: this.position, to: Math.min(this.meta.pieceCount, this.position + Math.ceil(bytes / this.meta.pieceLength)) }
  }

  /**
   * A peer is interesting when it holds something that is wanted, even if it does not let us ask yet; the pod only for
   * what the player waits for, and only while HTTP does not bring it.
   */
  private interesting(peer: Peer): boolean {
    if (peer.isPod && this.downloads.podWorks && peer.outstanding === 0) return false
    const lacks = (index: number): boolean => peer.held.has(index) && !this.store.held.has(index)
    for (const read of this.reads) for (let index = read.first; index <= read.last; index++) if (lacks(index)) return true
    if (peer.isPod) return false
    const { from, to } = this.horizon()
    for (let index = from; index < to; index++) if (lacks(index)) return true
    return false
  }
}
