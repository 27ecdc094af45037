/*
 * The conductor's end of the messages, for tests: reads what pages say and writes what the pod says, from the format's
 * description alone, so that both directions are checked by somebody else than their author.
 */

import type { Bytes } from '../bytes'
import { toHex } from '../bytes'
import type { Range, Settings } from '../conductor'

export type PageMessage =
  | { kind: 'hello'; version: number; swarm: number; infoHash: string; flags: number; held: Range[] }
  | { kind: 'report'; swarm: number; flags: number; playhead: number; lead: number; uplink: number; neighbours: number; rescued: number; gained: Range[]; lost: Range[] }
  | { kind: 'bye'; swarm: number }

/** Reads a message of a page; throws when it is none. */
export function readPageMessage(bytes: Uint8Array): PageMessage {
  let at = 1
  const number = (): number => {
    let value = 0n
    for (let shift = 0n; shift < 35n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error('cut off')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number(value)
    }
    throw new Error('number too long')
  }
  const ranges = (): Range[] => {
    let end = 0
    return Array.from({ length: number() }, () => {
      const start = end + number()
      end = start + number()
      return { start, end }
    })
  }
  switch (bytes[0]) {
    case 1: {
      const [version, swarm] = [number(), number()]
      const infoHash = toHex(bytes.subarray(at, (at += 20)))
      return { kind: 'hello', version, swarm, infoHash, flags: number(), held: ranges() }
    }
    case 2:
      return { kind: 'report', swarm: number(), flags: number(), playhead: number(), lead: number(), uplink: number(), neighbours: number(), rescued: number(), gained: ranges(), lost: ranges() }
    case 3:
      return { kind: 'bye', swarm: number() }
    default:
      throw new Error('no such message')
  }
}

function leb(value: number): number[] {
  const out: number[] = []
  let rest = BigInt(value)
  do {
    const more = rest > 0x7fn
    out.push(Number(rest & 0x7fn) | (more ? 0x80 : 0))
    rest >>= 7n
  } while (rest > 0n)
  return out
}

export function writeWelcome(swarm: number, { instant, patience, interval }: Settings, version = 1): Bytes {
  return new Uint8Array([1, ...[version, swarm, instant, patience, interval].flatMap(leb)])
}

export function writeGrant(swarm: number, ranges: Range[]): Bytes {
  let end = 0
  const parts = ranges.flatMap((range) => {
    const part = [range.start - end, range.end - range.start]
    end = range.end
    return part
  })
  return new Uint8Array([2, ...[swarm, ranges.length, ...parts].flatMap(leb)])
}

export function writeSettings(swarm: number, { instant, patience, interval }: Settings): Bytes {
  return new Uint8Array([3, ...[swarm, instant, patience, interval].flatMap(leb)])
}
