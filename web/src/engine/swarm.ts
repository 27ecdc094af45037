/*
 * One rendition's swarm: the pieces we hold, the peers we exchange them with, the reads that wait for pieces and the talk
 * with the conductor. It wires these together and lets each do its work: what is wanted is wanting.ts's business, from
 * whom it comes the policies', carrying it out downloads.ts's. Peers come from trackers as open links; who is banned or
 * there already is turned away.
 */

import type { Bytes } from './bytes'
import { toHex } from './bytes'
import type { Clock } from './clock'
import type { PodMessage } from './conductor'
import type { Line, Situation } from './conversation'
import { Conversation } from './conversation'
import type { ReadPod } from './downloads'
import { Downloads } from './downloads'
import { Hope } from './hope'
import type { KeptPieces } from './kept'
import type { PlayerState } from './lead'
import type { Metainfo, Sha1 } from './metainfo'
import { Peer } from './peer'
import type { PodHealth } from './pod-health'
import { GATHERING, plan } from './policy'
import type { Read, ReadRequest } from './reads'
import { Reads } from './reads'
import { schedule } from './schedule'
import type { Counters, Meter } from './stats'
import type { Memory, PieceStore } from './store'
import type { Member } from './tracker'
import type { Answer, Connector, Link, Offer } from './transport'
import type { Uplink } from './uploads'
import { SLOTS, Uploads } from './uploads'
import { isGood } from './verify'
import { Wanting } from './wanting'

/** What a swarm is given. */
export interface SwarmIo {
  clock: Clock
  sha1: Sha1
  connector: Connector
  memory: Memory
  /** What is left of earlier visits and will be of this one; null when nothing is. */
  pieces: Promise<KeptPieces | null> | null
  counters: Counters
  meter: Meter
  podMeter: Meter
  podHealth: PodHealth
  uplink: Uplink
  peerId: Bytes
  readPod: ReadPod
  random(length: number): Bytes
  /** False on a connection that costs the viewer by the byte: then nothing is sent and nothing fetched in advance. */
  generous(): boolean
  /** Nobody looks at the page. */
  hidden(): boolean
  /** Bytes ahead of the player that can be kept. */
  window(): number
  player(): PlayerState
  /** This rendition is the one being played. */
  playing(): boolean
  /** The pod does not answer, and nobody who is here has what the player waits for. */
  lonely(): void
  /** A peer is gone. */
  bereft(): void
  /** The file at the pod is not the torrent's: pieces are of no use. */
  mismatch(): void
}

/** Connections that a swarm looks for, and that it takes when others look for some. */
export const WANTED_PEERS = 9
export const MAX_PEERS = 20
/** A conductor's welcome is waited for so long when the player asks for the first bytes (ms). */
export const WELCOME_TIME = 200
/** The list of pieces from earlier visits is waited for so long before the conductor is greeted (ms). */
const HOLDINGS_TIME = 100
/** Once the tracker has answered, a conductor answers within this time (ms), or there is none. */
const WELCOME_AFTER = 1000
/** After so many failures without any success, no connection to other viewers is possible from here. */
const UNREACHABLE = 4
/** How often deadlines are looked at while the player waits, while it can, and when it asks for nothing (ms). */
const BUSY_TICK = 100
const UNHURRIED_TICK = 250
const IDLE_TICK = 1000
/** Whoever wants to connect to us is here within this time (ms). */
const CONNECTING = 2500
/** A pod that conducts feeds nobody for the first moments, because others may come at the same time: that nobody is here means nothing before (ms). */
const ALONE_AFTER = 1200
/** Looks within a busy tick that come at once; further ones are so far apart (ms), whatever others send. While the player can wait, so is each. */
const MAX_LOOKS = 4
const PAUSE = 20
const MAX_BANNED = 1000
/** Two connections to the same peer made within this time are settled by rule, later ones are refused (ms). */
const CROSSING = 3000
/** With more than this in its buffer the player can wait (s). */
const UNHURRIED = 3

