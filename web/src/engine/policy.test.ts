/*
 * The policy's decisions, one situation per line of a table.
 */

import { describe, expect, test } from 'vitest'
import type { PeerView, PieceView, View } from './policy'
import { BACKLOG_MIN, GRACE, patience, PATIENCE_MAX, PATIENCE_MIN, plan, SILENT, STALLED } from './policy'

const NOW = 10_000
const SOON = NOW + 2000
const piece = (changes: Partial<PieceView<string>> = {}): PieceView<string> => ({ index: 3, bytes: 65_536, deadline: SOON, right: null, state: 'idle', owner: null, progressAt: NOW, suspect: false, ...changes })
const peer = (name: string, changes: Partial<PeerView<string>> = {}): PeerView<string> => ({ peer: name, isPod: false, has: () => true, choking: false, snubbed: false, backlog: 0, bytesPerSecond: 500_000, ...changes })
const view = (changes: Partial<View<string>>): View<string> => ({ now: NOW, pieces: [piece()], peers: [], gathering: false, podReady: true, podWorks: true, ...changes })
/** The pod as a peer. */
const pod = (changes: Partial<PeerView<string>> = {}): PeerView<string> => peer('pod peer', { isPod: true, ...changes })
/** HTTP failed a moment ago. */
const down = { podReady: false, podWorks: false }

/** Who is asked for piece 3: a peer's name, `pod`, or `wait`. */
function decision(changes: Partial<View<string>>): string {
  const { ask, fetch } = plan(view(changes))
  return fetch.length > 0 ? 'pod' : (ask[0]?.peer ?? 'wait')
}

describe('an urgent piece', () => {
  const cases: [string, Partial<View<string>>, string][] = [
    ['comes from the pod when nobody is there', {}, 'pod'],
    ['waits while peers are expected', { gathering: true }, 'wait'],
    ['does not wait when the player is about to start', { gathering: true, pieces: [piece({ deadline: NOW + PATIENCE_MIN })] }, 'pod'],
    ['comes from a peer that holds it', { peers: [peer('a')] }, 'a'],
    ['not from one that lacks it', { peers: [peer('a', { has: () => false })] }, 'pod'],
    ['waits for one that chokes', { peers: [peer('a', { choking: true })] }, 'wait'],
    ['but not for ever', { peers: [peer('a', { choking: true })], pieces: [piece({ deadline: NOW })] }, 'pod'],
    ['comes from the quicker of two', { peers: [peer('a'), peer('b', { bytesPerSecond: 900_000 })] }, 'b'],
    ['and from the one with less to do', { peers: [peer('a', { backlog: 200_000 }), peer('b')] }, 'b'],
    ['not from one that would be late', { peers: [peer('a', { bytesPerSecond: 20_000 })] }, 'pod'],
    ['not from one that let us down', { peers: [peer('a', { snubbed: true })] }, 'pod'],
    ['unless the pod is down', { peers: [peer('a', { snubbed: true })], ...down }, 'a'],
    ['waits when there is nobody at all', { ...down }, 'wait'],
    ['that was bad comes from the pod', { peers: [peer('a')], pieces: [piece({ suspect: true })] }, 'pod'],
    ['under way at the pod is left there', { peers: [peer('a')], pieces: [piece({ state: 'http' })] }, 'wait'],
    ['under way at a peer is left there', { peers: [peer('a')], pieces: [piece({ state: 'peer' })] }, 'wait'],
    ['that stalls goes to somebody else', { peers: [peer('a')], pieces: [piece({ state: 'peer', progressAt: NOW - STALLED - 1 })] }, 'a'],
    ['overdue but moving gets a moment more', { pieces: [piece({ state: 'peer', deadline: NOW - 10 })] }, 'wait'],
    ['overdue and not moving goes to the pod', { pieces: [piece({ state: 'peer', deadline: NOW - 10, progressAt: NOW - 1000 })] }, 'pod'],
    ['long overdue goes to the pod', { pieces: [piece({ state: 'peer', deadline: NOW - GRACE - 10 })] }, 'pod'],
  ]
  test.each(cases)('%s', (_name, changes, expected) => {
    expect(decision(changes)).toBe(expected)
  })
})

