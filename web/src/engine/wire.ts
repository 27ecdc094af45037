/*
 * BitTorrent's peer wire (BEP 3, with the fast extension of BEP 6 and the extension protocol of BEP 10) as bytes in,
 * messages out. A data channel carries it as a byte stream: other clients cut it anywhere, so the reader reassembles.
 * Every length is checked against its message before anything is buffered for it; whatever breaks the rules throws,
 * and the connection ends. It keeps no protocol state beyond the bytes of one unfinished message: who may say what and
 * when is the peer's business. Bounds that depend on the torrent (piece numbers) are checked there, too.
 */

import type { Bytes } from './bytes'
import { concat, equal, fromLatin1 } from './bytes'

/** The unit of requests, fixed by custom: others refuse larger ones. */
export const BLOCK = 16 * 1024
/** The largest request that is answered; old clients ask for more than BLOCK. */
export const MAX_REQUEST = 128 * 1024
const MAX_EXTENDED = 64 * 1024
const HANDSHAKE = 68
const PROTOCOL = fromLatin1('\u0013BitTorrent protocol') ?? new Uint8Array(20)
const EXTENDED_BYTE = 20 + 5
const EXTENDED_BIT = 0x10
const FAST_BYTE = 20 + 7
const FAST_BIT = 0x04

/** What opens a connection, in both directions. */
export interface Handshake {
  kind: 'handshake'
  infoHash: Bytes
  peerId: Bytes
  fast: boolean
  extended: boolean
}

/** A block of a piece. */
export interface Block {
  index: number
  begin: number
  length: number
}

/** Everything that may follow the handshake. `data` is a view that is good only until the reader's next push. */
export type Message =
  | { kind: 'keepAlive' | 'choke' | 'unchoke' | 'interested' | 'notInterested' | 'ignored' }
  | { kind: 'haveAll' | 'haveNone' }
  | { kind: 'have'; index: number }
  | { kind: 'bitfield'; bits: Uint8Array }
  | ({ kind: 'request' | 'cancel' | 'reject' } & Block)
  | { kind: 'piece'; index: number; begin: number; data: Uint8Array }
  | { kind: 'extended'; id: number; data: Uint8Array }

/** The other side broke the protocol. */
export class WireError extends Error {}

const ID = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  notInterested: 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  port: 9,
  suggest: 13,
  haveAll: 14,
  haveNone: 15,
  reject: 16,
  allowedFast: 17,
  extended: 20,
} as const

/** The handshake with both extensions that the engine speaks. */
export function writeHandshake(infoHash: Uint8Array, peerId: Uint8Array): Bytes {
  const bytes = new Uint8Array(HANDSHAKE)
  bytes.set(PROTOCOL)
  bytes[EXTENDED_BYTE] = EXTENDED_BIT
  bytes[FAST_BYTE] = FAST_BIT
  bytes.set(infoHash, 28)
  bytes.set(peerId, 48)
  return bytes
}

/** A message of nothing but its name. */
export function writeSignal(kind: 'choke' | 'unchoke' | 'interested' | 'notInterested' | 'haveAll' | 'haveNone'): Bytes {
  return frame(ID[kind], [])
}

/** The empty message that keeps a quiet connection open. */
export function writeKeepAlive(): Bytes {
  return new Uint8Array(4)
}

export function writeHave(index: number): Bytes {
  return frame(ID.have, [index])
}

export function writeBitfield(bits: Uint8Array): Bytes {
  return frame(ID.bitfield, [], bits)
}

export function writeBlock(kind: 'request' | 'cancel' | 'reject', block: Block): Bytes {
  return frame(ID[kind], [block.index, block.begin, block.length])
}

export function writePiece(index: number, begin: number, data: Uint8Array): Bytes {
  return frame(ID.piece, [index, begin], data)
}

export function writeExtended(id: number, data: Uint8Array): Bytes {
  return frame(ID.extended, [], concat(new Uint8Array([id]), data))
}

function frame(id: number, numbers: number[], data?: Uint8Array): Bytes {
  const length = 1 + numbers.length * 4 + (data?.length ?? 0)
  const bytes = new Uint8Array(4 + length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, length)
  bytes[4] = id
  numbers.forEach((number, i) => view.setUint32(5 + i * 4, number))
  if (data) bytes.set(data, 5 + numbers.length * 4)
  return bytes
}

/** Reassembles the stream of one connection. */
export class WireReader {
  private buffer = new Uint8Array(1024)
  private used = 0
  private greeted = false
  private readonly maxBitfield: number

  /** A bitfield may be as long as this torrent's, everything else has a bound of its own. */
  constructor(pieceCount: number) {
    this.maxBitfield = Math.ceil(pieceCount / 8)
  }