export class Swarm implements Member {
  readonly infoHash: Bytes
  private readonly peers = new Set<Peer>()
  private readonly banned = new Set<string>()
  private readonly store: PieceStore
  private readonly reads: Reads
  private readonly wanting: Wanting
  private readonly downloads: Downloads
  private readonly uploads: Uploads
  private readonly conversation: Conversation
  private readonly hope: Hope
  private readonly ourId: string
  private readonly joinedAt: number
  private othersKnown: number | null = null
  /** When somebody last wanted to connect to us. */
  private invitedAt = -Infinity
  private uploaded = 0
  /** Connections that did not come about since the last that did; null once one has. */
  private failures: number | null = 0
  /** Ways to whatever conducts, and whether there is something to say yet. */
  private readonly lines = new Set<Line>()
  private knowsHoldings = false
  private reachedAt: number | null = null
  private everWelcomed = false
  private pausedBefore = false
  private awake = false
  /** Takes back a look that was put off because the player can wait. */
  private stopLook: (() => void) | null = null
  /** How often everything was looked at since a moment ago. */
  private looks = 0
  private looksSince = -Infinity
  private closed = false
  private stopTimer: () => void = () => undefined
  private readonly meta: Metainfo
  private readonly io: SwarmIo

  constructor(meta: Metainfo, io: SwarmIo) {
    this.meta = meta
    this.io = io
    this.infoHash = meta.infoHash
    this.ourId = toHex(io.peerId)
    this.joinedAt = io.clock.now()
    const shelf = {
      pinned: (index: number) => this.reads.cover(index),
      playhead: () => (io.playing() ? (this.wanting.playhead ?? 0) : null),
      changed: (index: number) => this.conversation.news(index),
    }
    const good = (index: number, data: Bytes): Promise<boolean> => isGood(meta, index, data, io.sha1)
    this.store = io.memory.open(meta.pieceCount, shelf, io.pieces === null ? undefined : { pieces: io.pieces, good, found: () => this.found() })
    this.reads = new Reads({ meta, store: this.store, clock: io.clock, wake: () => this.wake() })
    this.wanting = new Wanting({
      meta,
      clock: io.clock,
      reads: this.reads,
      window: () => io.window(),
      held: () => this.store.held,
      peers: () => this.peers,
      player: () => io.player(),
      playing: () => io.playing(),
      generous: () => io.generous(),
      podRate: () => io.podMeter.bytesPerSecond,
      gathering: () => this.gathering(),
      random: (length) => io.random(length),
    })
    this.uploads = new Uploads({ clock: io.clock, store: this.store, counters: io.counters, uplink: io.uplink, maySend: () => io.generous() })
    this.conversation = new Conversation({
      clock: io.clock,
      infoHash: meta.infoHash,
      held: () => this.store.held,
      look: () => this.situation(),
      granted: (ranges) => {
        this.wanting.grant(ranges)
        this.wake()
      },
      changed: () => {
        if (this.conducted) this.everWelcomed = true
        else this.wanting.revoke()
        this.wake()
      },
    })
    this.downloads = new Downloads({
      meta,
      clock: io.clock,
      sha1: io.sha1,
      counters: io.counters,
      meter: io.meter,
      podHealth: io.podHealth,
      readPod: io.readPod,
      decide: (view) => (this.conducted ? schedule(view) : plan(view)),
      peers: () => this.peers,
      gathering: () => this.gathering(),
      interesting: (peer) => this.interesting(peer),
      progress: (index, bytes) => this.reads.progressed(index, bytes),
      verified: (index, data) => this.verified(index, data),
      ban: (peer) => this.ban(peer),
      podFailed: (first, last, error) => this.hope.podFailed(first, last, error),
      podMismatch: () => io.mismatch(),
      wake: () => this.wake(),
    })
    this.hope = new Hope({
      clock: io.clock,
      podHealth: io.podHealth,
      reads: this.reads,
      held: () => this.store.held,
      peers: () => this.peers,
      podWorks: () => this.downloads.podWorks,
      needsPod: () => this.needsPod(),
      lonely: () => io.lonely(),
    })
    if (io.pieces === null) this.knowsHoldings = true
    else {
      void io.pieces.then(() => this.settleHoldings())
      io.clock.after(HOLDINGS_TIME, () => this.settleHoldings())
    }
    this.tick()
  }

  /** A pod says what may come from it. */
  get conducted(): boolean {
    return this.conversation.settings !== null
  }

  /** The player can wait: it has enough, or nothing plays, and a pod sees to it that the rest comes in time. */
  get unhurried(): boolean {
    const { ahead, paused } = this.io.player()
    return this.conducted && this.io.podHealth.works && ahead > (paused ? 0 : UNHURRIED)
  }

