/*
 * The tracker client: what it says, how it comes back, and what it does not believe.
 */

import { describe, expect, test } from 'vitest'
import { toLatin1 } from './bytes'
import { noise, settle, TestClock } from './test/world'
import type { Member } from './tracker'
import { HURRY, LONELY, MAX_OFFERS, OFFER_TIME, Tracker } from './tracker'
import type { Link, SocketEvents } from './transport'

interface Sent {
  [key: string]: unknown
  event?: string
  offers?: { offer: { type: string; sdp: string }; offer_id: string }[]
}

/** A tracker client with one or more swarms, and the far end of its socket in the test's hands. */
function stage(random = (length: number) => noise(length, ++seed)): Stage {
  const clock = new TestClock()
  const sockets: { events: SocketEvents; sent: Sent[]; closed: boolean }[] = []
  const tracker = new Tracker('ws://tracker/', peerId, {
    clock,
    random,
    openSocket: (_url, events) => {
      const socket = { events, sent: [] as Sent[], closed: false }
      sockets.push(socket)
      return { send: (text) => socket.sent.push(JSON.parse(text) as Sent), close: () => (socket.closed = true) }
    },
  })
  return { clock, sockets, tracker }
}

interface Stage {
  clock: TestClock
  sockets: { events: SocketEvents; sent: Sent[]; closed: boolean }[]
  tracker: Tracker
}

let seed = 100
const peerId = noise(20, 42)
const link = { listen: () => undefined, send: () => undefined, buffered: () => 0, close: () => undefined } satisfies Link

class TestMember implements Member {
  readonly infoHash: Uint8Array<ArrayBuffer>
  wanted = 3
  cancelled = 0
  answered: string[] = []
  linked: string[] = []
  known: number[] = []
  peers = 0

  constructor(hashSeed: number) {
    this.infoHash = noise(20, hashSeed)
  }

  progress = () => ({ uploaded: 1, downloaded: 2, left: 3 })
  room = () => this.wanted
  connected = () => this.peers
  knows = (id: string) => id.startsWith('ff')
  offer = () => Promise.resolve({ sdp: 'our offer', accept: () => Promise.resolve(link), cancel: () => void this.cancelled++ })
  answer = (sdp: string) => {
    this.answered.push(sdp)
    return Promise.resolve({ sdp: `answer to ${sdp}`, link: Promise.resolve(link), cancel: () => undefined })
  }
  link = (_link: Link, ours: 'offered' | 'answered') => void this.linked.push(ours)
  others = (count: number) => void this.known.push(count)
}

async function opened(members: TestMember[]): Promise<Stage & { say: (message: object) => Promise<void>; sent: Sent[] }> {
  const here = stage()
  for (const member of members) here.tracker.join(member)
  here.sockets[0]?.events.opened()
  await settle()
  const say = async (message: object): Promise<void> => {
    here.sockets.at(-1)?.events.text(JSON.stringify(message))
    await settle()
  }
  return { ...here, say, sent: here.sockets[0]?.sent ?? [] }
}

test('swarms share a socket, each with its own announce and offers', async () => {
  const one = new TestMember(1)
  const two = new TestMember(2)
  two.wanted = 99
  const { sockets, sent } = await opened([one, two])
  expect(sockets).toHaveLength(1)
  expect(sent).toMatchObject([
    { action: 'announce', info_hash: toLatin1(one.infoHash), peer_id: toLatin1(peerId), uploaded: 1, downloaded: 2, left: 3, numwant: 3, event: 'started' },
    { info_hash: toLatin1(two.infoHash), numwant: MAX_OFFERS },
  ])
  expect(sent[0]?.offers?.[0]).toMatchObject({ offer: { type: 'offer', sdp: 'our offer' } })
  expect(sent[0]?.offers?.map(({ offer_id }) => offer_id.length)).toEqual([20, 20, 20])
})

test('an answer to our offer becomes a link, once', async () => {
  const member = new TestMember(1)
  const { say, sent } = await opened([member])
  const answer = { action: 'announce', info_hash: toLatin1(member.infoHash), peer_id: 'p'.repeat(20), offer_id: sent[0]?.offers?.[0]?.offer_id, answer: { type: 'answer', sdp: 'x' } }
  await say(answer)
  await say(answer)
  await say({ ...answer, offer_id: 'unknown offer id ...' })
  expect(member.linked).toEqual(['offered'])
})

test('an offer is answered to the one who made it', async () => {
  const member = new TestMember(1)
  const { say, sent } = await opened([member])
  const offer = { action: 'announce', info_hash: toLatin1(member.infoHash), peer_id: 'p'.repeat(20), offer_id: 'o'.repeat(20), offer: { type: 'offer', sdp: 'hello' } }
  await say(offer)
  expect(sent.at(-1)).toMatchObject({ action: 'announce', to_peer_id: 'p'.repeat(20), offer_id: 'o'.repeat(20), answer: { type: 'answer', sdp: 'answer to hello' } })
  expect(member.linked).toEqual(['answered'])
})

