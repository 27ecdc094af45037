/*
 * What a page and its pod's conductor say to each other, as bytes: the page tells where it plays, what it holds and how
 * well it can send; the pod tells what may be fetched over HTTP. The messages travel as binary frames on the tracker's
 * socket, beside the JSON, because that socket is there anyway and works where UDP is blocked. A message is its kind, one
 * byte, and then unsigned LEB128 numbers of at most five bytes. Bytes after the last field that is known are passed over,
 * so that later versions can say more; what cannot be read is null, never an error. What to say when is conversation.ts's.
 */

import type { Bytes } from './bytes'

/** The version of these messages. */
export const VERSION = 1
/** Ranges in one message; whoever has more to tell sends several. */
export const MAX_RANGES = 1024
/** The number of swarms that one connection can speak of. */
export const MAX_SWARMS = 256
const LARGEST = 0xffff_ffff

/** Pieces [start, end). */
export interface Range {
  start: number
  end: number
}

/** How a viewer is to behave in one swarm. */
export interface Settings {
  /** Pieces from the playhead that may come over HTTP at once, at a start or a seek. */
  instant: number
  /** A rescue is due when the player holds less than this (ms). */
  patience: number
  /** How often to report while nothing is urgent (ms). */
  interval: number
}

/** What the viewer is and is not ready for. */
export interface Flags {
  uploads: boolean
  paused: boolean
  /** It pays by the byte, or its page is hidden: not to be counted on. */
  undependable: boolean
}

/** The state of a viewer in one swarm. */
export interface Report extends Flags {
  /** The piece that plays. */
  playhead: number
  /** Media buffered from there (ms). */
  lead: number
  /** Bytes per second as measured; 0 when not measured yet. */
  uplink: number
  /** Open connections to other viewers. */
  neighbours: number
  /** Bytes over HTTP that were neither instant nor granted, since the report before. */
  rescued: number
  gained: readonly Range[]
  lost: readonly Range[]
}

/** What the pod says. */
export type PodMessage =
  | { kind: 'welcome'; version: number; swarm: number; settings: Settings }
  | { kind: 'grant'; swarm: number; ranges: Range[] }
  | { kind: 'settings'; swarm: number; settings: Settings }

const HELLO = 1
const REPORT = 2
const BYE = 3
const WELCOME = 1
const GRANT = 2
const SETTINGS = 3

/** Greets the conductor of one swarm; `held` are at most MAX_RANGES ranges, the rest follows in reports. */
export function writeHello(swarm: number, infoHash: Uint8Array, flags: Flags, held: readonly Range[]): Bytes {
  const out = new Writer(HELLO)
  out.numbers(VERSION, swarm)
  out.raw(infoHash)
  out.numbers(flagBits(flags))
  out.ranges(held)
  return out.bytes()
}

export function writeReport(swarm: number, report: Report): Bytes {
  const { playhead, lead, uplink, neighbours, rescued } = report
  const out = new Writer(REPORT)
  out.numbers(swarm, flagBits(report), playhead, lead, uplink, neighbours, rescued)
  out.ranges(report.gained)
  out.ranges(report.lost)
  return out.bytes()
}

export function writeBye(swarm: number): Bytes {
  const out = new Writer(BYE)
  out.numbers(swarm)
  return out.bytes()
}

/** Reads a message of the pod; null when it is of an unknown kind, cut off, or says what cannot be. */
export function readPodMessage(bytes: Uint8Array): PodMessage | null {
  const from = new Reader(bytes)
  const kind = bytes[0]
  const version = kind === WELCOME ? from.number() : VERSION
  const swarm = from.number()
  if (version === null || version < 1 || swarm === null || swarm >= MAX_SWARMS) return null
  if (kind === GRANT) {
    const ranges = from.ranges()
    return ranges === null ? null : { kind: 'grant', swarm, ranges }
  }
  if (kind !== WELCOME && kind !== SETTINGS) return null
  const [instant, patience, interval] = [from.number(), from.number(), from.number()]
  if (instant === null || patience === null || interval === null) return null
  const settings = { instant, patience, interval }
  return kind === WELCOME ? { kind: 'welcome', version, swarm, settings } : { kind: 'settings', swarm, settings }
}

/** Appends a number; what does not fit becomes the nearest that does. */
export function pushNumber(out: number[], value: number): void {
  let rest = Math.min(LARGEST, Math.max(0, Math.round(value) || 0))
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  out.push(rest)
}

/** Reads numbers one after the other; null once they are no numbers any more. */
export class Reader {
  private readonly from: Uint8Array
  private at: number

  /** Begins behind the byte that names the kind. */
  constructor(from: Uint8Array, at = 1) {
    this.from = from
    this.at = at
  }

  number(): number | null {
    let value = 0
    for (let place = 0; place < 5; place++) {
      const byte = this.from[this.at++]
      if (byte === undefined) return null
      value += (byte & 0x7f) * 2 ** (7 * place)
      if (byte < 0x80) return value <= LARGEST ? value : null
    }
    return null
  }

  ranges(): Range[] | null {
    const count = this.number()
    if (count === null || count > MAX_RANGES) return null
    const ranges: Range[] = []
    let end = 0
    for (let i = 0; i < count; i++) {
      const gap = this.number()
      const length = this.number()
      if (gap === null || length === null || length === 0) return null
      const start = end + gap
      end = start + length
      if (end > LARGEST) return null
      ranges.push({ start, end })
    }
    return ranges
  }
}

class Writer {
  private readonly out: number[]

  constructor(kind: number) {
    this.out = [kind]
  }

  numbers(...values: number[]): void {
    for (const value of values) pushNumber(this.out, value)
  }

  raw(bytes: Uint8Array): void {
    this.out.push(...bytes)
  }

  ranges(ranges: readonly Range[]): void {
    const some = ranges.slice(0, MAX_RANGES)
    this.numbers(some.length)
    let end = 0
    for (const range of some) {
      this.numbers(range.start - end, range.end - range.start)
      end = range.end
    }
  }

  bytes(): Bytes {
    return new Uint8Array(this.out)
  }
}

function flagBits({ uploads, paused, undependable }: Flags): number {
  return (uploads ? 1 : 0) | (paused ? 2 : 0) | (undependable ? 4 : 0)
}

/** Ascending piece numbers as ranges. */
export function rangesOf(indexes: Iterable<number>): Range[] {
  const ranges: Range[] = []
  for (const index of indexes) {
    const last = ranges.at(-1)
    if (last !== undefined && last.end === index) last.end++
    else ranges.push({ start: index, end: index + 1 })
  }
  return ranges
}
