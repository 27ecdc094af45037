/*
 * Links to other browsers over WebRTC data channels, so that stock WebTorrent clients can be on the other side: one
 * ordered, reliable channel with a random label, made by the offering side; offers and answers carry all candidates,
 * because the tracker relays only one message each way. Gathering is cut off after a while: what is known by then must
 * do. It knows nothing of swarms or of the bytes on the channel.
 */

import type { Bytes } from './bytes'
import { toHex } from './bytes'
import type { Clock } from './clock'
import type { Answer, Connector, Link, LinkEvents, Offer } from './transport'

/**
 * Candidates are collected for at most so long (ms): the first time; when the STUN servers have not answered before (UDP may be
 * blocked here); and once the first of them has answered, for those of other networks this machine is in.
 */
const GATHER_TIME = 2000
const UNANSWERED_TIME = 300
const ANSWERED_TIME = 50
/** After the answer the channel must open within so long (ms). */
const OPEN_TIME = 20_000
/** The channel reports room again when fewer bytes wait. */
const LOW_WATER = 16 * 1024
/** What may come before anybody listens. */
const MAX_EARLY = 256 * 1024

/** What the connector needs of the page. */
export interface RtcIo {
  PeerConnection: typeof RTCPeerConnection
  clock: Clock
  random(length: number): Bytes
  iceServers: RTCIceServer[]
}

/** Makes links by WebRTC. */
export class RtcConnector implements Connector {
  private readonly io: RtcIo
  /** STUN servers were asked, and none has answered since. */
  private unanswered = false
  /** One key for all connections of the page: making one for each takes longer than the rest of an offer. */
  private certificates: Promise<RTCCertificate[]> | null = null

  constructor(io: RtcIo) {
    this.io = io
  }

  async offer(): Promise<Offer | null> {
    const connection = await this.open()
    if (connection === null) return null
    const channel = connection.createDataChannel(toHex(this.io.random(20)))
    const link = this.opened(connection, channel)
    const sdp = await this.describe(connection, () => connection.createOffer())
    if (sdp === null) return null
    return {
      sdp,
      accept: async (answer) => {
        try {
          await connection.setRemoteDescription({ type: 'answer', sdp: answer })
        } catch {
          connection.close()
          return null
        }
        return this.within(connection, link)
      },
      cancel: () => connection.close(),
    }
  }

  async answer(offer: string): Promise<Answer | null> {
    const connection = await this.open()
    if (connection === null) return null
    const link = new Promise<Link | null>((resolve) => {
      connection.ondatachannel = ({ channel }) => {
        connection.ondatachannel = null
        void this.opened(connection, channel).then(resolve)
      }
    })
    try {
      await connection.setRemoteDescription({ type: 'offer', sdp: offer })
    } catch {
      connection.close()
      return null
    }
    const sdp = await this.describe(connection, () => connection.createAnswer())
    if (sdp === null) return null
    return { sdp, link: this.within(connection, link), cancel: () => connection.close() }
  }

  /** Browsers limit the number of connections; at the limit there is simply one peer less. */
  private async open(): Promise<RTCPeerConnection | null> {
    const { PeerConnection, iceServers } = this.io
    try {
      const key: EcKeyGenParams = { name: 'ECDSA', namedCurve: 'P-256' }
      this.certificates ??= PeerConnection.generateCertificate(key).then((one) => [one], () => [])
      return new PeerConnection({ iceServers, certificates: await this.certificates })
    } catch {
      return null
    }
  }

  private async describe(connection: RTCPeerConnection, make: () => Promise<RTCSessionDescriptionInit>): Promise<string | null> {
    try {
      await connection.setLocalDescription(await make())
      await this.gathered(connection)
      const sdp = connection.localDescription?.sdp
      if (sdp !== undefined) return sdp
    } catch {
      // A connection that was closed meanwhile, or an SDP that this browser does not like.
    }
    connection.close()
    return null
  }

  /** Browsers wait many seconds for a STUN server that does not answer; a viewer would notice. */
  private gathered(connection: RTCPeerConnection): Promise<void> {
    if (connection.iceGatheringState === 'complete') return Promise.resolve()
    return new Promise((resolve) => {
      let answered = false
      const done = (): void => {
        stopTimer()
        connection.onicecandidate = connection.onicegatheringstatechange = null
        this.unanswered = !answered && this.io.iceServers.length > 0
        resolve()
      }
      let stopTimer = this.io.clock.after(this.unanswered ? UNANSWERED_TIME : GATHER_TIME, done)
      connection.onicegatheringstatechange = () => {
        if (connection.iceGatheringState === 'complete') done()
      }
      connection.onicecandidate = ({ candidate }) => {
        if (answered || candidate?.type !== 'srflx') return
        answered = true
        stopTimer()
        stopTimer = this.io.clock.after(ANSWERED_TIME, done)
      }
    })
  }

  private opened(connection: RTCPeerConnection, channel: RTCDataChannel): Promise<Link> {
    const link = new ChannelLink(connection, channel)
    return new Promise((resolve) => {
      if (channel.readyState === 'open') resolve(link)
      else channel.onopen = () => resolve(link)
    })
  }

  /** The link, or null and a closed connection when it does not open in time. */
  private within(connection: RTCPeerConnection, link: Promise<Link | null>): Promise<Link | null> {
    return new Promise((resolve) => {
      const stopTimer = this.io.clock.after(OPEN_TIME, () => {
        connection.close()
        resolve(null)
      })
      void link.then((open) => {
        stopTimer()
        resolve(open)
      })
    })
  }
}

class ChannelLink implements Link {
  private events: LinkEvents | null = null
  private early: Uint8Array[] = []
  private earlyBytes = 0
  private over = false
  private readonly connection: RTCPeerConnection
  private readonly channel: RTCDataChannel

  constructor(connection: RTCPeerConnection, channel: RTCDataChannel) {
    this.connection = connection
    this.channel = channel
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = LOW_WATER
    channel.onmessage = ({ data }: MessageEvent<unknown>) => this.receive(data)
    channel.onbufferedamountlow = () => this.events?.drained()
    channel.onclose = channel.onerror = () => this.end()
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === 'failed' || connection.connectionState === 'closed') this.end()
    }
  }

  listen(events: LinkEvents): void {
    this.events = events
    const early = this.early
    this.early = []
    for (const chunk of early) events.data(chunk)
    // The end may have come before anybody listened; it is told later, never during this call.
    if (this.over) queueMicrotask(() => events.closed())
  }

  send(data: Bytes): void {
    if (this.channel.readyState !== 'open') return
    try {
      this.channel.send(data)
    } catch {
      // The send buffer is full beyond all bounds, or the channel is just closing: either way this link is of no use.
      this.close()
    }
  }

  buffered(): number {
    return this.channel.bufferedAmount
  }

  close(): void {
    this.connection.close()
    this.end()
  }

  private receive(data: unknown): void {
    if (!(data instanceof ArrayBuffer)) {
      this.close()
      return
    }
    const chunk = new Uint8Array(data)
    if (this.events !== null) {
      this.events.data(chunk)
      return
    }
    this.earlyBytes += chunk.length
    if (this.earlyBytes > MAX_EARLY) this.close()
    else this.early.push(chunk)
  }

  private end(): void {
    if (this.over) return
    this.over = true
    this.connection.close()
    this.events?.closed()
  }
}
