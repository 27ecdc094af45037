/*
 * A client of WebTorrent's tracker protocol: JSON over a WebSocket, offers and answers relayed between peers, hashes and
 * ids as strings of bytes. All swarms of a page share one socket per tracker. The first announce goes out at once and
 * without offers; the reply says how many there are to meet, and only so many offers are made. It keeps announcing, looks
 * for others soon when some are lost, reconnects with growing pauses, and forgets offers that nobody answered. Binary
 * frames on the same socket are the conductor's: the client only numbers the swarms and passes the messages on. The
 * tracker relays words of strangers, so sizes and counts are bounded here; it is no judge of peers.
 */

import type { Bytes } from './bytes'
import { fromLatin1, toHex, toLatin1 } from './bytes'
import type { Clock } from './clock'
import type { PodMessage } from './conductor'
import { MAX_SWARMS, readPodMessage, writeBye } from './conductor'
import type { Line } from './conversation'
import type { Answer, Link, Offer, OpenSocket, Socket } from './transport'

/** One swarm, as the tracker client sees it. */
export interface Member {
  readonly infoHash: Bytes
  progress(): { uploaded: number; downloaded: number; left: number }
  /** How many further peers it would like to have. */
  wanted(): number
  /** How many further peers it would take. */
  room(): number
  /** How many connections it has, those in the making among them. */
  connected(): number
  knows(peerId: string): boolean
  /** The pod as a peer is of use, because its HTTP is not. */
  needsPod(): boolean
  offer(): Promise<Offer | null>
  answer(sdp: string): Promise<Answer | null>
  link(link: Link, ours: 'offered' | 'answered'): void
  /** A connection that both sides wanted did not come about. */
  missed(): void
  /** The tracker has answered for the swarm; behind its socket there may be a conductor. */
  reached(line: Line): void
  unreached(line: Line): void
  heard(line: Line, message: PodMessage): void
  /** How many others the tracker knows, 0 also when it cannot be reached; the pod is among them only when it was asked for. */
  others(count: number, podAsked: boolean): void
}

/** Where the client gets sockets, time and randomness. */
export interface TrackerIo {
  openSocket: OpenSocket
  /** A conductor is known to be behind the tracker's socket: it is greeted without waiting for the tracker's first answer. */
  conducts?: boolean
  clock: Clock
  random(length: number): Bytes
}

/** Offers per announce. */
export const MAX_OFFERS = 5
/** An unanswered offer is given up after so long (ms). */
export const OFFER_TIME = 50_000
/** Bounds of the tracker's announce interval, and what is assumed without one (ms). */
const INTERVAL = { min: 30_000, usual: 120_000, max: 3_600_000 }
/** A swarm that would like to meet more of the others asks again after so long, then twice as long, and so on (ms). */
export const TOP_UP = 5000
/** After a loss it does so within this time, others who lost the same at other moments (ms). */
export const LOSS = { min: 1000, spread: 3000 }
/** A tracker that does not answer an announce for so long is not there any more (ms). */
export const REPLY_TIME = 20_000
/** Binary messages that make no sense, after which none is listened to on this socket. */
const MAX_NONSENSE = 20
/** A socket that ends so soon after the first binary message (ms), this often, belongs to a tracker that wants none. */
const REFUSAL_TIME = 5000
const MAX_REFUSALS = 2
/** A swarm that cannot go on without peers asks again after so long (ms). */
export const HURRY = 8000
/** Pauses before reconnecting (ms). */
const PAUSE = { min: 2_000, max: 300_000 }
/** Bounds on what a tracker may send. */
const MAX_TEXT = 64 * 1024
const MAX_SDP = 16 * 1024
/** Answers in the making per swarm; further offers are ignored. */
const MAX_ANSWERING = 8

interface Membership {
  member: Member
  hash: string
  event: 'started' | null
  stopTimer: () => void
  answering: number
  /** Announces in search of more, since something was lost. */
  searches: number
  announcedAt: number
  /** When the next announce is planned. */
  dueAt: number
  others: number
  announcing: boolean
  /** Whether the last announce asked for the pod as a peer. */
  askedPod: boolean
  /** Ends the wait for the reply to the last announce. */
  stopWait: () => void
  /** The swarm's number on the socket, where there are numbers left. */
  readonly number: number
  line: Line | null
}

