/*
 * How long a viewer waits for its own addresses before it makes an offer.
 */

import { beforeEach, expect, test } from 'vitest'
import { RtcConnector } from './rtc'
import { settle, TestClock } from './test/world'

/** A connection that collects candidates when the test says so. */
class FakeConnection {
  static made: FakeConnection[] = []
  static certificates = 0
  static generateCertificate(): Promise<object> {
    this.certificates++
    return Promise.resolve({})
  }
  iceGatheringState = 'gathering'
  localDescription = { sdp: 'v=0' }
  onicecandidate: ((event: { candidate: { type: string } | null }) => void) | null = null
  onicegatheringstatechange: (() => void) | null = null
  constructor() {
    FakeConnection.made.push(this)
  }
  createDataChannel(): object {
    return {}
  }
  createOffer(): Promise<object> {
    return Promise.resolve({})
  }
  setLocalDescription(): Promise<void> {
    return Promise.resolve()
  }
  close(): void {
    // Nothing to give back.
  }
  complete(): void {
    this.iceGatheringState = 'complete'
    this.onicegatheringstatechange?.()
  }
}

const clock = new TestClock()

function connector(urls: string[]): RtcConnector {
  const PeerConnection = FakeConnection as unknown as typeof RTCPeerConnection
  return new RtcConnector({ PeerConnection, clock, random: (length) => new Uint8Array(length), iceServers: urls.length > 0 ? [{ urls }] : [] })
}

/** Begins an offer; says later whether it is made. */
async function offering(of: RtcConnector): Promise<{ made: () => boolean; connection: FakeConnection }> {
  let made = false
  void of.offer().then((offer) => (made = offer !== null))
  await settle()
  const connection = FakeConnection.made.at(-1)
  if (connection === undefined) throw new Error('no connection was made')
  return { made: () => made, connection }
}

beforeEach(() => {
  FakeConnection.made = []
})

test('an offer is made when the browser has all addresses', async () => {
  const { made, connection } = await offering(connector([]))
  expect(made()).toBe(false)
  connection.complete()
  await settle()
  expect(made()).toBe(true)
})

test('soon after the first STUN server has answered', async () => {
  const { made, connection } = await offering(connector(['stun:pod.example:29000']))
  connection.onicecandidate?.({ candidate: { type: 'host' } })
  await clock.advance(1000)
  expect(made()).toBe(false)
  connection.onicecandidate?.({ candidate: { type: 'srflx' } })
  await clock.advance(60)
  expect(made()).toBe(true)
})

test('one key serves all connections', async () => {
  FakeConnection.certificates = 0
  const of = connector([])
  await Promise.all([offering(of), offering(of)])
  expect(FakeConnection.made).toHaveLength(2)
  expect(FakeConnection.certificates).toBe(1)
})

test('a server that does not answer is waited for once', async () => {
  const stun = connector(['stun:pod.example:29000'])
  const first = await offering(stun)
  await clock.advance(1900)
  expect(first.made()).toBe(false)
  await clock.advance(200)
  expect(first.made()).toBe(true)
  const second = await offering(stun)
  await clock.advance(350)
  expect(second.made()).toBe(true)
  const third = await offering(stun)
  third.connection.onicecandidate?.({ candidate: { type: 'srflx' } })
  await clock.advance(60)
  expect(third.made()).toBe(true)
  const fourth = await offering(stun)
  await clock.advance(1000)
  expect(fourth.made(), 'it answers again, and is waited for again').toBe(false)
})
