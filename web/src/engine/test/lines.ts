/*
 * Lines as people have them, for tests: links between peers that share their owner's uplink fairly and take their time to
 * open, and a pod that sends no faster than a line receives. Bytes wait where they would wait in a browser, so that
 * congestion looks the same to the engine.
 */

import type { Bytes } from '../bytes'
import type { Answer, Connector, Link, LinkEvents, Offer } from '../transport'
import type { World } from './world'

/** How often bytes move (ms), and the size of a packet. */
const TICK = 20
const PACKET = 1200
/** Making an offer or an answer, and opening a channel afterwards (ms). */
const DESCRIBE = 200
const OPEN = 400
/** The pod's way: until the first byte, and between chunks of 30 kB (ms); 20 Mbit/s. */
const FIRST_BYTE = 20
const CHUNK = 12

/** A viewer's connection to the world. */
export class Line {
  readonly connector: Connector
  readonly fetcher: typeof fetch
  private readonly links: LineLink[] = []
  private readonly world: World
  private readonly uplink: number

  /** `uplink` in bytes per second. */
  constructor(world: World, uplink: number, exchange: Exchange) {
    this.world = world
    this.uplink = uplink
    this.connector = exchange.connector(world, () => this.link())
    this.fetcher = async (input, init) => {
      const response = await world.pod.fetcher(input, init)
      await this.pause(FIRST_BYTE)
      if (response.body === null) return response
      const paced = new TransformStream<Uint8Array, Uint8Array>({
        transform: async (chunk, controller) => {
          await this.pause(CHUNK)
          controller.enqueue(chunk)
        },
      })
      return new Response(response.body.pipeThrough(paced), response)
    }
    this.move()
  }

  private link(): LineLink {
    const link = new LineLink(this.world)
    this.links.push(link)
    return link
  }

  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.world.clock.after(milliseconds, resolve))
  }

  /** Sends what the uplink carries in a tick, a packet of each link in turn. */
  private move(): void {
    let budget = (this.uplink * TICK) / 1000
    const busy = this.links.filter(({ waiting }) => waiting > 0)
    while (budget > 0 && busy.some(({ waiting }) => waiting > 0)) {
      for (const link of busy) budget -= link.leave(Math.min(PACKET, Math.max(0, budget)))
    }
    this.world.clock.after(TICK, () => this.move())
  }
}

/** Joins the links of lines. */
export class Exchange {
  private readonly answers = new Map<string, { far: LineLink; open: (link: Link) => void }>()
  private count = 0

  connector(world: World, link: () => LineLink): Connector {
    const later = <T>(milliseconds: number, make: () => T): Promise<T> => new Promise((resolve) => world.clock.after(milliseconds, () => resolve(make())))
    return {
      offer: () => {
        const offer: Offer = {
          sdp: `offer ${++this.count}`,
          accept: (sdp) =>
            later(OPEN, () => {
              const waiting = this.answers.get(sdp)
              if (waiting === undefined) return null
              const near = link()
              near.other = waiting.far
              waiting.far.other = near
              waiting.open(waiting.far)
              return near
            }),
          cancel: () => undefined,
        }
        return later(DESCRIBE, () => offer)
      },
      answer: () => {
        const sdp = `answer ${++this.count}`
        const far = link()
        const opened = new Promise<Link>((open) => this.answers.set(sdp, { far, open }))
        const answer: Answer = { sdp, link: opened, cancel: () => undefined }
        return later(DESCRIBE, () => answer)
      },
    }
  }
}

class LineLink implements Link {
  other: LineLink | null = null
  /** Bytes that have not left yet. */
  waiting = 0
  private queue: Uint8Array[] = []
  private events: LinkEvents | null = null
  private early: Uint8Array[] = []
  private readonly world: World

  constructor(world: World) {
    this.world = world
  }

  listen(events: LinkEvents): void {
    this.events = events
    for (const chunk of this.early.splice(0)) events.data(chunk)
  }

  send(data: Bytes): void {
    this.queue.push(data.slice())
    this.waiting += data.length
  }

  buffered(): number {
    return this.waiting
  }

  close(): void {
    this.queue = []
    this.waiting = 0
  }

  /** Lets so many bytes go, which arrive a tick later; returns how many there were. */
  leave(bytes: number): number {
    const before = this.waiting
    const chunks: Uint8Array[] = []
    let left = Math.min(bytes, before)
    this.waiting -= left
    while (left > 0) {
      const head = this.queue[0] ?? new Uint8Array(0)
      chunks.push(head.subarray(0, left))
      if (head.length <= left) this.queue.shift()
      else this.queue[0] = head.subarray(left)
      left -= Math.min(left, head.length)
    }
    this.world.clock.after(TICK, () => chunks.forEach((chunk) => this.other?.arrive(chunk)))
    // As a data channel tells that its buffer is low.
    if (before > 16_384 && this.waiting <= 16_384) this.world.clock.after(0, () => this.events?.drained())
    return before - this.waiting
  }

  private arrive(chunk: Uint8Array): void {
    if (this.events === null) this.early.push(chunk)
    else this.events.data(chunk)
  }
}