  /** Peers that may be talked to. */
  connections(): Peer[] {
    return [...this.peers].filter((peer) => peer.ready)
  }

  /** The bytes of a range, from pieces that are verified, as soon as they are here. */
  read(request: ReadRequest): Promise<Bytes> {
    const begins = this.wanting.asked(request)
    const data = this.reads.add(request)
    this.wake()
    this.arm()
    if (begins) this.conversation.hurry()
    return data
  }

  /** Ends all connections and gives the memory back. */
  close(): void {
    if (this.closed) return
    this.reads.close()
    this.conversation.close()
    this.downloads.stop()
    for (const peer of [...this.peers]) peer.close('leaving')
    this.closed = true
    this.stopTimer()
    this.stopLook?.()
    this.store.clear()
  }

  // What the tracker client asks.

  progress(): { uploaded: number; downloaded: number; left: number } {
    const left = (this.meta.pieceCount - this.store.held.count) * this.meta.pieceLength
    return { uploaded: this.uploaded, downloaded: this.store.held.count * this.meta.pieceLength, left: Math.min(left, this.meta.length) }
  }

  wanted(): number {
    // What the player has turned away from is still given to whoever comes for it, but nobody is looked for.
    if (this.closed || (this.wanting.begun && !this.io.playing())) return 0
    return WANTED_PEERS - this.peers.size
  }

  room(): number {
    return this.closed ? 0 : MAX_PEERS - this.peers.size
  }

  connected(): number {
    return this.peers.size
  }

  knows(peerId: string): boolean {
    if (peerId === this.ourId || this.banned.has(peerId)) return true
    for (const peer of this.peers) if (peer.id === peerId) return true
    return false
  }

  needsPod(): boolean {
    return !this.closed && !this.downloads.podWorks && this.pods() === 0
  }

  offer(): Promise<Offer | null> {
    return this.io.connector.offer()
  }

  answer(sdp: string): Promise<Answer | null> {
    this.invitedAt = this.io.clock.now()
    return this.io.connector.answer(sdp)
  }

  others(count: number, podAsked: boolean): void {
    this.othersKnown = count
    // Nobody is nobody only when the pod, too, was asked to come.
    if (podAsked) this.hope.others(count)
    this.wake()
  }

  missed(): void {
    if (this.failures !== null) this.failures++
  }

  reached(line: Line): void {
    this.reachedAt ??= this.io.clock.now()
    this.lines.add(line)
    if (this.knowsHoldings) this.greet()
  }

  unreached(line: Line): void {
    this.lines.delete(line)
    this.conversation.hangUp(line)
    this.greet()
  }

  heard(line: Line, message: PodMessage): void {
    this.conversation.heard(line, message)
  }

  /** What is left of earlier visits is known, or takes too long to be waited for. */
  private settleHoldings(): void {
    if (this.knowsHoldings) return
    this.knowsHoldings = true
    this.greet()
  }

  private greet(): void {
    const [line] = this.lines
    if (line !== undefined && !this.closed) this.conversation.open(line)
  }

  /** The network has changed: what failed before may work now. */
  revive(): void {
    this.failures = this.failures === null ? null : 0
    this.wake()
  }