export class Tracker {
  private readonly memberships = new Map<string, Membership>()
  private readonly offers = new Map<string, { offer: Offer; stopTimer: () => void; membership: Membership }>()
  private socket: Socket | null = null
  private isOpen = false
  private closed = false
  private failures = 0
  /** Before this moment not even a swarm in need makes it reconnect. */
  private restsUntil = 0
  private stopReconnect: () => void = () => undefined
  private nonsense = 0
  private binarySince: number | null = null
  private refusals = 0
  private readonly url: string
  private readonly peerId: string
  private readonly io: TrackerIo

  constructor(url: string, peerId: Bytes, io: TrackerIo) {
    this.url = url
    this.peerId = toLatin1(peerId)
    this.io = io
  }

  join(member: Member): void {
    const hash = toLatin1(member.infoHash)
    if (this.closed || this.memberships.has(hash)) return
    const membership: Membership = { member, hash, event: 'started', stopTimer: () => undefined, answering: 0, searches: 0, announcedAt: -Infinity, dueAt: Infinity, others: 0, announcing: false, askedPod: false, stopWait: () => undefined, number: this.freeNumber(), line: null }
    this.memberships.set(hash, membership)
    if (this.socket === null) this.connect()
    else if (this.isOpen) this.enter(membership)
  }

  /** Opens the socket before anybody has joined: the first swarm will need it. */
  warm(): void {
    if (this.socket === null && !this.closed) this.connect()
  }

  leave(infoHash: Bytes): void {
    const hash = toLatin1(infoHash)
    const membership = this.memberships.get(hash)
    if (membership === undefined) return
    this.memberships.delete(hash)
    membership.stopTimer()
    membership.stopWait()
    if (membership.line !== null) membership.line.send(writeBye(membership.number))
    this.hangUp(membership)
    for (const [id, pending] of this.offers) if (pending.membership === membership) this.giveUp(id)
    this.send({ action: 'announce', info_hash: hash, peer_id: this.peerId, ...membership.member.progress(), numwant: 0, event: 'stopped' })
  }

  /** A swarm cannot go on without peers: announces as soon as may be, without waiting for the interval or a long pause. */
  hurry(infoHash: Bytes): void {
    const membership = this.memberships.get(toLatin1(infoHash))
    if (membership === undefined || this.closed) return
    const now = this.io.clock.now()
    if (this.socket === null) {
      if (now >= this.restsUntil) this.connect()
    } else if (this.isOpen && !membership.announcing) {
      // The pod as a peer is asked for as soon as it is needed.
      const news = membership.member.needsPod() && !membership.askedPod
      this.sooner(membership, news ? 0 : Math.max(0, membership.announcedAt + HURRY - now))
    }
  }

  /** A swarm has lost a peer: looks for others soon if there are any. */
  lost(infoHash: Bytes): void {
    const membership = this.memberships.get(toLatin1(infoHash))
    if (membership === undefined || !this.isOpen || membership.announcing) return
    membership.searches = 0
    if (this.offersFor(membership) === 0) return
    const pause = LOSS.min + this.chance() * LOSS.spread
    this.sooner(membership, Math.max(pause, membership.announcedAt + TOP_UP - this.io.clock.now()))
  }

  /** The network has changed or the machine was asleep: what was said before may have been lost. */
  revive(): void {
    if (this.closed) return
    if (this.socket === null) {
      if (this.memberships.size > 0) this.connect()
    } else if (this.isOpen) {
      for (const membership of this.memberships.values()) {
        membership.searches = 0
        void this.announce(membership)
      }
    }
  }

  close(): void {
    for (const membership of [...this.memberships.values()]) this.leave(membership.member.infoHash)
    this.closed = true
    this.stopReconnect()
    const socket = this.socket
    this.socket = null
    this.isOpen = false
    socket?.close()
  }

  private connect(): void {
    this.stopReconnect()
    const socket = this.io.openSocket(this.url, {
      opened: () => {
        if (this.socket !== socket) return
        this.isOpen = true
        for (const membership of this.memberships.values()) {
          membership.event = 'started'
          this.enter(membership)
        }
      },
      text: (text) => {
        if (this.socket === socket) this.receive(text)
      },
      binary: (message) => {
        if (this.socket === socket) this.pass(message)
      },
      closed: () => {
        if (this.socket === socket) this.broken()
      },
    })
    this.socket = socket
  }

