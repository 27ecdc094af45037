/*
 * The tracker client: what it says, how it comes back, and what it does not believe.
 */

import { describe, expect, test } from 'vitest'
import { toLatin1 } from './bytes'
import type { PodMessage } from './conductor'
import type { Line } from './conversation'
import { writeWelcome } from './test/page-messages'
import { noise, settle, TestClock } from './test/world'
import type { Member } from './tracker'
import { HURRY, MAX_OFFERS, OFFER_TIME, REPLY_TIME, TOP_UP, Tracker } from './tracker'
import type { Link, SocketEvents } from './transport'

interface Sent {
  [key: string]: unknown
  event?: string
  offers?: { offer: { type: string; sdp: string }; offer_id: string }[]
}

/** A tracker client with one or more swarms, and the far end of its socket in the test's hands. */
function stage(random = (length: number) => noise(length, ++seed)): Stage {
  const clock = new TestClock()
  const sockets: { events: SocketEvents; sent: Sent[]; binary: Uint8Array[]; closed: boolean }[] = []
  const tracker = new Tracker('ws://tracker/', peerId, {
    clock,
    random,
    openSocket: (_url, events) => {
      const socket = { events, sent: [] as Sent[], binary: [] as Uint8Array[], closed: false }
      sockets.push(socket)
      return { send: (message) => void (typeof message === 'string' ? socket.sent.push(JSON.parse(message) as Sent) : socket.binary.push(message)), close: () => (socket.closed = true) }
    },
  })
  return { clock, sockets, tracker }
}

interface Stage {
  clock: TestClock
  sockets: { events: SocketEvents; sent: Sent[]; binary: Uint8Array[]; closed: boolean }[]
  tracker: Tracker
}

let seed = 100
const peerId = noise(20, 42)
const link = { listen: () => undefined, send: () => undefined, buffered: () => 0, close: () => undefined } satisfies Link

class TestMember implements Member {
  readonly infoHash: Uint8Array<ArrayBuffer>
  desired = 3
  lines: (Line | null)[] = []
  messages: PodMessage[] = []
  misses = 0
  cancelled = 0
  answered: string[] = []
  linked: string[] = []
  known: number[] = []
  peers = 0
  forsaken = false

  constructor(hashSeed: number) {
    this.infoHash = noise(20, hashSeed)
  }

  progress = () => ({ uploaded: 1, downloaded: 2, left: 3 })
  wanted = () => this.desired
  room = () => this.desired
  missed = () => void this.misses++
  reached = (line: Line) => void this.lines.push(line)
  unreached = () => void this.lines.push(null)
  heard = (_line: Line, message: PodMessage) => void this.messages.push(message)
  connected = () => this.peers
  knows = (id: string) => id.startsWith('ff')
  needsPod = () => this.forsaken
  offer = () => Promise.resolve({ sdp: 'our offer', accept: () => Promise.resolve(link), cancel: () => void this.cancelled++ })
  answer = (sdp: string) => {
    this.answered.push(sdp)
    return Promise.resolve({ sdp: `answer to ${sdp}`, link: Promise.resolve(link), cancel: () => undefined })
  }
  link = (_link: Link, ours: 'offered' | 'answered') => void this.linked.push(ours)
  others = (count: number) => void this.known.push(count)
}

/** The same with an open socket, over which the tracker has said how many there are. */
async function met(members: TestMember[], others = 20): Promise<Awaited<ReturnType<typeof opened>>> {
  const here = await opened(members)
  for (const { infoHash } of members) await here.say(reply(infoHash, others))
  await here.clock.advance(1)
  return here
}

const reply = (infoHash: Uint8Array, others: number, interval = 600): object => ({ action: 'announce', info_hash: toLatin1(infoHash), interval, complete: 0, incomplete: others + 1 })

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

test('swarms share a socket, each with its own announce, at once and without offers', async () => {
  const one = new TestMember(1)
  const two = new TestMember(2)
  const { sockets, sent } = await opened([one, two])
  expect(sockets).toHaveLength(1)
  expect(sent).toMatchObject([
    { action: 'announce', info_hash: toLatin1(one.infoHash), peer_id: toLatin1(peerId), uploaded: 1, downloaded: 2, left: 3, numwant: 0, offers: [], event: 'started' },
    { info_hash: toLatin1(two.infoHash), numwant: 0 },
  ])
})

