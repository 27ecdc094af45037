/*
 * The extension messages (BEP 10) that the engine understands: the extension handshake; requests for the info dictionary
 * (BEP 9), which are answered so that clients can join by magnet link while only viewers are there (the engine itself
 * never asks for metadata: it has it from the pod); and `shoal`, by which our pages tell each other where they play. That
 * one is two unsigned LEB128 numbers of at most five bytes, the piece at the playhead and the media buffered from there in
 * milliseconds; bytes behind them are passed over. It is sent when it has changed, at most every second and at once
 * after a seek, and only says whose requests are in a hurry: nothing is trusted because of it. What a stranger writes
 * about itself is cut and cleaned before it reaches the page.
 */

import { BencodeError, bytesAt, decode, decodePrefix, dictionaryAt, encode, integerAt } from './bencode'
import type { Bytes } from './bytes'
import { concat, fromLatin1, toLatin1 } from './bytes'
import { pushNumber, Reader } from './conductor'

/** The number under which others send us metadata requests. */
export const OUR_METADATA_ID = 1
/** The number under which others tell us where they play. */
export const OUR_SHOAL_ID = 2
/** Our client's name in the handshake. */
export const CLIENT = 'Shoal'
/** How the peer id of a pod begins; pages of the same client have another version there. */
const POD_PREFIX = '-SH0001-'
const METADATA_PART = 16 * 1024
const MAX_NAME = 64
const MAX_QUEUE = 2000

/** What another client says about itself. */
export interface ExtendedHandshake {
  client: string | undefined
  /** Requests that it is ready to remember. */
  queue: number
  /** The number under which it takes metadata messages; 0 when it takes none. */
  metadataId: number
  /** The number under which it takes word of where we play; 0 when it takes none. */
  shoalId: number
}

/** Where another viewer plays. */
export interface Place {
  playhead: number
  /** Media buffered from there (ms). */
  lead: number
}

/** Writes our extension handshake. */
export function writeExtendedHandshake(metadataSize: number, queue: number): Bytes {
  return encode(
    new Map<string, number | Bytes | Map<string, number>>([
      ['m', new Map([['shoal', OUR_SHOAL_ID], ['ut_metadata', OUR_METADATA_ID]])],
      ['metadata_size', metadataSize],
      ['reqq', queue],
      ['v', fromLatin1(CLIENT) ?? new Uint8Array(0)],
    ]),
  )
}

/** Reads an extension handshake; null when it is not one, which is no reason to part. */
export function readExtendedHandshake(data: Uint8Array): ExtendedHandshake | null {
  try {
    const value = decode(data)
    if (!(value instanceof Map)) return null
    const queue = integerAt(value, 'reqq') ?? 250
    const names = dictionaryAt(value, 'm')
    const idOf = (name: string): number => {
      const id = names === null ? 0 : (integerAt(names, name) ?? 0)
      return id > 0 && id < 256 ? id : 0
    }
    return {
      client: cleanName(bytesAt(value, 'v')),
      queue: Math.min(MAX_QUEUE, Math.max(1, queue)),
      metadataId: idOf('ut_metadata'),
      shoalId: idOf('shoal'),
    }
  } catch (error) {
    if (error instanceof BencodeError) return null
    throw error
  }
}

/** Writes where we play. */
export function writePlace({ playhead, lead }: Place): Bytes {
  const out: number[] = []
  pushNumber(out, playhead)
  pushNumber(out, lead)
  return new Uint8Array(out)
}

/** Reads where another viewer plays; null when the message is none. */
export function readPlace(data: Uint8Array): Place | null {
  const from = new Reader(data, 0)
  const [playhead, lead] = [from.number(), from.number()]
  return playhead === null || lead === null ? null : { playhead, lead }
}

/** Reads which part of the info dictionary is asked for; null when the message is anything else. */
export function readMetadataRequest(data: Uint8Array): number | null {
  try {
    const { value } = decodePrefix(data)
    if (!(value instanceof Map) || integerAt(value, 'msg_type') !== 0) return null
    const part = integerAt(value, 'piece')
    return part !== null && part >= 0 ? part : null
  } catch (error) {
    if (error instanceof BencodeError) return null
    throw error
  }
}

/** Writes one part of the info dictionary; null when there is no such part. */
export function writeMetadataPiece(info: Bytes, part: number): Bytes | null {
  const start = part * METADATA_PART
  if (start >= info.length) return null
  const head = encode(
    new Map([
      ['msg_type', 1],
      ['piece', part],
      ['total_size', info.length],
    ]),
  )
  return concat(head, info.subarray(start, start + METADATA_PART))
}

/** The name of a client that only says it in its peer id, as most do: two letters and four digits between dashes. */
export function clientOf(peerId: Uint8Array): string | undefined {
  const [, letters] = /^-([A-Za-z]{2})[0-9A-Za-z]{4}-/.exec(toLatin1(peerId.subarray(0, 8))) ?? []
  return letters === undefined ? undefined : (CLIENTS[letters] ?? letters)
}

/** Says whether a peer calls itself a pod. Nothing is trusted because of it: it only decides who is asked first. */
export function isPodId(peerId: Uint8Array): boolean {
  return toLatin1(peerId.subarray(0, POD_PREFIX.length)) === POD_PREFIX
}

const CLIENTS: Record<string, string | undefined> = {
  SH: CLIENT,
  WD: 'WebTorrent Desktop',
  WW: 'WebTorrent',
  lt: 'libTorrent',
  LT: 'libtorrent',
  qB: 'qBittorrent',
  TR: 'Transmission',
}

function cleanName(bytes: Bytes | null): string | undefined {
  if (bytes === null) return undefined
  const name = toLatin1(bytes.subarray(0, MAX_NAME)).replace(/[^\x20-\x7e]/g, '')
  return name === '' ? undefined : name
}
