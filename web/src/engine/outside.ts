/*
 * The browser's side of everything the engine is given: clock, randomness, fetch, sockets, links and what is known about
 * the viewer's connection. Tests give their own. Nothing else in the engine touches a global of the page.
 */

import type { Bytes } from './bytes'
import { cacheStorage } from './cache-storage'
import type { Clock } from './clock'
import { wallClock } from './clock'
import { takeEarly } from './early-socket'
import type { Keep } from './kept'
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
  /** Nobody looks at the page. */
  hidden(): boolean
  /** Tells when the network is back or another one; the returned function ends that. */
  whenOnline(run: () => void): () => void
  /** Where pieces survive the page; null where nothing does. */
  keep: Keep | null
  /** Milliseconds since 1970, to be compared over visits. */
  today(): number
}

interface NetworkInformation extends Partial<EventTarget> {
  saveData?: boolean
  type?: string
}

function connectionOf(): NetworkInformation | undefined {
  return (navigator as Navigator & { connection?: NetworkInformation }).connection
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
      const connection = connectionOf()
      return connection?.saveData === true || connection?.type === 'cellular'
    },
    hidden: () => document.visibilityState === 'hidden',
    whenOnline: (run) => {
      addEventListener('online', run)
      const connection = connectionOf()
      // It also tells of every new estimate of the speed; another kind of network is what matters.
      let { type } = connection ?? {}
      const changed = (): void => {
        if (connection?.type === type) return
        type = connection?.type
        run()
      }
      connection?.addEventListener?.('change', changed)
      return () => {
        removeEventListener('online', run)
        connection?.removeEventListener?.('change', changed)
      }
    },
    keep: cacheStorage(),
    today: () => Date.now(),
  }
}

const openSocket: OpenSocket = (url, events) => {
  let socket: WebSocket
  try {
    socket = takeEarly(url) ?? new WebSocket(url)
  } catch {
    // An address that is none, or one that this page may not open; told later, like every other end.
    queueMicrotask(() => events.closed())
    return { send: () => undefined, close: () => undefined }
  }
  socket.binaryType = 'arraybuffer'
  if (socket.readyState === WebSocket.OPEN) queueMicrotask(() => events.opened())
  else socket.onopen = () => events.opened()
  socket.onclose = () => events.closed()
  socket.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (typeof data === 'string') events.text(data)
    else if (data instanceof ArrayBuffer) events.binary(new Uint8Array(data))
  }
  return {
    send: (message) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(message)
    },
    close: () => socket.close(),
  }
}