describe('an urgent piece, with the pod as a peer', () => {
  const failing = { podReady: true, podWorks: false }
  const slow = peer('a', { bytesPerSecond: 20_000 })
  const under = (state: PieceView<string>['state'], changes: Partial<PieceView<string>> = {}): PieceView<string>[] => [piece({ state, ...changes })]
  const cases: [string, Partial<View<string>>, string][] = [
    ['comes over HTTP as long as that works', { peers: [pod()] }, 'pod'],
    ['waits for other viewers all the same', { peers: [pod(), peer('a', { choking: true })] }, 'wait'],
    ['comes from it when HTTP fails', { peers: [pod()], ...down }, 'pod peer'],
    ['even if HTTP might be tried again', { peers: [pod()], ...failing }, 'pod peer'],
    ['but rather from another viewer', { peers: [pod({ bytesPerSecond: 9e9 }), peer('a')], ...down }, 'a'],
    ['unless that one would be late', { peers: [pod(), slow], ...down }, 'pod peer'],
    ['from the late one while the pod chokes', { peers: [pod({ choking: true }), slow], ...down }, 'a'],
    ['waits until it lets us ask', { peers: [pod({ choking: true })], ...failing }, 'wait'],
    ['comes over HTTP when it cannot be relied upon', { peers: [pod({ choking: true, snubbed: true })], ...failing }, 'pod'],
    ['that was bad comes from it rather than from a viewer', { peers: [pod(), peer('a')], pieces: [piece({ suspect: true })], ...down }, 'pod peer'],
    ['under way over HTTP is left there for a while', { peers: [pod()], pieces: under('http', { progressAt: NOW - SILENT }), ...failing }, 'wait'],
    ['and then taken away', { peers: [pod()], pieces: under('http', { progressAt: NOW - SILENT - 1 }), ...failing }, 'pod peer'],
    ['but not while HTTP works', { peers: [pod(), peer('a')], pieces: under('http', { progressAt: NOW - SILENT - 1 }) }, 'wait'],
    ['overdue at a viewer goes to it', { peers: [pod(), slow], pieces: under('peer', { deadline: NOW - GRACE - 1 }), ...down }, 'pod peer'],
    ['overdue at it stays there', { peers: [pod(), slow], pieces: under('pod', { deadline: NOW - GRACE - 1 }), ...failing }, 'wait'],
    ['stalled at it goes to a viewer', { peers: [pod(), peer('a')], pieces: under('pod', { progressAt: NOW - STALLED - 1 }), ...down }, 'a'],
    ['overdue at it goes back to HTTP when that works again', { peers: [pod()], pieces: under('pod', { deadline: NOW - GRACE - 1 }) }, 'pod'],
  ]
  test.each(cases)('%s', (_name, changes, expected) => {
    expect(decision(changes)).toBe(expected)
  })
})

describe('a piece ahead', () => {
  const ahead = piece({ deadline: null })
  const cases: [string, Partial<View<string>>, string][] = [
    ['never comes from the pod', {}, 'wait'],
    ['comes from a peer that holds it', { peers: [peer('a')] }, 'a'],
    ['waits while the peer has enough to do', { peers: [peer('a', { backlog: BACKLOG_MIN * 4 })] }, 'wait'],
    ['never comes from the pod as a peer', { peers: [pod()], ...down }, 'wait'],
    ['may take its time', { peers: [peer('a', { bytesPerSecond: 2000 })] }, 'a'],
  ]
  test.each(cases)('%s', (_name, changes, expected) => {
    expect(decision({ pieces: [ahead], ...changes })).toBe(expected)
  })
})

test('the pieces of a fragment are spread over peers, and over the pod when they would be late', () => {
  const pieces = Array.from({ length: 30 }, (_, index) => piece({ index, deadline: NOW + 1000 }))
  const { ask, fetch } = plan(view({ pieces, peers: [peer('a'), peer('b')] }))
  expect(ask.filter(({ peer }) => peer === 'a')).toHaveLength(7)
  expect(ask.filter(({ peer }) => peer === 'b')).toHaveLength(7)
  expect(fetch).toEqual(Array.from({ length: 16 }, (_, i) => i + 14))
})

test('patience grows with the buffer, within bounds', () => {
  expect([0, 0.5, 2, 4, 60].map(patience)).toEqual([PATIENCE_MIN, PATIENCE_MIN, 1000, 2000, PATIENCE_MAX])
})
