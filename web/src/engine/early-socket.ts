/*
 * A socket to the tracker that is opened before there is an engine: the way there and back is over when the engine has
 * something to say, and what may come from the pod at a start is known sooner. It is taken once or closed again.
 */

/** Nobody will take it any more (ms). */
const UNWANTED = 10_000

let early: { url: string; socket: WebSocket } | undefined

/** Opens a socket for whoever takes it. */
export function openEarly(url: string): void {
  try {
    early = { url, socket: new WebSocket(url) }
  } catch {
    return
  }
  const { socket } = early
  setTimeout(() => {
    if (early?.socket === socket) takeEarly(url)?.close()
  }, UNWANTED)
}

/** The socket that was opened to this address, unless it is closed already; undefined when there is none. */
export function takeEarly(url: string): WebSocket | undefined {
  if (early?.url !== url) return undefined
  const { socket } = early
  early = undefined
  return socket.readyState <= WebSocket.OPEN ? socket : undefined
}
