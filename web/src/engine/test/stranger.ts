/*
 * A peer under the test's control: it joins the swarm through the tracker like anybody else and then says whatever the
 * test makes it say, right or wrong. It keeps what it hears.
 */

import type { Bytes } from '../bytes'
import { Tracker } from '../tracker'
import type { Link } from '../transport'
import type { Handshake, Message } from '../wire'
import { WireReader, writeExtended, writeHandshake, writePiece, writeSignal } from '../wire'
import type { World } from './world'

export class Stranger {
  readonly id: Bytes
  readonly heard: (Message | Handshake)[] = []
  closed = false
  link: Link | null = null
  /** It does not greet. */
  mute = false
  /** Called for each message; the default is silence. */
  answer: (message: Message | Handshake) => void = () => undefined
  private readonly world: World
  private readonly tracker: Tracker

  constructor(world: World) {
    this.world = world
    this.id = world.random(20)
    this.tracker = new Tracker('ws://pod/tracker/socket', this.id, { openSocket: world.tracker.openSocket, clock: world.clock, random: (length) => world.random(length) })
  }

  /** Enters the swarm and greets whoever connects. */
  async join(): Promise<void> {
    const { connector } = this.world.switchboard
    this.tracker.join({
      infoHash: this.world.pod.infoHash,
      progress: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
      wanted: () => (this.link === null ? 1 : 0),
      room: () => (this.link === null ? 1 : 0),
      missed: () => undefined,
      reached: () => undefined,
      unreached: () => undefined,
      heard: () => undefined,
      connected: () => (this.link === null ? 0 : 1),
      knows: () => false,
      needsPod: () => true,
      offer: () => connector.offer(),
      answer: (sdp) => connector.answer(sdp),
      others: () => undefined,
      link: (link) => this.meet(link),
    })
    await this.world.clock.advance(1)
  }

  send(...messages: Bytes[]): void {
    for (const message of messages) this.link?.send(message)
  }

  /** Claims to hold everything and lets the other side ask. */
  pretendToSeed(): void {
    this.send(writeSignal('haveAll'), writeSignal('unchoke'))
  }

  /** Answers requests with the file's bytes, changed by the test. */
  serve(change: (data: Bytes, index: number, begin: number) => Bytes = (data) => data): void {
    const { data } = this.world.pod
    this.answer = (message) => {
      if (message.kind !== 'request') return
      const at = message.index * 65_536 + message.begin
      this.send(writePiece(message.index, message.begin, change(data.slice(at, at + message.length), message.index, message.begin)))
    }
  }

  /** How often something was heard. */
  count(kind: (Message | Handshake)['kind']): number {
    return this.heard.filter((message) => message.kind === kind).length
  }

  private meet(link: Link): void {
    this.link = link
    const { pod } = this.world
    const reader = new WireReader(Math.ceil(pod.data.length / 65_536))
    link.listen({
      data: (chunk) => {
        reader.push(chunk, (message) => {
          this.heard.push(message.kind === 'piece' ? { ...message, data: message.data.slice() } : message)
          this.answer(message)
        })
      },
      drained: () => undefined,
      closed: () => {
        this.closed = true
      },
    })
    if (this.mute) return
    this.send(writeHandshake(this.world.pod.infoHash, this.id))
    this.send(writeExtended(0, new Uint8Array([0x64, 0x65])))
  }
}