  /** Takes the next bytes and hands every message that they complete to `take`; throws WireError on nonsense. */
  push(chunk: Uint8Array, take: (message: Handshake | Message) => void): void {
    this.append(chunk)
    let at = 0
    for (;;) {
      const rest = this.buffer.subarray(at, this.used)
      const step = this.greeted ? this.message(rest, take) : this.handshake(rest, take)
      if (step === 0) break
      at += step
    }
    this.buffer.copyWithin(0, at, this.used)
    this.used -= at
  }

  private append(chunk: Uint8Array): void {
    if (this.used + chunk.length > this.buffer.length) {
      const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.used + chunk.length))
      larger.set(this.buffer.subarray(0, this.used))
      this.buffer = larger
    }
    this.buffer.set(chunk, this.used)
    this.used += chunk.length
  }

  private handshake(rest: Uint8Array, take: (message: Handshake) => void): number {
    const known = Math.min(rest.length, PROTOCOL.length)
    if (!equal(rest.subarray(0, known), PROTOCOL.subarray(0, known))) throw new WireError('not BitTorrent')
    if (rest.length < HANDSHAKE) return 0
    this.greeted = true
    take({
      kind: 'handshake',
      infoHash: rest.slice(28, 48),
      peerId: rest.slice(48, 68),
      fast: ((rest[FAST_BYTE] ?? 0) & FAST_BIT) !== 0,
      extended: ((rest[EXTENDED_BYTE] ?? 0) & EXTENDED_BIT) !== 0,
    })
    return HANDSHAKE
  }

  private message(rest: Uint8Array, take: (message: Message) => void): number {
    if (rest.length < 4) return 0
    const view = new DataView(rest.buffer, rest.byteOffset, rest.length)
    const length = view.getUint32(0)
    if (length === 0) {
      take({ kind: 'keepAlive' })
      return 4
    }
    if (rest.length < 5) {
      if (length > Math.max(9 + MAX_REQUEST, 2 + MAX_EXTENDED, 1 + this.maxBitfield)) throw new WireError('message too long')
      return 0
    }
    const id = view.getUint8(4)
    this.checkLength(id, length - 1)
    if (rest.length < 4 + length) return 0
    take(body(id, rest.subarray(5, 4 + length)))
    return 4 + length
  }

  private checkLength(id: number, length: number): void {
    const [least, most] = this.bounds(id)
    if (length < least || length > most) throw new WireError(`message ${id} of ${length} bytes`)
  }

  private bounds(id: number): [number, number] {
    switch (id) {
      case ID.choke:
      case ID.unchoke:
      case ID.interested:
      case ID.notInterested:
      case ID.haveAll:
      case ID.haveNone:
        return [0, 0]
      case ID.port:
        return [2, 2]
      case ID.have:
      case ID.suggest:
      case ID.allowedFast:
        return [4, 4]
      case ID.request:
      case ID.cancel:
      case ID.reject:
        return [12, 12]
      case ID.bitfield:
        return [this.maxBitfield, this.maxBitfield]
      case ID.piece:
        return [9, 8 + MAX_REQUEST]
      case ID.extended:
        return [1, 1 + MAX_EXTENDED]
      default:
        throw new WireError(`unknown message ${id}`)
    }
  }
}

function body(id: number, data: Uint8Array): Message {
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  const block = (): Block => ({ index: view.getUint32(0), begin: view.getUint32(4), length: view.getUint32(8) })
  switch (id) {
    case ID.choke:
      return { kind: 'choke' }
    case ID.unchoke:
      return { kind: 'unchoke' }
    case ID.interested:
      return { kind: 'interested' }
    case ID.notInterested:
      return { kind: 'notInterested' }
    case ID.haveAll:
      return { kind: 'haveAll' }
    case ID.haveNone:
      return { kind: 'haveNone' }
    case ID.have:
      return { kind: 'have', index: view.getUint32(0) }
    case ID.bitfield:
      return { kind: 'bitfield', bits: data }
    case ID.request:
      return { kind: 'request', ...block() }
    case ID.cancel:
      return { kind: 'cancel', ...block() }
    case ID.reject:
      return { kind: 'reject', ...block() }
    case ID.piece:
      return { kind: 'piece', index: view.getUint32(0), begin: view.getUint32(4), data: data.subarray(8) }
    case ID.extended:
      return { kind: 'extended', id: view.getUint8(0), data: data.subarray(1) }
    default:
      // Port, suggest and allowed-fast are legal and of no use here.
      return { kind: 'ignored' }
  }
}
