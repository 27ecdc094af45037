/*
 * Who is asked for which piece in a swarm that a pod conducts: a pure function of what is known at the moment, in the
 * order in which the pieces are needed. What the player may take from the pod (the first pieces of a start, what the pod
 * granted) is fetched over HTTP at once; everything else comes from other viewers, each piece from the one who would have
 * it here first. Where a rescue is due, a piece that no viewer brings in time is fetched as well, and only then. Who has
 * which right is decided in wanting.ts. As long as HTTP fails, the pod as a peer takes its place.
 */

import type { PeerView, PieceView, Plan, View } from './policy'
import { SILENT, STALLED } from './policy'

/** A peer that was asked for a piece and sends nothing for so long is not relied upon when a rescue is due (ms). */
export const RELIED = 1000
/** Nobody is believed to keep a promise to the last moment (ms). */
export const MARGIN = 150

/** What is needed within this time is asked for first (ms). */
export const SOON = 2000
/** A peer is asked for about so many seconds of its rate at a time, and at least for so much (bytes). */
const PORTION_SECONDS = 0.5
const PORTION_MIN = 128 * 1024
/** A peer that let us down is thought of as so much slower (ms). */
const DISTRUST = 15_000

/** Decides what to ask of whom now. */
export function schedule<Peer>(view: View<Peer>): Plan<Peer> {
  const result: Plan<Peer> = { ask: [], fetch: [] }
  const http = view.podReady && view.podWorks
  // Peers are asked for small portions: what one viewer has to send to all would make everybody wait for it, while those
  // who have other pieces by then could exchange them. Only where a rescue is due, a peer may be asked for as much as it
  // can send in time; then what is asked of it counts in the order of need.
  const viewers: PeerView<Peer>[] = []
  const laden: PeerView<Peer>[] = []
  const pods: PeerView<Peer>[] = []
  for (const peer of view.peers) {
    if (peer.isPod) {
      if (!view.podWorks) pods.push({ ...peer })
      continue
    }
    viewers.push({ ...peer, backlog: 0 })
    laden.push({ ...peer })
  }
  for (const piece of view.pieces) {
    const owner = piece.owner === null ? undefined : viewers.find(({ peer }) => peer === piece.owner)
    if (owner !== undefined) owner.backlog += piece.bytes
    const pressing = piece.right !== null
    const step = decide(piece, view, http, pressing ? viewers : laden, pressing, pods, owner, result)
    if (step === 'fetch') result.fetch.push(piece.index)
    if (step !== 'ask') continue
    const asked = (pressing ? laden : viewers).find(({ peer }) => peer === result.ask.at(-1)?.peer)
    if (asked !== undefined) asked.backlog += piece.bytes
  }
  return result
}

function decide<Peer>(
  piece: PieceView<Peer>,
  view: View<Peer>,
  http: boolean,
  viewers: PeerView<Peer>[],
  pressing: boolean,
  pods: PeerView<Peer>[],
  owner: PeerView<Peer> | undefined,
  result: Plan<Peer>,
): 'ask' | 'fetch' | 'wait' {
  const quiet = view.now - piece.progressAt
  const anybody = (): 'ask' | 'wait' => (choose(piece, Infinity, viewers, pressing, result) ? 'ask' : 'wait')
  const pod = (): 'ask' | 'wait' => (choose(piece, Infinity, pods, true, result) ? 'ask' : 'wait')
  if (piece.state === 'http') {
    if (view.podWorks || quiet <= SILENT) return 'wait'
    return anybody() === 'ask' ? 'ask' : pod()
  }
  if (piece.right !== null) {
    if (http) return withPod(piece, view, viewers, owner, quiet, result)
    if (piece.state === 'idle') {
      if (anybody() === 'ask' || pod() === 'ask') return 'ask'
      return view.podReady && !pods.some(({ choking, snubbed }) => choking && !snubbed) ? 'fetch' : 'wait'
    }
    // Somebody who is late is replaced by the pod, whoever it is by anybody when nothing comes.
    const late = piece.deadline !== null && piece.deadline < view.now && piece.state === 'peer'
    if (late && quiet > RELIED && pod() === 'ask') return 'ask'
    return quiet > STALLED ? (anybody() === 'ask' ? 'ask' : pod()) : 'wait'
  }
  if (piece.state === 'idle') return anybody()
  return quiet > (piece.deadline === null ? 2 * STALLED : STALLED) ? anybody() : 'wait'
}

/** The pod may be asked: whether it is depends on why, and on what viewers would do. */
function withPod<Peer>(
  piece: PieceView<Peer>,
  view: View<Peer>,
  viewers: PeerView<Peer>[],
  owner: PeerView<Peer> | undefined,
  quiet: number,
  result: Plan<Peer>,
): 'ask' | 'fetch' | 'wait' {
  if (piece.suspect) return 'fetch'
  if (piece.right !== 'rescued') return piece.state === 'idle' || quiet > RELIED ? 'fetch' : 'wait'
  const left = (piece.deadline ?? view.now) - view.now - MARGIN
  if (piece.state === 'idle') return choose(piece, left, viewers, true, result) ? 'ask' : 'fetch'
  if (owner === undefined) return 'fetch'
  const needs = (owner.backlog / owner.bytesPerSecond) * 1000
  return needs <= left && quiet <= RELIED ? 'wait' : 'fetch'
}

/** Gives the piece to the peer that would have it here first, if that is within `left` milliseconds. */
function choose<Peer>(piece: PieceView<Peer>, left: number, peers: PeerView<Peer>[], pressing: boolean, result: Plan<Peer>): boolean {
  let best: PeerView<Peer> | null = null
  let bestTime = left
  for (const peer of peers) {
    if (peer.choking || !peer.has(piece.index)) continue
    if (!pressing && peer.backlog > 0 && peer.backlog + piece.bytes > Math.max(PORTION_MIN, peer.bytesPerSecond * PORTION_SECONDS)) continue
    const time = ((peer.backlog + piece.bytes) / peer.bytesPerSecond) * 1000 + (peer.snubbed ? DISTRUST : 0)
    if (time >= bestTime) continue
    best = peer
    bestTime = time
  }
  if (best === null) return false
  best.backlog += piece.bytes
  result.ask.push({ index: piece.index, peer: best.peer })
  return true
}
