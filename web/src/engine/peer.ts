/*
 * One connection to another peer in one swarm: who may say what and when, what each side holds, what is asked and
 * unanswered in both directions. It checks everything that the other side says against the torrent and keeps only
 * bounded state about it; rule breakers are closed at once, nuisances (what a slow or clumsy client may do, too) are
 * counted and forgotten with time. It does not decide what to ask or to serve: downloads.ts and uploads.ts do.
 */

import { Bitfield } from './bitfield'
import type { Bytes } from './bytes'
import { concat, equal, toHex } from './bytes'
import type { Clock } from './clock'
import type { ExtendedHandshake, Place } from './extended'
import { clientOf, isPodId, OUR_METADATA_ID, OUR_SHOAL_ID, readExtendedHandshake, readMetadataRequest, readPlace, writeExtendedHandshake, writeMetadataPiece, writePlace } from './extended'
import type { Metainfo } from './metainfo'
import { pieceSize } from './metainfo'
import { RATE_GUESS } from './policy'
import { Meter } from './stats'
import type { Link } from './transport'
import type { Block, Handshake, Message } from './wire'
import { MAX_REQUEST, WireError, WireReader, writeBitfield, writeBlock, writeExtended, writeHandshake, writeHave, writeKeepAlive, writePiece, writeSignal } from './wire'

/** What a peer tells its swarm. */
export interface PeerEvents {
  /** The handshake is done; false refuses the peer (banned, ourselves, or there already). */
  greeted(peer: Peer): boolean
  /** What it holds, wants or allows has changed. */
  changed(peer: Peer): void
  /** A block that was asked for. The data must be copied at once. */
  block(peer: Peer, index: number, begin: number, data: Uint8Array): void
  /** It will not send these blocks (it said so, or it choked us). */
  refused(peer: Peer, blocks: Block[]): void
  /** Blocks are asked of us, or there is room to send more. */
  uploadable(peer: Peer): void
  closed(peer: Peer, reason: string): void
}

/** Requests that one peer may have waiting with us. */
export const MAX_ASKED = 512
/** Nuisances that may pile up before the peer is dropped; one is forgiven per NUISANCE_DECAY milliseconds. */
const MAX_NUISANCES = 600
const NUISANCE_DECAY = 100
/** What a block that nobody asked for counts among the nuisances. */
const UNASKED = 150
/** Cancelled requests that are remembered. */
const MAX_CANCELLED = 1024
/** Silences, in milliseconds: until the handshake, until the connection is given up, until we say that we are here. */
const GREETING_TIME = 20_000
/**
 * Whoever made the offer speaks first, as whoever calls does in BEP 3, unless it says nothing for so long (ms). Chromium loses the
 * first message of the other side now and then when it comes while the channel is just opening (2 % of them on a busy machine).
 */
const FIRST_WORD_TIME = 500
const SILENCE_TIME = 240_000
const KEEP_ALIVE = 100_000
/** How often it is told where we play (ms), and how many pieces to either side of the expected are a seek. */
const PLACE_EVERY = 1000
const PLACE_JUMP = 30
/**
 * Every message of a data channel costs both sides processor time, whatever its size: what is said in one moment leaves as
 * one, up to the size that any other side takes (RFC 8841: 64 KiB unless it says more), and news that nobody waits for
 * leave together with the next words or after a moment: sooner to somebody who plays with little in its buffer, or does not say (ms).
 */
const MAX_TOGETHER = 64 * 1024
const NEWS_TIME = { soon: 100, later: 700 }
/** With so much in its buffer the other side can wait for news (ms). */
const AT_EASE = 8000

export class Peer {
  /** Hex of its peer id, empty until the handshake. */
  id = ''
  client: string | undefined
  /** The pod itself, as a peer: what it sends counts as the pod's. */
  isPod = false
  held: Bitfield
  /** It does not answer our requests. */
  choking = true
  /** It would like to ask us. */
  interested = false
  /** We do not answer its requests. */
  choked = true
  /** Bytes of video since the connection opened. */
  down = 0
  up = 0
  /** Not to be asked before this moment: requests timed out. */
  snubbedUntil = 0
  timeouts = 0
  /** When the last block came. */
  blockAt = 0
  /** Where it plays, if it says so. */
  place: Place | null = null
  readonly rate: Meter
  /** What it asks of us, oldest first. */
  readonly asked: Block[] = []
  readonly openedAt: number
  /** We made the offer. */
  readonly offered: boolean
  private readonly requested = new Map<string, Block & { at: number }>()
  /** Requests that were taken back: how many answers to each may still come, blocks or refusals. */
  private readonly cancelled = new Map<string, number>()
  private readonly reader: WireReader
  private readonly link: Link
  private readonly meta: Metainfo
  private readonly clock: Clock
  private readonly events: PeerEvents
  private readonly maySend: () => Bitfield
  private readonly ourId: Bytes
  private introduced = false
  private stopWaiting: (() => void) | null = null
  private theirs: ExtendedHandshake | null = null
  private fast = false
  private extended = false
  private wanting = false
  private toldPlace: (Place & { at: number }) | null = null
  private told = false
  /** What it believes that we hold: what we told, less what we refused. */
  private readonly announced: Bitfield
  private open = true
  /** Said and not yet handed to the link. */
  private words: Bytes[] = []
  private wordBytes = 0
  private leaving = false
  private stopNews: (() => void) | null = null
  private nuisances = 0
  private nuisanceAt: number
  private heardAt: number
  private spokeAt: number

