/*
 * Who is asked for which piece, and when the pod steps in, where nobody conducts the swarm: a pure function of what is
 * known at the moment, like its sister in schedule.ts, which follows a conductor. This one is simple on purpose. What
 * hls.js asks for now is urgent: it comes from a peer that holds it while the playback buffer allows waiting, otherwise
 * from the pod; what lies ahead comes from other viewers only, because it costs the pod nothing. The pod is asked over
 * HTTP, which is cheapest for it; as a peer it is the last resort while its HTTP does not work.
 */

import type { Right } from './job'

/** A piece that is wanted and not there yet. */
export interface PieceView<Peer> {
  index: number
  /** What is missing of it. */
  bytes: number
  /** When the player will run out of patience (clock milliseconds), or null for a piece ahead of what it asked for. */
  deadline: number | null
  /** Why it may come from the pod, where that is decided already (see schedule.ts). */
  right: Right | null
  /** Under way with nobody, another viewer, the pod as a peer, or the pod over HTTP. */
  state: 'idle' | 'peer' | 'pod' | 'http'
  /** The peer that has been asked. */
  owner: Peer | null
  /** When something of it came last, or when it was given out. */
  progressAt: number
  /** Somebody's blocks made it bad before: only one source at a time, the pod if it is urgent. */
  suspect: boolean
}

/** A peer that may be asked. */
export interface PeerView<Peer> {
  peer: Peer
  /** It is the pod. */
  isPod: boolean
  has(index: number): boolean
  choking: boolean
  /** Let us down lately: asked only when nobody else can be. */
  snubbed: boolean
  /** Bytes asked for and not here yet. */
  backlog: number
  bytesPerSecond: number
}

/** Everything the policy looks at. */
export interface View<Peer> {
  now: number
  /** Urgent ones first, each group in the order of playback. */
  pieces: PieceView<Peer>[]
  peers: PeerView<Peer>[]
  /** New peers may still appear within moments. */
  gathering: boolean
  /** The pod can be asked over HTTP (its last answer was no failure a moment ago). */
  podReady: boolean
  /** The pod's last answer over HTTP was none of failure or long silence. */
  podWorks: boolean
}

/** What to do. A piece that is under way elsewhere is taken away there first. */
export interface Plan<Peer> {
  ask: { index: number; peer: Peer }[]
  fetch: number[]
}

/** Shortest and longest wait for peers with one urgent piece, and its share of the time that the buffer lasts (ms). */
export const PATIENCE_MIN = 400
export const PATIENCE_MAX = 3000
export const PATIENCE_SHARE = 0.5
/** A piece from a peer on which nothing came for so long is given to somebody else (ms). */
export const STALLED = 1500
/** The same for the pod over HTTP: the first byte may have to wait for a disk (ms). */
export const SILENT = 3000
/** As long as blocks keep coming at this pace, an overdue piece is waited for, up to GRACE beyond its deadline (ms). */
export const MOVING = 250
export const GRACE = 500
/** After joining a swarm, peers are expected to appear for so long (ms). */
export const GATHERING = 6000
/** A peer's backlog: about so many seconds of its rate, within these bounds (bytes). */
export const BACKLOG_SECONDS = 0.7
export const BACKLOG_MIN = 256 * 1024
export const BACKLOG_MAX = 4 * 1024 * 1024
/** What a peer is believed to send before it was measured (bytes per second). */
export const RATE_GUESS = 500_000

/** How long an urgent piece may wait for peers when the player has `lead` seconds in its buffer. */
export function patience(lead: number): number {
  return Math.min(PATIENCE_MAX, Math.max(PATIENCE_MIN, lead * 1000 * PATIENCE_SHARE))
}