describe('does not believe', () => {
  const hash = toLatin1(noise(20, 1))
  const offer = { action: 'announce', info_hash: hash, peer_id: 'p'.repeat(20), offer_id: 'o'.repeat(20), offer: { type: 'offer', sdp: 'hello' } }
  const cases: [string, unknown][] = [
    ['an offer of ourselves', { ...offer, peer_id: toLatin1(peerId) }],
    ['an offer of somebody we know', { ...offer, peer_id: '\u00ff'.repeat(20) }],
    ['an offer for another swarm', { ...offer, info_hash: 'x'.repeat(20) }],
    ['an offer without an id', { ...offer, offer_id: 7 }],
    ['a peer id of a wrong length', { ...offer, peer_id: 'p' }],
    ['an offer that is text', { ...offer, offer: 'hello' }],
    ['an offer without words', { ...offer, offer: {} }],
    ['a giant offer', { ...offer, offer: { type: 'offer', sdp: 'x'.repeat(20_000) } }],
    ['a list', [offer]],
    ['nothing', null],
  ]
  test.each(cases)('%s', async (_name, message) => {
    const member = new TestMember(1)
    const { say, sockets } = await opened([member])
    await say(message as object)
    sockets[0]?.events.text('{not json')
    await settle()
    expect(member.answered).toEqual([])
  })

  test('more offers than there is room for', async () => {
    const member = new TestMember(1)
    member.wanted = 0
    const { say } = await opened([member])
    await say(offer)
    expect(member.answered).toEqual([])
  })
})

describe('time', () => {
  test('the interval is the tracker\'s, within bounds', async () => {
    const member = new TestMember(1)
    member.peers = 1
    const { say, sent, clock } = await opened([member])
    await say({ action: 'announce', info_hash: toLatin1(member.infoHash), interval: 1, complete: 1, incomplete: 2 })
    expect(member.known).toEqual([2])
    await clock.advance(29_000)
    expect(sent).toHaveLength(1)
    await clock.advance(2000)
    expect(sent).toHaveLength(2)
    expect(sent[1]?.event).toBeUndefined()
  })

  test('with others about but no connection it asks again sooner, but not for ever', async () => {
    const member = new TestMember(1)
    const { say, sent, clock } = await opened([member])
    const reply = { action: 'announce', info_hash: toLatin1(member.infoHash), interval: 600, complete: 0, incomplete: 5 }
    for (let turn = 0; turn < 10; turn++) {
      await say(reply)
      await clock.advance(LONELY)
    }
    expect(sent.length).toBeGreaterThan(3)
    expect(sent.length).toBeLessThan(7)
  })

  test('offers that nobody answers are given up', async () => {
    const member = new TestMember(1)
    const { clock } = await opened([member])
    await clock.advance(OFFER_TIME + 1)
    expect(member.cancelled).toBe(3)
  })

  test('a lost socket comes back with growing pauses, and announces anew', async () => {
    const member = new TestMember(1)
    const { sockets, clock } = await opened([member])
    const pauses: number[] = []
    for (let turn = 0; turn < 6; turn++) {
      const from = clock.now()
      const count = sockets.length
      sockets.at(-1)?.events.closed()
      while (sockets.length === count) await clock.advance(100)
      pauses.push(clock.now() - from)
    }
    expect(member.cancelled).toBe(3)
    expect(member.known).toContain(0)
    expect(pauses[5]).toBeGreaterThan((pauses[0] ?? 0) * 5)
    sockets.at(-1)?.events.opened()
    await settle()
    expect(sockets.at(-1)?.sent).toMatchObject([{ event: 'started' }])
  })

  test('a swarm in need announces soon, but not all the time', async () => {
    const member = new TestMember(1)
    member.peers = 1
    const { say, sent, clock, tracker } = await opened([member])
    await say({ action: 'announce', info_hash: toLatin1(member.infoHash), interval: 600, complete: 1, incomplete: 1 })
    const times: number[] = []
    const from = clock.now()
    while (clock.now() - from < 3 * HURRY) {
      const count = sent.length
      tracker.hurry(member.infoHash)
      await clock.advance(100)
      if (sent.length > count) times.push(clock.now() - from)
    }
    expect(times.map((time) => Math.round(time / HURRY))).toEqual([1, 2, 3])
    // Long after the last announce it does not wait at all.
    await clock.advance(60_000)
    const count = sent.length
    tracker.hurry(member.infoHash)
    await clock.advance(1)
    expect(sent).toHaveLength(count + 1)
    tracker.hurry(new Uint8Array(20))
  })

  test('a swarm in need shortens the pause before reconnecting', async () => {
    const { sockets, clock, tracker } = await opened([new TestMember(1)])
    for (let turn = 0; turn < 8; turn++) {
      const count = sockets.length
      sockets.at(-1)?.events.closed()
      if (turn < 7) while (sockets.length === count) await clock.advance(100)
    }
    const from = clock.now()
    const count = sockets.length
    while (sockets.length === count) {
      tracker.hurry(noise(20, 1))
      await clock.advance(100)
    }
    expect(clock.now() - from).toBeLessThanOrEqual(HURRY * 1.5 + 200)
  })

  test('leaving says so, closing ends everything', async () => {
    const member = new TestMember(1)
    const { sockets, sent, clock, tracker } = await opened([member])
    tracker.leave(member.infoHash)
    expect(sent.at(-1)).toMatchObject({ event: 'stopped', numwant: 0 })
    tracker.close()
    expect(sockets[0]?.closed).toBe(true)
    const count = sent.length
    await clock.advance(1_000_000)
    expect(sent).toHaveLength(count)
    expect(sockets).toHaveLength(1)
  })
})