  constructor(link: Link, offered: boolean, meta: Metainfo, ourId: Bytes, clock: Clock, held: () => Bitfield, events: PeerEvents) {
    this.link = link
    this.offered = offered
    this.meta = meta
    this.clock = clock
    this.events = events
    this.maySend = held
    this.held = new Bitfield(meta.pieceCount)
    this.announced = new Bitfield(meta.pieceCount)
    this.reader = new WireReader(meta.pieceCount)
    this.rate = new Meter(clock, RATE_GUESS)
    this.openedAt = this.nuisanceAt = this.heardAt = this.spokeAt = clock.now()
    link.listen({
      data: (chunk) => this.receive(chunk),
      drained: () => this.events.uploadable(this),
      closed: () => this.close('gone'),
    })
    this.ourId = ourId
    if (offered) this.introduce()
    else this.stopWaiting = this.clock.after(FIRST_WORD_TIME, () => this.introduce())
  }

  get ready(): boolean {
    return this.open && this.id !== ''
  }

  /** Bytes that wait to leave over the link. */
  get buffered(): number {
    return this.link.buffered() + this.wordBytes
  }

  /** Blocks asked of it that are still to come. */
  get outstanding(): number {
    return this.requested.size
  }

  /** How many requests it is ready to remember. */
  get maxOutstanding(): number {
    return this.theirs?.queue ?? 250
  }

  request(block: Block): void {
    this.requested.set(key(block), { ...block, at: this.clock.now() })
    this.rate.begin()
    this.send(writeBlock('request', block))
  }

  /** Takes requests back; their blocks may still come and are then ignored. */
  cancel(blocks: Iterable<Block>): void {
    for (const block of blocks) {
      if (!this.requested.delete(key(block))) continue
      this.remember(block)
      this.send(writeBlock('cancel', block))
    }
    this.settle()
  }

  /** Takes back everything that was asked for longer ago than so many milliseconds. */
  cancelOlderThan(age: number): Block[] {
    const before = this.clock.now() - age
    const late = [...this.requested.values()].filter((request) => request.at <= before)
    this.cancel(late)
    return late
  }

  /** It knows that we want something of it. */
  get wanted(): boolean {
    return this.wanting
  }

  wants(want: 'interested' | 'notInterested'): void {
    if (this.wanting === (want === 'interested')) return
    this.wanting = want === 'interested'
    this.send(writeSignal(want))
  }

  choke(): void {
    if (this.choked) return
    this.choked = true
    this.send(writeSignal('choke'))
    // With the fast extension every discarded request is refused by name.
    for (const block of this.asked.splice(0)) this.refuse(block)
  }

  unchoke(): void {
    if (!this.choked) return
    this.choked = false
    this.send(writeSignal('unchoke'))
  }

  have(index: number): void {
    // The pod wants nothing of us, and would take us for complete once it had heard of every piece, although pieces leave
    // the memory again. For the same reason a piece that was fetched a second time is no news to anybody.
    if (!this.told || this.isPod || this.announced.has(index)) return
    this.announced.add(index)
    this.mention(writeHave(index))
  }

  /** Says where we play, if the other side cares and has not heard it yet. */
  tell(playhead: number, lead: number): void {
    const id = this.theirs?.shoalId ?? 0
    if (id === 0 || this.isPod) return
    const now = this.clock.now()
    const last = this.toldPlace
    if (last !== null) {
      if (last.playhead === playhead) return
      if (now - last.at < PLACE_EVERY && Math.abs(playhead - last.playhead) < PLACE_JUMP) return
    }
    this.toldPlace = { playhead, lead, at: now }
    this.mention(writeExtended(id, writePlace({ playhead, lead })))
  }

  piece(block: Block, data: Uint8Array): void {
    this.up += data.length
    this.send(writePiece(block.index, block.begin, data))
  }

  /** Will not serve this request. Without the fast extension only a choke says so. */
  refuse(block: Block): void {
    if (!this.maySend().has(block.index)) this.announced.remove(block.index)
    if (this.fast) this.send(writeBlock('reject', block))
  }