  private broken(): void {
    this.socket = null
    this.isOpen = false
    const now = this.io.clock.now()
    if (this.binarySince !== null && now - this.binarySince < REFUSAL_TIME) this.refusals++
    this.binarySince = null
    this.nonsense = 0
    for (const id of [...this.offers.keys()]) this.giveUp(id)
    for (const membership of this.memberships.values()) {
      membership.stopTimer()
      membership.stopWait()
      this.hangUp(membership)
      membership.member.others(0, true)
    }
    const pause = Math.min(PAUSE.max, PAUSE.min * 2 ** this.failures++)
    // A share of chance, so that all viewers of a restarted pod do not come back in the same moment.
    const chance = 0.5 + this.chance()
    this.restsUntil = now + HURRY * chance
    this.stopReconnect = this.io.clock.after(pause * chance, () => this.connect())
  }

  /** The first announce of a swarm on this socket. */
  private enter(membership: Membership): void {
    void this.announce(membership, 0)
    if (this.io.conducts === true) this.reach(membership)
  }

  /** Announces, with as many offers as there may be takers unless the number is given. */
  private async announce(membership: Membership, wanted = this.offersFor(membership)): Promise<void> {
    if (membership.announcing) return
    membership.announcedAt = this.io.clock.now()
    membership.stopTimer()
    const { member } = membership
    const needsPod = (membership.askedPod = member.needsPod())
    let made: (Offer | null)[] = []
    if (wanted > 0) {
      membership.announcing = true
      membership.searches++
      made = await Promise.all(Array.from({ length: wanted }, () => member.offer().catch(() => null)))
      membership.announcing = false
    }
    const offers: { offer: { type: 'offer'; sdp: string }; offer_id: string }[] = []
    for (const offer of made) {
      if (offer === null) continue
      if (!this.isOpen || this.memberships.get(membership.hash) !== membership) {
        offer.cancel()
        continue
      }
      const id = toLatin1(this.io.random(20))
      this.offers.set(id, { offer, membership, stopTimer: this.io.clock.after(OFFER_TIME, () => this.giveUp(id)) })
      offers.push({ offer: { type: 'offer', sdp: offer.sdp }, offer_id: id })
    }
    if (this.memberships.get(membership.hash) !== membership) return
    this.send({
      action: 'announce',
      info_hash: membership.hash,
      peer_id: this.peerId,
      ...member.progress(),
      numwant: offers.length,
      offers,
      ...(needsPod ? {} : { seeder: false }),
      ...(membership.event === null ? {} : { event: membership.event }),
    })
    membership.event = null
    this.again(membership, INTERVAL.usual)
    membership.stopWait()
    const { socket } = this
    membership.stopWait = this.io.clock.after(REPLY_TIME, () => {
      if (socket === null || this.socket !== socket) return
      socket.close()
      this.broken()
    })
  }

  /** How many offers make sense: there must be room for them, and others who may take them. */
  private offersFor({ member, others }: Membership): number {
    const some = Math.max(0, Math.min(MAX_OFFERS, member.wanted(), others - member.connected()))
    return member.needsPod() ? Math.max(1, some) : some
  }

  private chance(): number {
    return (this.io.random(1)[0] ?? 0) / 256
  }

  private sooner(membership: Membership, delay: number): void {
    if (this.io.clock.now() + delay < membership.dueAt) this.again(membership, delay)
  }

  private again(membership: Membership, delay: number): void {
    membership.stopTimer()
    membership.dueAt = this.io.clock.now() + delay
    membership.stopTimer = this.io.clock.after(delay, () => {
      if (this.isOpen) void this.announce(membership)
    })
  }

  private freeNumber(): number {
    const taken = new Set([...this.memberships.values()].map(({ number }) => number))
    let number = 0
    while (taken.has(number)) number++
    return number
  }

  /** Lets the swarm speak to whatever conducts it behind this socket. */
  private reach(membership: Membership): void {
    const { socket } = this
    if (membership.line !== null || membership.number >= MAX_SWARMS || this.refusals >= MAX_REFUSALS || this.nonsense > MAX_NONSENSE) return
    membership.line = {
      swarm: membership.number,
      send: (message) => {
        if (socket === null || this.socket !== socket || !this.isOpen) return
        this.binarySince ??= this.io.clock.now()
        socket.send(message)
      },
    }
    membership.member.reached(membership.line)
  }

  private hangUp(membership: Membership): void {
    const { line } = membership
    membership.line = null
    if (line !== null) membership.member.unreached(line)
  }

  /** A binary message: the conductor's, or nothing. */
  private pass(bytes: Uint8Array): void {
    if (this.nonsense > MAX_NONSENSE) return
    const message = bytes.length > MAX_TEXT ? null : readPodMessage(bytes)
    if (message === null) {
      // Kinds that this page does not know yet come and go, too; a stream of them is no conductor's.
      if (++this.nonsense > MAX_NONSENSE) for (const membership of this.memberships.values()) this.hangUp(membership)
      return
    }
    this.refusals = 0
    for (const { number, line, member } of this.memberships.values()) if (number === message.swarm && line !== null) member.heard(line, message)
  }

