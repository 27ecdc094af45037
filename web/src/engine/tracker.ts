/*
 * A client of WebTorrent's tracker protocol: JSON over a WebSocket, offers and answers relayed between peers, hashes and
 * ids as strings of bytes. All swarms of a page share one socket per tracker. It keeps announcing, reconnects with
 * growing pauses, and forgets offers that nobody answered. The tracker relays words of strangers, so sizes and counts
 * are bounded here; what an offer contains is the business of the connector. It is no judge of peers.
 */

import type { Bytes } from './bytes'
import { fromLatin1, toHex, toLatin1 } from './bytes'
import type { Clock } from './clock'
import type { Answer, Link, Offer, OpenSocket, Socket } from './transport'

/** One swarm, as the tracker client sees it. */
export interface Member {
  readonly infoHash: Bytes
  progress(): { uploaded: number; downloaded: number; left: number }
  /** How many further peers it would like to have. */
  room(): number
  /** How many peers it is connected to; the pod counts only where there is nobody else to meet. */
  connected(): number
  knows(peerId: string): boolean
  offer(): Promise<Offer | null>
  answer(sdp: string): Promise<Answer | null>
  link(link: Link, ours: 'offered' | 'answered'): void
  /** How many others the tracker knows, the pod among them when it is a peer; 0 also when the tracker cannot be reached. */
  others(count: number): void
}

/** Where the client gets sockets, time and randomness. */
export interface TrackerIo {
  openSocket: OpenSocket
  clock: Clock
  random(length: number): Bytes
}

/** Offers per announce. */
export const MAX_OFFERS = 5
/** An unanswered offer is given up after so long (ms). */
export const OFFER_TIME = 50_000
/** Bounds of the tracker's announce interval, and what is assumed without one (ms). */
const INTERVAL = { min: 30_000, usual: 120_000, max: 3_600_000 }
/** A swarm with others but without connections asks again after so long, a few times (ms). */
export const LONELY = 12_000
const LONELY_TRIES = 4
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
  lonely: number
  announcedAt: number
  others: number
  announcing: boolean
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
    const membership: Membership = { member, hash, event: 'started', stopTimer: () => undefined, answering: 0, lonely: 0, announcedAt: -Infinity, others: 0, announcing: false }
    this.memberships.set(hash, membership)
    if (this.socket === null) this.connect()
    else if (this.isOpen) void this.announce(membership)
  }

  leave(infoHash: Bytes): void {
    const hash = toLatin1(infoHash)
    const membership = this.memberships.get(hash)
    if (membership === undefined) return
    this.memberships.delete(hash)
    membership.stopTimer()
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
      this.again(membership, Math.max(0, membership.announcedAt + HURRY - now))
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
          void this.announce(membership)
        }
      },
      text: (text) => {
        if (this.socket === socket) this.receive(text)
      },
      closed: () => {
        if (this.socket === socket) this.lost()
      },
    })
    this.socket = socket
  }

  private lost(): void {
    this.socket = null
    this.isOpen = false
    for (const id of [...this.offers.keys()]) this.giveUp(id)
    for (const membership of this.memberships.values()) {
      membership.stopTimer()
      membership.member.others(0)
    }
    const pause = Math.min(PAUSE.max, PAUSE.min * 2 ** this.failures++)
    // A share of chance, so that all viewers of a restarted pod do not come back in the same moment.
    const chance = 0.5 + (this.io.random(1)[0] ?? 0) / 256
    this.restsUntil = this.io.clock.now() + HURRY * chance
    this.stopReconnect = this.io.clock.after(pause * chance, () => this.connect())
  }

  private async announce(membership: Membership): Promise<void> {
    if (membership.announcing) return
    membership.announcing = true
    membership.announcedAt = this.io.clock.now()
    membership.stopTimer()
    const { member } = membership
    const wanted = Math.max(0, Math.min(MAX_OFFERS, member.room()))
    const made = await Promise.all(Array.from({ length: wanted }, () => member.offer().catch(() => null)))
    membership.announcing = false
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
      ...(membership.event === null ? {} : { event: membership.event }),
    })
    membership.event = null
    this.again(membership, INTERVAL.usual)
  }

  private again(membership: Membership, delay: number): void {
    membership.stopTimer()
    membership.stopTimer = this.io.clock.after(delay, () => {
      if (this.isOpen) void this.announce(membership)
    })
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
    if (typeof message['failure reason'] === 'string') {
      membership.member.others(0)
      return
    }
    const seconds = numberAt(message, 'interval')
    let delay = seconds === null ? INTERVAL.usual : Math.min(INTERVAL.max, Math.max(INTERVAL.min, seconds * 1000))
    const known = (numberAt(message, 'complete') ?? 0) + (numberAt(message, 'incomplete') ?? 0)
    // The tracker counts us, too.
    membership.others = Math.max(0, known - 1)
    membership.member.others(membership.others)
    if (membership.member.connected() > 0) membership.lonely = 0
    else if (membership.others > 0 && membership.lonely++ < LONELY_TRIES) delay = LONELY
    this.again(membership, delay)
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
    if (link === null) return
    if (this.memberships.get(membership.hash) === membership) membership.member.link(link, ours)
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
