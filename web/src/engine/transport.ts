/*
 * What the engine asks of the world outside: byte links to peers and sockets to trackers, as interfaces. The browser's
 * are in rtc.ts and outside.ts, the tests' are in memory. An offer is always complete (no trickling of candidates),
 * because that is how WebTorrent trackers relay them.
 */

import type { Bytes } from './bytes'

/** What a link tells its owner. */
export interface LinkEvents {
  data(chunk: Uint8Array): void
  /** The send buffer has room again. */
  drained(): void
  closed(): void
}

/** An open, ordered, reliable byte link to another peer. */
export interface Link {
  /** Starts the events; bytes that came earlier are delivered first. */
  listen(events: LinkEvents): void
  send(data: Bytes): void
  /** Bytes handed over and not sent yet. */
  buffered(): number
  close(): void
}

/** An offer of ours that waits for its answer. */
export interface Offer {
  sdp: string
  /** Takes the other side's answer; resolves with the open link, or null when it does not open in time. */
  accept(answer: string): Promise<Link | null>
  cancel(): void
}

/** Our answer to an offer of somebody else. */
export interface Answer {
  sdp: string
  link: Promise<Link | null>
  cancel(): void
}

/** Makes links. Null instead of an offer or an answer means: not possible now. */
export interface Connector {
  offer(): Promise<Offer | null>
  answer(offer: string): Promise<Answer | null>
}

/** What a socket tells its owner. */
export interface SocketEvents {
  opened(): void
  text(message: string): void
  binary(message: Uint8Array): void
  closed(): void
}

/** A WebSocket, as far as a tracker needs it. */
export interface Socket {
  send(message: string | Bytes): void
  close(): void
}

/** Opens a socket; events come later, never during the call. */
export type OpenSocket = (url: string, events: SocketEvents) => Socket