  private receive(text: string): void {
    const message = parse(text)
    if (message === null) return
    const membership = this.memberships.get(stringAt(message, 'info_hash', 20) ?? '')
    if (membership === undefined) return
    this.failures = 0
    const offer = sdpAt(message, 'offer')
    const answer = sdpAt(message, 'answer')
    const offerId = stringAt(message, 'offer_id', 20)
    const peerId = stringAt(message, 'peer_id', 20)
    if (offer !== null && offerId !== null && peerId !== null) void this.takeOffer(membership, peerId, offerId, offer)
    else if (answer !== null && offerId !== null && peerId !== null) void this.takeAnswer(membership, peerId, offerId, answer)
    else if (message['action'] === 'announce') this.takeAnnounce(membership, message)
  }

  private takeAnnounce(membership: Membership, message: Record<string, unknown>): void {
    membership.stopWait()
    if (typeof message['failure reason'] === 'string') {
      membership.member.others(0, true)
      return
    }
    this.reach(membership)
    const seconds = numberAt(message, 'interval')
    const delay = seconds === null ? INTERVAL.usual : Math.min(INTERVAL.max, Math.max(INTERVAL.min, seconds * 1000))
    const known = (numberAt(message, 'complete') ?? 0) + (numberAt(message, 'incomplete') ?? 0)
    // The tracker counts us, too.
    membership.others = Math.max(0, known - 1)
    membership.member.others(membership.others, membership.askedPod)
    if (membership.announcing) return
    const { searches } = membership
    // The first search follows at once; answers take their time, and some never come.
    if (this.offersFor(membership) === 0) this.again(membership, delay)
    else if (searches === 0) void this.announce(membership)
    else this.again(membership, Math.min(delay, TOP_UP * 2 ** (searches - 1)))
  }

  private async takeOffer(membership: Membership, peerId: string, offerId: string, sdp: string): Promise<void> {
    const { member } = membership
    if (peerId === this.peerId || member.knows(hex(peerId)) || member.room() <= 0 || membership.answering >= MAX_ANSWERING) return
    membership.answering++
    try {
      const answer = await member.answer(sdp)
      if (answer === null) return
      if (this.memberships.get(membership.hash) !== membership) {
        answer.cancel()
        return
      }
      this.send({ action: 'announce', info_hash: membership.hash, peer_id: this.peerId, to_peer_id: peerId, answer: { type: 'answer', sdp: answer.sdp }, offer_id: offerId })
      this.hand(membership, await answer.link, 'answered')
    } finally {
      membership.answering--
    }
  }

  private async takeAnswer(membership: Membership, peerId: string, offerId: string, sdp: string): Promise<void> {
    const pending = this.offers.get(offerId)
    if (pending === undefined || pending.membership !== membership) return
    if (membership.member.knows(hex(peerId))) return
    this.offers.delete(offerId)
    pending.stopTimer()
    this.hand(membership, await pending.offer.accept(sdp), 'offered')
  }

  private hand(membership: Membership, link: Link | null, ours: 'offered' | 'answered'): void {
    if (link === null) membership.member.missed()
    else if (this.memberships.get(membership.hash) === membership) membership.member.link(link, ours)
    else link.close()
  }

  private giveUp(id: string): void {
    const pending = this.offers.get(id)
    if (pending === undefined) return
    this.offers.delete(id)
    pending.stopTimer()
    pending.offer.cancel()
  }

  private send(message: Record<string, unknown>): void {
    if (this.isOpen) this.socket?.send(JSON.stringify(message))
  }
}

function parse(text: string): Record<string, unknown> | null {
  if (text.length > MAX_TEXT) return null
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

function stringAt(message: Record<string, unknown>, key: string, length: number): string | null {
  const value = message[key]
  return typeof value === 'string' && value.length === length ? value : null
}

function numberAt(message: Record<string, unknown>, key: string): number | null {
  const value = message[key]
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
}

function sdpAt(message: Record<string, unknown>, key: 'offer' | 'answer'): string | null {
  const value = message[key]
  if (typeof value !== 'object' || value === null) return null
  const sdp = (value as Record<string, unknown>)['sdp']
  return typeof sdp === 'string' && sdp.length <= MAX_SDP ? sdp : null
}

function hex(peerId: string): string {
  return toHex(fromLatin1(peerId) ?? new Uint8Array(0))
}