test.each([
  ['as many as it would like', 20, 3, 0, 3],
  ['no more than an announce may have', 20, 99, 0, MAX_OFFERS],
  ['no more than there are others', 2, 9, 0, 2],
  ['less those that it has', 4, 9, 3, 1],
  ['none where nobody is', 0, 9, 0, undefined],
])('the reply says how many offers make sense: %s', async (_name, others, desired, peers, expected) => {
  const member = new TestMember(1)
  member.desired = desired
  member.peers = peers
  const { sent } = await met([member], others)
  expect(sent[1]?.numwant).toBe(expected)
  expect(sent[1]?.offers?.map(({ offer_id }) => offer_id.length)).toEqual(expected === undefined ? undefined : Array.from({ length: expected }, () => 20))
  if (expected !== undefined) expect(sent[1]?.offers?.[0]).toMatchObject({ offer: { type: 'offer', sdp: 'our offer' } })
})

test('an answer to our offer becomes a link, once', async () => {
  const member = new TestMember(1)
  const { say, sent } = await met([member])
  const answer = { action: 'announce', info_hash: toLatin1(member.infoHash), peer_id: 'p'.repeat(20), offer_id: sent[1]?.offers?.[0]?.offer_id, answer: { type: 'answer', sdp: 'x' } }
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
    member.desired = 0
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
    member.desired = 0
    await say({ action: 'announce', info_hash: toLatin1(member.infoHash), interval: 1, complete: 1, incomplete: 2 })
    expect(member.known).toEqual([2])
    await clock.advance(29_000)
    expect(sent).toHaveLength(1)
    await clock.advance(2000)
    expect(sent).toHaveLength(2)
    expect(sent[1]?.event).toBeUndefined()
  })

  test('with others to meet it asks again soon, and then less and less often', async () => {
    const member = new TestMember(1)
    const { say, sent, clock } = await met([member], 5)
    const times: number[] = []
    const from = clock.now()
    await say(reply(member.infoHash, 5))
    while (clock.now() - from < 200_000) {
      const count = sent.length
      await clock.advance(100)
      if (sent.length === count) continue
      times.push(Math.round((clock.now() - from) / TOP_UP))
      await say(reply(member.infoHash, 5))
    }
    expect(times).toEqual([1, 3, 7, 15, 31])
  })

  test('a loss is made up for within seconds', async () => {
    const member = new TestMember(1)
    const { say, sent, clock, tracker } = await met([member], 5)
    member.desired = 0
    await say(reply(member.infoHash, 5))
    await clock.advance(60_000)
    const count = sent.length
    tracker.lost(member.infoHash)
    await clock.advance(5000)
    expect(sent).toHaveLength(count)
    member.desired = 1
    tracker.lost(member.infoHash)
    await clock.advance(TOP_UP)
    expect(sent).toHaveLength(count + 1)
    expect(sent.at(-1)).toMatchObject({ numwant: 1 })
    tracker.lost(noise(20, 9))
  })

  test('a tracker that falls silent is taken for lost', async () => {
    const member = new TestMember(1)
    const { sockets, clock } = await met([member])
    await clock.advance(REPLY_TIME - 100)
    expect(sockets[0]?.closed).toBe(false)
    await clock.advance(200)
    expect(sockets[0]?.closed).toBe(true)
    await clock.advance(5000)
    expect(sockets).toHaveLength(2)
  })

  test('after a sleep everybody is spoken to again', async () => {
    const member = new TestMember(1)
    const { sockets, sent, clock, tracker } = await met([member], 0)
    tracker.revive()
    await settle()
    expect(sent).toHaveLength(2)
    sockets[0]?.events.closed()
    tracker.revive()
    expect(sockets).toHaveLength(2)
    await clock.advance(1)
  })

  test('offers that nobody answers are given up', async () => {
    const member = new TestMember(1)
    const { clock } = await met([member])
    await clock.advance(OFFER_TIME + 1)
    expect(member.cancelled).toBe(3)
  })

  test('a lost socket comes back with growing pauses, and announces anew', async () => {
    const member = new TestMember(1)
    const { sockets, clock } = await met([member])
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
    member.desired = 0
    const heard = reply(member.infoHash, 1)
    await say(heard)
    const times: number[] = []
    const from = clock.now()
    while (clock.now() - from < 3 * HURRY) {
      const count = sent.length
      tracker.hurry(member.infoHash)
      await clock.advance(100)
      if (sent.length === count) continue
      times.push(clock.now() - from)
      await say(heard)
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

describe('the conductor behind the socket', () => {
  const welcome = (swarm: number): Uint8Array => writeWelcome(swarm, { instant: 4, patience: 1000, interval: 5000 })

  test('each swarm has a number and a line once the tracker has answered for it, and farewell is said', async () => {
    const members = [new TestMember(1), new TestMember(2)]
    const { sockets, say, tracker } = await opened(members)
    const [socket] = sockets
    const [one, two] = members
    if (socket === undefined || one === undefined || two === undefined) return
    expect(members.map(({ lines }) => lines.length)).toEqual([0, 0])
    await say(reply(two.infoHash, 0))
    await say(reply(two.infoHash, 0))
    expect(members.map(({ lines }) => lines.map((line) => line?.swarm))).toEqual([[], [1]])
    two.lines[0]?.send(new Uint8Array([1, 2, 3]))
    expect(socket.binary).toEqual([new Uint8Array([1, 2, 3])])
    socket.events.binary(welcome(1))
    socket.events.binary(welcome(0))
    socket.events.binary(welcome(7))
    expect(members.map(({ messages }) => messages.length)).toEqual([0, 1])
    tracker.leave(two.infoHash)
    expect(socket.binary.at(-1)).toEqual(new Uint8Array([3, 1]))
    expect(two.lines.at(-1)).toBeNull()
  })

  test('where it is known to be it is greeted at once, by those who come later as well', async () => {
    const members = [new TestMember(1), new TestMember(2)]
    const [one, two] = members
    if (one === undefined || two === undefined) return
    const said: (string | Uint8Array)[] = []
    let open: () => void = () => undefined
    const tracker = new Tracker('ws://tracker/', peerId, {
      conducts: true,
      clock: new TestClock(),
      random: (length) => noise(length, ++seed),
      openSocket: (_url, events) => {
        open = () => events.opened()
        return { send: (message) => void said.push(message), close: () => undefined }
      },
    })
    tracker.join(one)
    expect(one.lines).toEqual([])
    open()
    one.lines[0]?.send(new Uint8Array([1]))
    tracker.join(two)
    expect(members.map(({ lines }) => lines.map((line) => line?.swarm))).toEqual([[0], [1]])
    // Who is no member yet is not listened to: the announce goes first.
    expect(said.map((message) => typeof message)).toEqual(['string', 'object', 'string'])
  })

  test('a failure is no answer', async () => {
    const member = new TestMember(1)
    const { say } = await opened([member])
    await say({ action: 'announce', info_hash: toLatin1(member.infoHash), 'failure reason': 'not hosted' })
    expect(member.lines).toEqual([])
  })

  test('a lost socket takes its lines along, and the next one brings others', async () => {
    const member = new TestMember(1)
    const { sockets, say, clock } = await opened([member])
    await say(reply(member.infoHash, 0))
    const [old] = member.lines
    sockets[0]?.events.closed()
    expect(member.lines).toHaveLength(2)
    await clock.advance(10_000)
    sockets[1]?.events.opened()
    await settle()
    await say(reply(member.infoHash, 0))
    expect(member.lines).toHaveLength(3)
    old?.send(new Uint8Array(1))
    expect(sockets[1]?.binary).toEqual([])
    sockets[0]?.events.binary(welcome(0))
    expect(member.messages).toEqual([])
  })

  test('a tracker that hangs up on binary messages is spoken to in text only', async () => {
    const member = new TestMember(1)
    const { sockets, say, clock } = await opened([member])
    for (let turn = 0; turn < 3; turn++) {
      await say(reply(member.infoHash, 0))
      member.lines.at(-1)?.send(new Uint8Array(1))
      sockets.at(-1)?.events.closed()
      await clock.advance(19_000)
      sockets.at(-1)?.events.opened()
      await settle()
    }
    expect(sockets.map(({ binary }) => binary.length)).toEqual([1, 1, 0, 0])
  })

  test('a stream of nonsense is no conductor; a little of it is passed over', async () => {
    const member = new TestMember(1)
    const { sockets, say } = await opened([member])
    await say(reply(member.infoHash, 0))
    const nonsense = [new Uint8Array(0), new Uint8Array([9, 9]), new Uint8Array([2, 0, 255]), new Uint8Array(200_000)]
    for (const bytes of nonsense) sockets[0]?.events.binary(bytes)
    sockets[0]?.events.binary(welcome(0))
    expect(member.messages).toHaveLength(1)
    for (let turn = 0; turn < 30; turn++) sockets[0]?.events.binary(new Uint8Array([9]))
    sockets[0]?.events.binary(welcome(0))
    expect(member.messages).toHaveLength(1)
    expect(member.lines.at(-1)).toBeNull()
    await say(reply(member.infoHash, 0))
    expect(member.lines.at(-1)).toBeNull()
  })
})