  /** Looks after silences; to be called every few seconds. */
  tick(): void {
    const now = this.clock.now()
    if (this.id === '' && now - this.openedAt > GREETING_TIME) this.close('no handshake')
    else if (now - this.heardAt > SILENCE_TIME) this.close('silent')
    else if (now - this.spokeAt > KEEP_ALIVE) this.send(writeKeepAlive())
  }

  close(reason: string): void {
    if (!this.open) return
    this.open = false
    this.stopWaiting?.()
    this.stopNews?.()
    this.link.close()
    this.asked.length = 0
    this.requested.clear()
    this.events.closed(this, reason)
  }

  /** Leaves with all that is said in this moment. */
  private send(bytes: Bytes): void {
    if (!this.open) return
    this.collect(bytes)
    if (this.leaving) return
    this.leaving = true
    queueMicrotask(() => {
      this.leaving = false
      this.handOver()
    })
  }

  /** Leaves with the next that is said, or soon. */
  private mention(bytes: Bytes): void {
    if (!this.open) return
    this.collect(bytes)
    const { soon, later } = NEWS_TIME
    this.stopNews ??= this.clock.after((this.place?.lead ?? 0) > AT_EASE ? later : soon, () => this.handOver())
  }

  private collect(bytes: Bytes): void {
    if (this.wordBytes + bytes.length > MAX_TOGETHER) this.handOver()
    this.words.push(bytes)
    this.wordBytes += bytes.length
  }

  private handOver(): void {
    const { words } = this
    const [only] = words
    this.stopNews?.()
    this.stopNews = null
    if (only === undefined || !this.open) return
    this.words = []
    this.wordBytes = 0
    this.spokeAt = this.clock.now()
    this.link.send(words.length === 1 ? only : concat(...words))
  }

  private receive(chunk: Uint8Array): void {
    this.heardAt = this.clock.now()
    try {
      this.reader.push(chunk, (message) => {
        if (!this.open) return
        if (message.kind === 'handshake') this.greet(message)
        else this.take(message)
      })
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      this.close(error.message)
    }
  }

  private greet(handshake: Handshake): void {
    if (!equal(handshake.infoHash, this.meta.infoHash)) throw new WireError('another swarm')
    this.id = toHex(handshake.peerId)
    this.client = clientOf(handshake.peerId)
    this.isPod = isPodId(handshake.peerId)
    this.fast = handshake.fast
    this.extended = handshake.extended
    if (!this.events.greeted(this)) {
      this.close('not welcome')
      return
    }
    this.introduce()
    if (this.extended) this.send(writeExtended(0, writeExtendedHandshake(this.meta.info.length, MAX_ASKED)))
    // With the fast extension something has to be said; what has come meanwhile is said as news.
    if (!this.told && this.fast) this.send(writeSignal('haveNone'))
    if (!this.told) {
      this.told = true
      const held = this.maySend()
      for (let index = 0; index < held.size; index++) if (held.has(index)) this.have(index)
    }
    this.events.changed(this)
  }

  /** Our handshake. What we hold goes with it: each round trip that is spared brings the first piece sooner. */
  private introduce(): void {
    if (this.introduced) return
    this.introduced = true
    this.stopWaiting?.()
    this.send(writeHandshake(this.meta.infoHash, this.ourId))
    const held = this.maySend()
    if (held.count === 0) return
    this.send(writeBitfield(held.toBytes()))
    for (let index = 0; index < held.size; index++) if (held.has(index)) this.announced.add(index)
    this.told = true
  }

  private take(message: Message): void {
    switch (message.kind) {
      case 'keepAlive':
      case 'ignored':
        this.nuisance()
        break
      case 'choke':
        this.choking = true
        this.dropRequests()
        break
      case 'unchoke':
        if (!this.choking) this.nuisance()
        this.choking = false
        this.events.changed(this)
        break
      case 'interested':
      case 'notInterested':
        this.nuisance()
        this.interested = message.kind === 'interested'
        this.events.changed(this)
        break
      case 'have':
        this.takeHave(message.index)
        break
      case 'bitfield':
      case 'haveAll':
      case 'haveNone':
        this.takeHoldings(message)
        break
      case 'request':
        this.takeRequest(message)
        break
      case 'cancel':
        this.takeCancel(message)
        break
      case 'reject':
        this.takeReject(message)
        break
      case 'piece':
        this.takePiece(message.index, message.begin, message.data)
        break
      case 'extended':
        this.takeExtended(message.id, message.data)
    }
  }

  private takeHave(index: number): void {
    if (index >= this.meta.pieceCount) throw new WireError('have beyond the end')
    if (this.held.has(index)) this.nuisance()
    this.held.add(index)
    this.events.changed(this)
  }

