/*
 * The policy under a conductor, one situation per line of a table.
 */

import { describe, expect, test } from 'vitest'
import type { PeerView, PieceView, View } from './policy'
import { SILENT, STALLED } from './policy'
import { RELIED, schedule } from './schedule'

const NOW = 10_000
const piece = (changes: Partial<PieceView<string>> = {}): PieceView<string> => ({ index: 3, bytes: 65_536, deadline: NOW + 2000, right: null, state: 'idle', owner: null, progressAt: NOW, suspect: false, ...changes })
const peer = (name: string, changes: Partial<PeerView<string>> = {}): PeerView<string> => ({ peer: name, isPod: false, has: () => true, choking: false, snubbed: false, backlog: 0, bytesPerSecond: 500_000, ...changes })
const pod = (changes: Partial<PeerView<string>> = {}): PeerView<string> => peer('pod peer', { isPod: true, ...changes })
const down = { podReady: false, podWorks: false }

/** Who is asked for piece 3: a peer's name, `pod`, or `wait`. */
function decision(changes: Partial<PieceView<string>>, peers: PeerView<string>[] = [], view: Partial<View<string>> = {}): string {
  const { ask, fetch } = schedule({ now: NOW, pieces: [piece(changes)], peers, gathering: false, podReady: true, podWorks: true, ...view })
  return fetch.length > 0 ? 'pod' : (ask[0]?.peer ?? 'wait')
}

type Case = [string, Partial<PieceView<string>>, PeerView<string>[], Partial<View<string>>, string]

describe('a piece that is needed', () => {
  const rescued = { right: 'rescued' } as const
  const slow = peer('a', { bytesPerSecond: 20_000 })
  const cases: Case[] = [
    ['waits when nobody has it', {}, [peer('a', { has: () => false })], {}, 'wait'],
    ['comes from a viewer', {}, [peer('a'), pod()], {}, 'a'],
    ['even from a slow one', {}, [slow], {}, 'a'],
    ['from the quicker one', {}, [slow, peer('b')], {}, 'b'],
    ['not from one that let us down, if there is another', {}, [peer('a', { snubbed: true }), slow && peer('b', { bytesPerSecond: 100_000 })], {}, 'b'],
    ['goes to somebody else when nothing comes', { state: 'peer', owner: 'a', progressAt: NOW - STALLED - 1 }, [peer('b')], {}, 'b'],
    ['is never the pod\'s as a peer while HTTP works', {}, [pod()], {}, 'wait'],
    ['in need of rescue comes from a viewer in time', rescued, [peer('a')], {}, 'a'],
    ['in need of rescue not from one that is too slow', rescued, [slow], {}, 'pod'],
    ['in need of rescue from the pod when nobody has it', rescued, [], {}, 'pod'],
    ['under way in time is left there', { ...rescued, state: 'peer', owner: 'a' }, [peer('a')], {}, 'wait'],
    ['under way too slowly is taken away', { ...rescued, state: 'peer', owner: 'a' }, [slow], {}, 'pod'],
    ['under way without progress is taken away', { ...rescued, state: 'peer', owner: 'a', progressAt: NOW - RELIED - 1 }, [peer('a')], {}, 'pod'],
    ['overdue is taken away', { ...rescued, deadline: NOW - 1, state: 'peer', owner: 'a' }, [peer('a')], {}, 'pod'],
    ['under way over HTTP is left there', { ...rescued, state: 'http' }, [peer('a')], {}, 'wait'],
    ['that was bad comes from the pod', { ...rescued, suspect: true }, [peer('a')], {}, 'pod'],
  ]
  test.each(cases)('%s', (_name, changes, peers, view, expected) => expect(decision(changes, peers, view)).toBe(expected))
})

describe('a piece that is granted or instant', () => {
  const cases = (['granted', 'instant'] as const).flatMap((right): Case[] => [
    [`${right}: comes from the pod whoever has it`, { right }, [peer('a')], {}, 'pod'],
    [`${right}: also without a deadline`, { right, deadline: null }, [], {}, 'pod'],
    [`${right}: not when it is coming already`, { right, state: 'peer', owner: 'a' }, [peer('a')], {}, 'wait'],
    [`${right}: but when nothing comes`, { right, state: 'peer', owner: 'a', progressAt: NOW - RELIED - 1 }, [peer('a')], {}, 'pod'],
    [`${right}: from viewers while HTTP fails`, { right }, [peer('a'), pod()], down, 'a'],
    [`${right}: from the pod as a peer while HTTP fails`, { right }, [pod()], down, 'pod peer'],
    [`${right}: waits for it to let us ask`, { right }, [pod({ choking: true })], { podReady: true, podWorks: false }, 'wait'],
    [`${right}: tries HTTP again when nobody else is there`, { right }, [], { podReady: true, podWorks: false }, 'pod'],
    [`${right}: is taken from HTTP that fell silent`, { right, state: 'http', progressAt: NOW - SILENT - 1 }, [peer('a')], down, 'a'],
  ])
  test.each(cases)('%s', (_name, changes, peers, view, expected) => expect(decision(changes, peers, view)).toBe(expected))
})

describe('a piece far ahead', () => {
  const far = { deadline: null }
  const cases: Case[] = [
    ['comes from a viewer', far, [peer('a')], {}, 'a'],
    ['never from the pod', far, [pod()], down, 'wait'],
    ['waits while its holder has much to do', far, [peer('a', { backlog: 4_000_000 })], {}, 'wait'],
  ]
  test.each(cases)('%s', (_name, changes, peers, view, expected) => expect(decision(changes, peers, view)).toBe(expected))
})

test('what is needed is not kept waiting by what is not', () => {
  const peers = [peer('a', { backlog: 3_000_000 })]
  const pieces = [piece({ index: 1, right: 'rescued', deadline: NOW + 1000 }), piece({ index: 90, deadline: null, state: 'peer', owner: 'a' })]
  expect(schedule({ now: NOW, pieces, peers, gathering: false, podReady: true, podWorks: true })).toEqual({ ask: [{ index: 1, peer: 'a' }], fetch: [] })
})

test('a fragment to be rescued is divided between those who bring it in time and the pod', () => {
  const pieces = Array.from({ length: 20 }, (_, index) => piece({ index, right: 'rescued', deadline: NOW + 1000 }))
  const { ask, fetch } = schedule({ now: NOW, pieces, peers: [peer('a'), peer('b')], gathering: false, podReady: true, podWorks: true })
  expect([ask.length, fetch.length]).toEqual([12, 8])
  expect(fetch).toEqual(Array.from({ length: 8 }, (_, i) => i + 12))
})