  link(link: Link, ours: 'offered' | 'answered'): void {
    if (this.room() <= 0) {
      link.close()
      return
    }
    this.failures = null
    const peer: Peer = new Peer(link, ours === 'offered', this.meta, this.io.peerId, this.io.clock, () => this.store.held, {
      greeted: (peer) => this.welcome(peer),
      changed: (peer) => {
        // Whoever has just come plays with nothing in its buffer, and so may we: neither waits for our next look.
        if (peer.choked && (peer.interested || this.peers.size <= SLOTS)) this.uploads.update([...this.peers])
        if (peer.ready && !peer.wanted && this.interesting(peer)) peer.wants('interested')
        this.wake()
      },
      block: (peer, index, begin, data) => this.downloads.block(peer, index, begin, data),
      refused: (peer, blocks) => {
        this.downloads.refused(peer, blocks)
        this.wake()
      },
      uploadable: () => void this.uploads.serve(this.peers),
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
    this.io.bereft()
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
    if ([...this.peers].some((peer) => !peer.ready) || this.io.clock.now() - this.invitedAt < CONNECTING) return true
    const here = this.io.clock.now() - this.joinedAt
    const settled = !this.conducted || here >= ALONE_AFTER
    // The pod gives nothing as a peer that it would not give over HTTP: it is not worth waiting for.
    if (settled && this.othersKnown !== null && this.othersKnown <= this.pods()) return false
    return here < GATHERING
  }

  /** Connections to the pod as a peer. */
  private pods(): number {
    let count = 0
    for (const peer of this.peers) if (peer.isPod) count++
    return count
  }

  private verified(index: number, data: Bytes): void {
    this.wanting.got(index)
    this.store.put(index, data)
    for (const peer of this.peers) peer.have(index)
    this.reads.arrived(index)
  }

  /** Pieces of an earlier visit have turned up. */
  private found(): void {
    const { held } = this.store
    for (let index = 0; index < held.size; index++) {
      if (!held.has(index)) continue
      for (const peer of this.peers) peer.have(index)
      this.reads.arrived(index)
    }
    this.wake()
  }

  /** What the conductor is told. */
  private situation(): Situation {
    const { position, ahead, paused } = this.io.player()
    const playing = this.io.playing()
    return {
      uploads: this.io.generous() && (this.failures ?? 0) < UNREACHABLE,
      paused: paused || !playing,
      undependable: !this.io.generous() || this.io.hidden(),
      playhead: this.wanting.playheadAt(position),
      lead: playing ? ahead * 1000 : 0,
      uplink: this.io.uplink.bytesPerSecond,
      neighbours: this.connections().filter((peer) => !peer.isPod).length,
      rescued: this.downloads.fromPod.rescued,
    }
  }

  /** A first read waits a moment for the conductor, unless there is none behind the tracker. */
  private holds(read: Read): boolean {
    if (this.everWelcomed) return false
    const now = this.io.clock.now()
    if (now - read.begunAt >= WELCOME_TIME) return false
    return this.reachedAt === null ? now - this.joinedAt < WELCOME_AFTER : now - this.reachedAt < WELCOME_AFTER
  }

  /** Looks at everything soon, once for all that happened in this moment; when much happens, or nobody waits, once for a while. */
  private wake(): void {
    if (this.closed) return
    const { unhurried } = this
    if (this.awake && (unhurried || this.stopLook === null)) return
    // The player could wait when the next look was put off, and cannot any more.
    this.stopLook?.()
    this.stopLook = null
    this.awake = true
    const look = (): void => {
      this.awake = false
      this.stopLook = null
      if (!this.closed) this.update()
    }
    const now = this.io.clock.now()
    if (now - this.looksSince >= BUSY_TICK) {
      this.looksSince = now
      this.looks = 0
    }
    if (unhurried) this.stopLook = this.io.clock.after(UNHURRIED_TICK, look)
    else if (this.looks++ < MAX_LOOKS) queueMicrotask(look)
    else this.io.clock.after(PAUSE, look)
  }

  private update(): void {
    const { settings } = this.conversation
    this.downloads.update(settings === null ? this.wanting.unconducted((read) => this.holds(read)) : this.wanting.conducted(settings))
    this.hope.look()
    this.uploads.update([...this.peers])
    this.tell()
  }

  /** Lets the conductor and the neighbours know where the player is. */
  private tell(): void {
    const { position, ahead, paused } = this.io.player()
    if (paused !== this.pausedBefore) {
      this.pausedBefore = paused
      this.conversation.hurry()
    }
    this.conversation.tick()
    const playhead = this.wanting.playheadAt(position)
    if (playhead !== null && this.io.playing()) for (const peer of this.peers) peer.tell(playhead, ahead * 1000)
  }

  private tick(): void {
    if (this.closed) return
    for (const peer of this.peers) peer.tick()
    this.update()
    this.arm()
  }

  private arm(): void {
    this.stopTimer()
    const pause = this.reads.count === 0 ? IDLE_TICK : this.unhurried ? UNHURRIED_TICK : BUSY_TICK
    this.stopTimer = this.io.clock.after(pause, () => this.tick())
  }

  /** The pod as a peer is of interest only while HTTP does not bring what the player waits for. */
  private interesting(peer: Peer): boolean {
    if (peer.isPod && this.downloads.podWorks && peer.outstanding === 0) return false
    return this.wanting.interest(peer, this.conducted)
  }
}
