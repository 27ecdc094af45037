/*
 * The pod as a peer, as a real one behaves: it answers one offer of each announce under a name of its own, claims
 * everything, lets those ask who are interested, refuses requests of others, and closes connections that are idle for
 * four minutes. The tracker counts it among those that have everything.
 */

import type { Bytes } from '../bytes'
import { concat, fromLatin1, toLatin1 } from '../bytes'
import type { Link } from '../transport'
import type { Handshake, Message } from '../wire'
import { WireReader, writeBlock, writeExtended, writeHandshake, writePiece, writeSignal } from '../wire'
import type { World } from './world'

const IDLE = 240_000

export class PodPeer {
  readonly id: Bytes
  /** Bytes of blocks that it sent. */
  sent = 0
  /** How often somebody became interested, and how many are. */
  wanted = 0
  interested = 0
  /** Connections that were made, and those that are open, by who they lead to. */
  met = 0
  readonly links = new Map<string, Link>()
  /** Answers nobody's offer while false. */
  open = true
  /** What it does before it sends a block. */
  change: (data: Bytes) => Bytes = (data) => data
  private readonly world: World

  constructor(world: World) {
    this.world = world
    this.id = concat(fromLatin1('-SH0001-') ?? new Uint8Array(0), fromLatin1('012345678901') ?? new Uint8Array(0))
    world.tracker.resident = {
      peerId: toLatin1(this.id),
      // A stranger's only offer is for the viewers whom the test wants it to meet.
      wants: (from) => this.open && from.startsWith('-SH') && !this.links.has(from),
      answer: async (sdp, from) => {
        const answer = await world.switchboard.connector.answer(sdp)
        if (answer === null) return null
        void answer.link.then((link) => link && this.meet(link, from))
        return answer.sdp
      },
    }
  }

  private meet(link: Link, who: string): void {
    const { pod, clock } = this.world
    this.met++
    this.links.set(who, link)
    const pieces = Math.ceil(pod.data.length / pod.pieceLength)
    let interested = false
    let has = 0
    let stopTimer = (): void => undefined
    const used = (): void => {
      stopTimer()
      stopTimer = clock.after(IDLE, () => {
        link.close()
        this.links.delete(who)
      })
    }
    used()
    const take = (message: Message | Handshake): void => {
      if (message.kind === 'have') has++
      if (message.kind === 'interested' || message.kind === 'notInterested') {
        interested = message.kind === 'interested'
        this.wanted += Number(interested)
        this.interested += interested ? 1 : -1
        // Whoever has told of as many pieces as there are needs nothing.
        link.send(writeSignal(interested && has < pieces ? 'unchoke' : 'choke'))
        used()
      } else if (message.kind === 'request' && !interested) {
        link.send(writeBlock('reject', message))
      } else if (message.kind === 'request') {
        const at = message.index * pod.pieceLength + message.begin
        this.sent += message.length
        link.send(writePiece(message.index, message.begin, this.change(pod.data.slice(at, at + message.length))))
        used()
      }
    }
    const reader = new WireReader(pieces)
    link.listen({
      data: (chunk) => reader.push(chunk, take),
      drained: () => undefined,
      closed: () => {
        stopTimer()
        this.links.delete(who)
      },
    })
    link.send(writeHandshake(pod.infoHash, this.id))
    link.send(writeExtended(0, fromLatin1('d11:upload_onlyi1e1:v5:Shoale') ?? new Uint8Array(0)))
    link.send(writeSignal('haveAll'))
  }
}
