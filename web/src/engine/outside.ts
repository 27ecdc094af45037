/*
 * The browser's side of everything the engine is given: clock, randomness, fetch, sockets, links and what is known about
 * the viewer's connection. Tests give their own. Nothing else in the engine touches a global of the page.
 */

import type { Bytes } from './bytes'
import type { Clock } from './clock'
import { wallClock } from './clock'
import type { Sha1 } from './metainfo'
import { RtcConnector } from './rtc'
import type { Connector, OpenSocket } from './transport'
import { browserSha1 } from './verify'

/** Everything outside the engine. */
export interface Outside {
  clock: Clock
  random(length: number): Bytes
  fetcher: typeof fetch
  /** Null in an insecure context. */
  sha1: Sha1 | null
  /** Null where there is no WebRTC. */
  connector: Connector | null
  openSocket: OpenSocket
  /** The viewer pays by the byte, or asked to save. */
  metered(): boolean
}

interface NetworkInformation {
  saveData?: boolean
  type?: string
}

/** The browser as it is. */
export function browserOutside(iceServers: RTCIceServer[]): Outside {
  const random = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length))
  const PeerConnection = globalThis.RTCPeerConnection as typeof RTCPeerConnection | undefined
  return {
    clock: wallClock,
    random,
    fetcher: (input, init) => fetch(input, init),
    sha1: browserSha1(),
    connector: PeerConnection === undefined ? null : new RtcConnector({ PeerConnection, clock: wallClock, random, iceServers }),
    openSocket,
    metered: () => {
      const connection = (navigator as Navigator & { connection?: NetworkInformation }).connection
      return connection?.saveData === true || connection?.type === 'cellular'
    },
  }
}

const openSocket: OpenSocket = (url, events) => {
  let socket: WebSocket
  try {
    socket = new WebSocket(url)
  } catch {
    // An address that is none, or one that this page may not open; told later, like every other end.
    queueMicrotask(() => events.closed())
    return { send: () => undefined, close: () => undefined }
  }
  socket.onopen = () => events.opened()
  socket.onclose = () => events.closed()
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (typeof data === 'string') events.text(data)
  }
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text)
    },
    close: () => socket.close(),
  }
}
