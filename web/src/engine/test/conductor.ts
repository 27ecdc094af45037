/*
 * A conductor for tests, much simpler than the pod's: welcomes everybody with the same settings, and lets each piece that
 * nobody holds, up to some way ahead of the foremost playhead, be brought in by one viewer after the other. It keeps what
 * it hears. A test may take the feeding away and grant by itself.
 */

import type { Range, Settings } from '../conductor'
import { rangesOf } from '../conductor'
import type { SocketEvents } from '../transport'
import type { PageMessage } from './page-messages'
import { readPageMessage, writeGrant, writeSettings, writeWelcome } from './page-messages'
import type { World } from './world'

interface Conducted {
  from: SocketEvents
  swarm: number
  held: Set<number>
  playhead: number | null
  uploads: boolean
}

type Heard<Kind> = Extract<PageMessage, { kind: Kind }>

export class TestConductor {
  readonly viewers: Conducted[] = []
  readonly heard: PageMessage[] = []
  settings: Settings = { instant: 2, patience: 1000, interval: 2000 }
  /** Pieces ahead of the foremost playhead that are brought in; 0 grants nothing. */
  ahead = 40
  /** What it does instead of welcoming. */
  deaf = false
  /** How long what it says is under way (ms). */
  delay = 0
  /** Pieces that one viewer is to bring in at a time. */
  atOnce = Infinity
  private readonly inFlight = new Map<number, { at: number; viewer: Conducted }>()
  private turn = 0
  private readonly world: World

  constructor(world: World) {
    this.world = world
    world.tracker.conductor = this
  }

  get hellos(): Heard<'hello'>[] {
    return this.heard.flatMap((message) => (message.kind === 'hello' ? [message] : []))
  }

  get reports(): Heard<'report'>[] {
    return this.heard.flatMap((message) => (message.kind === 'report' ? [message] : []))
  }

  take(bytes: Uint8Array, from: SocketEvents): void {
    const message = readPageMessage(bytes)
    this.heard.push(message)
    if (this.deaf) return
    const known = this.viewers.find((viewer) => viewer.from === from && viewer.swarm === message.swarm)
    if (message.kind === 'hello') {
      if (known === undefined) this.viewers.push({ from, swarm: message.swarm, held: new Set(numbers(message.held)), playhead: null, uploads: true })
      this.say(from, writeWelcome(message.swarm, this.settings))
    } else if (known !== undefined && message.kind === 'report') {
      known.playhead = message.playhead
      known.uploads = (message.flags & 1) !== 0
      for (const index of numbers(message.gained)) known.held.add(index)
      for (const index of numbers(message.lost)) known.held.delete(index)
    } else if (known !== undefined) {
      this.viewers.splice(this.viewers.indexOf(known), 1)
    }
    this.feed()
  }

  gone(from: SocketEvents): void {
    for (const viewer of this.viewers.filter((one) => one.from === from)) this.viewers.splice(this.viewers.indexOf(viewer), 1)
  }

  /** Grants by hand. */
  grant(ranges: Range[], viewer = this.viewers[0]): void {
    if (viewer !== undefined) this.say(viewer.from, writeGrant(viewer.swarm, ranges))
  }

  /** New settings for everybody. */
  change(settings: Settings): void {
    this.settings = settings
    for (const { from, swarm } of this.viewers) this.say(from, writeSettings(swarm, settings))
  }

  private feed(): void {
    const now = this.world.clock.now()
    const ready = this.viewers.filter((viewer) => viewer.playhead !== null && viewer.uploads)
    const pieces = Math.ceil(this.world.pod.data.length / this.world.pod.pieceLength)
    const orders = new Map<Conducted, number[]>()
    for (const { playhead } of ready) {
      for (let index = playhead ?? 0; index < Math.min(pieces, (playhead ?? 0) + this.ahead); index++) {
        if (this.viewers.some(({ held }) => held.has(index)) || now - (this.inFlight.get(index)?.at ?? -Infinity) < 4000) continue
        const busy = (viewer: Conducted): number => [...this.inFlight].filter(([piece, flight]) => flight.viewer === viewer && !viewer.held.has(piece) && now - flight.at < 4000).length
        const free = ready.filter((viewer) => this.atOnce === Infinity || busy(viewer) < this.atOnce)
        const viewer = free[this.turn++ % free.length]
        if (viewer === undefined) break
        this.inFlight.set(index, { at: now, viewer })
        orders.set(viewer, [...(orders.get(viewer) ?? []), index])
      }
    }
    for (const [viewer, indexes] of orders) this.grant(rangesOf(indexes.sort((a, b) => a - b)), viewer)
  }

  private say(to: SocketEvents, bytes: Uint8Array): void {
    if (this.delay === 0) queueMicrotask(() => to.binary(bytes))
    else this.world.clock.after(this.delay, () => to.binary(bytes))
  }
}

export function numbers(ranges: readonly Range[]): number[] {
  return ranges.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i))
}