/** Decides what to ask of whom now. */
export function plan<Peer>(view: View<Peer>): Plan<Peer> {
  const result: Plan<Peer> = { ask: [], fetch: [] }
  const crowd: Crowd<Peer> = { viewers: [], pods: [] }
  for (const peer of view.peers) {
    if (!peer.isPod) crowd.viewers.push({ ...peer })
    else if (!view.podWorks) crowd.pods.push({ ...peer })
  }
  for (const piece of view.pieces) {
    if (piece.deadline === null) ahead(piece, view.now, crowd.viewers, result)
    else if (piece.state === 'idle') urgent(piece, piece.deadline, view, crowd, result)
    else underWay(piece, piece.deadline, view, crowd, result)
  }
  return result
}

/** Who may be asked: other viewers, and the pod itself while there is reason to. */
interface Crowd<Peer> {
  viewers: PeerView<Peer>[]
  pods: PeerView<Peer>[]
}

function urgent<Peer>(piece: PieceView<Peer>, deadline: number, view: View<Peer>, { viewers, pods }: Crowd<Peer>, result: Plan<Peer>): void {
  const left = deadline - view.now
  const http = view.podReady && view.podWorks
  if (piece.suspect && http) {
    result.fetch.push(piece.index)
    return
  }
  if (piece.suspect && choose(piece, Infinity, pods, result)) return
  if (choose(piece, left, viewers, result) || choose(piece, Infinity, pods, result)) return
  if (!http && choose(piece, Infinity, viewers, result)) return
  // A peer that chokes us may let us in any moment, and one that connects may hold the piece: worth the patience.
  const choking = [...viewers, ...pods].some((peer) => peer.has(piece.index) && peer.choking && !peer.snubbed)
  const wait = http ? (view.gathering || choking) && left > 0 && !nearNow(left) : choking
  if (view.podReady && !wait) result.fetch.push(piece.index)
}

/** A piece that is asked for already stays where it is, unless it is late or nothing comes. */
function underWay<Peer>(piece: PieceView<Peer>, deadline: number, view: View<Peer>, { viewers, pods }: Crowd<Peer>, result: Plan<Peer>): void {
  const left = deadline - view.now
  const quiet = view.now - piece.progressAt
  const anybody = (): boolean => choose(piece, Infinity, viewers, result) || choose(piece, Infinity, pods, result)
  if (piece.state === 'http') {
    if (!view.podWorks && quiet > SILENT) anybody()
    return
  }
  const overdue = left <= 0 && (quiet > MOVING || left < -GRACE)
  if (overdue && view.podReady && view.podWorks) result.fetch.push(piece.index)
  else if (overdue && piece.state === 'peer' && choose(piece, Infinity, pods, result)) return
  else if (quiet > STALLED) anybody()
}

function ahead<Peer>(piece: PieceView<Peer>, now: number, peers: PeerView<Peer>[], result: Plan<Peer>): void {
  if (piece.state === 'http') return
  if (piece.state === 'idle' || now - piece.progressAt > STALLED * 2) choose(piece, Infinity, peers, result)
}

/** With the least patience the player is about to start or to stall; then only peers that can answer now count. */
function nearNow(left: number): boolean {
  return left <= PATIENCE_MIN
}

/** Gives the piece to the peer that would have it here first, if that is within `left` milliseconds. */
function choose<Peer>(piece: PieceView<Peer>, left: number, peers: PeerView<Peer>[], result: Plan<Peer>): boolean {
  let best: PeerView<Peer> | null = null
  let bestTime = left
  for (const peer of peers) {
    if (peer.choking || !peer.has(piece.index)) continue
    // Urgent pieces may pile up, they are bounded by the time they take; those ahead must not stand in their way.
    if (piece.deadline === null && peer.backlog > 0 && peer.backlog + piece.bytes > room(peer)) continue
    const time = ((peer.backlog + piece.bytes) / peer.bytesPerSecond) * 1000 + (peer.snubbed ? 10 * STALLED : 0)
    if (time < bestTime) {
      best = peer
      bestTime = time
    }
  }
  if (best === null) return false
  best.backlog += piece.bytes
  result.ask.push({ index: piece.index, peer: best.peer })
  return true
}

function room<Peer>(peer: PeerView<Peer>): number {
  return Math.min(BACKLOG_MAX, Math.max(BACKLOG_MIN, peer.bytesPerSecond * BACKLOG_SECONDS))
}