  private takeHoldings(message: Extract<Message, { kind: 'bitfield' }> | { kind: 'haveAll' | 'haveNone' }): void {
    this.nuisance()
    const held = message.kind === 'bitfield' ? Bitfield.parse(message.bits, this.meta.pieceCount) : new Bitfield(this.meta.pieceCount)
    if (held === null) throw new WireError('odd bitfield')
    if (message.kind === 'haveAll') held.fill()
    this.held = held
    this.events.changed(this)
  }

  private takeRequest(block: Block): void {
    if (!this.inside(block) || block.length > MAX_REQUEST) throw new WireError('request out of bounds')
    if (this.choked || this.asked.length >= MAX_ASKED || !this.maySend().has(block.index)) {
      this.nuisance()
      this.refuse(block)
      return
    }
    this.asked.push({ index: block.index, begin: block.begin, length: block.length })
    this.events.uploadable(this)
  }

  private takeCancel(block: Block): void {
    if (!this.inside(block)) throw new WireError('cancel out of bounds')
    const at = this.asked.findIndex((asked) => key(asked) === key(block) && asked.length === block.length)
    if (at < 0) {
      this.nuisance()
      return
    }
    this.asked.splice(at, 1)
    this.refuse(block)
  }

  private takeReject(block: Block): void {
    const request = this.requested.get(key(block))
    // Answers come in the order of requests: a refusal means the one that was taken back, if there is such a one.
    if (this.late(key(block))) return
    if (request === undefined || request.length !== block.length) {
      this.nuisance()
      return
    }
    this.requested.delete(key(block))
    this.settle()
    // It has given the piece up, or it never had it: do not ask again until it says so.
    if (!this.choking) this.held.remove(block.index)
    this.events.refused(this, [request])
  }

  private takePiece(index: number, begin: number, data: Uint8Array): void {
    const name = key({ index, begin })
    const request = this.requested.get(name)
    if (request === undefined || request.length !== data.length) {
      // A late answer to a request that was taken back shows a slow peer, not a silent one; others are an offence.
      if (this.late(name)) this.timeouts = Math.min(this.timeouts, 2)
      else this.nuisance(UNASKED)
      return
    }
    this.requested.delete(name)
    this.down += data.length
    this.blockAt = this.clock.now()
    this.timeouts = 0
    this.snubbedUntil = 0
    this.rate.add(data.length)
    this.settle()
    this.events.block(this, index, begin, data)
  }

  private takeExtended(id: number, data: Uint8Array): void {
    this.nuisance()
    if (id === 0) {
      this.theirs = readExtendedHandshake(data)
      this.client = this.theirs?.client ?? this.client
      return
    }
    if (id === OUR_SHOAL_ID) {
      const place = readPlace(data)
      if (place !== null && place.playhead < this.meta.pieceCount) this.place = place
      return
    }
    if (id !== OUR_METADATA_ID || this.theirs === null || this.theirs.metadataId === 0) return
    const part = readMetadataRequest(data)
    const answer = part === null ? null : writeMetadataPiece(this.meta.info, part)
    // Joining by magnet link takes a handful of these; the price keeps anybody from pulling them for ever.
    this.nuisance(10)
    if (answer !== null) this.send(writeExtended(this.theirs.metadataId, answer))
  }

  /** After a choke nothing will come any more: in the fast extension by refusals, otherwise without a word. */
  private dropRequests(): void {
    const lost = [...this.requested.values()]
    this.requested.clear()
    for (const block of lost) this.remember(block)
    this.settle()
    this.events.refused(this, lost)
  }

  private remember(block: Block): void {
    const name = key(block)
    this.cancelled.set(name, (this.cancelled.get(name) ?? 0) + 1)
    const [oldest] = this.cancelled.keys()
    if (this.cancelled.size > MAX_CANCELLED && oldest !== undefined) this.cancelled.delete(oldest)
  }

  /** Counts off an answer to a request that was taken back; false when none is due. */
  private late(name: string): boolean {
    const due = this.cancelled.get(name)
    if (due === undefined) return false
    if (due > 1) this.cancelled.set(name, due - 1)
    else this.cancelled.delete(name)
    return true
  }

  private settle(): void {
    if (this.requested.size === 0) this.rate.end()
  }

  private inside(block: Block): boolean {
    if (block.index >= this.meta.pieceCount || block.length === 0) return false
    return block.begin + block.length <= pieceSize(this.meta, block.index)
  }

  private nuisance(weight = 1): void {
    const now = this.clock.now()
    this.nuisances = Math.max(0, this.nuisances - (now - this.nuisanceAt) / NUISANCE_DECAY) + weight
    this.nuisanceAt = now
    if (this.nuisances > MAX_NUISANCES) throw new WireError('too many useless messages')
  }
}

function key(block: { index: number; begin: number }): string {
  return `${block.index}:${block.begin}`
}
