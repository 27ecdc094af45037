/*
 * The peer wire: bytes as the specifications print them, streams cut anywhere, and everything that must end a connection.
 */

import { describe, expect, test } from 'vitest'
import type { Bytes } from './bytes'
import { concat, fromHex, toHex } from './bytes'
import { digest, noise } from './test/world'
import type { Handshake, Message } from './wire'
import { BLOCK, MAX_REQUEST, WireError, WireReader, writeBitfield, writeBlock, writeExtended, writeHandshake, writeHave, writeKeepAlive, writePiece, writeSignal } from './wire'

const PIECES = 20
const hash = noise(20, 3)
const id = noise(20, 4)
const hello = writeHandshake(hash, id)
const bytes = (hex: string): Bytes => fromHex(hex.replaceAll(' ', '')) ?? new Uint8Array(0)

/** What a reader makes of a stream that arrives in chunks of some size; data is copied as a peer would. */
function read(stream: Uint8Array, size = stream.length): (Message | Handshake)[] {
  const reader = new WireReader(PIECES)
  const heard: (Message | Handshake)[] = []
  for (let at = 0; at < stream.length; at += size) {
    reader.push(stream.subarray(at, at + size), (message) => {
      if (message.kind === 'piece' || message.kind === 'extended') heard.push({ ...message, data: message.data.slice() })
      else if (message.kind === 'bitfield') heard.push({ ...message, bits: message.bits.slice() })
      else heard.push(message)
    })
  }
  return heard
}

test('the handshake is that of BEP 3, with the bits of BEP 6 and BEP 10', () => {
  const name = '13 426974546f7272656e742070726f746f636f6c'
  expect(toHex(hello)).toBe(toHex(bytes(`${name} 0000000000100004 ${toHex(hash)} ${toHex(id)}`)))
  expect(read(hello)).toEqual([{ kind: 'handshake', infoHash: hash, peerId: id, fast: true, extended: true }])
  const old = hello.slice().fill(0, 20, 28)
  expect(read(old)).toMatchObject([{ fast: false, extended: false }])
})

const block = { index: 1, begin: BLOCK, length: BLOCK }
const messages: [string, Bytes, string, Message][] = [
  ['keep-alive', writeKeepAlive(), '00000000', { kind: 'keepAlive' }],
  ['choke', writeSignal('choke'), '00000001 00', { kind: 'choke' }],
  ['unchoke', writeSignal('unchoke'), '00000001 01', { kind: 'unchoke' }],
  ['interested', writeSignal('interested'), '00000001 02', { kind: 'interested' }],
  ['not interested', writeSignal('notInterested'), '00000001 03', { kind: 'notInterested' }],
  ['have', writeHave(7), '00000005 04 00000007', { kind: 'have', index: 7 }],
  ['bitfield', writeBitfield(bytes('8000f0')), '00000004 05 8000f0', { kind: 'bitfield', bits: bytes('8000f0') }],
  ['request', writeBlock('request', block), '0000000d 06 00000001 00004000 00004000', { kind: 'request', ...block }],
  ['piece', writePiece(1, 2, bytes('abcd')), '0000000b 07 00000001 00000002 abcd', { kind: 'piece', index: 1, begin: 2, data: bytes('abcd') }],
  ['cancel', writeBlock('cancel', block), '0000000d 08 00000001 00004000 00004000', { kind: 'cancel', ...block }],
  ['have all', writeSignal('haveAll'), '00000001 0e', { kind: 'haveAll' }],
  ['have none', writeSignal('haveNone'), '00000001 0f', { kind: 'haveNone' }],
  ['reject', writeBlock('reject', block), '0000000d 10 00000001 00004000 00004000', { kind: 'reject', ...block }],
  ['extended', writeExtended(3, bytes('6465')), '00000004 14 03 6465', { kind: 'extended', id: 3, data: bytes('6465') }],
]

describe('messages', () => {
  test.each(messages)('%s', (_name, written, hex, message) => {
    expect(toHex(written)).toBe(hex.replaceAll(' ', ''))
    expect(read(concat(hello, written)).slice(1)).toEqual([message])
  })

  test.each([['port', '00000003 09 1ae1'], ['suggest', '00000005 0d 00000001'], ['allowed fast', '00000005 11 00000001']])('%s is passed over', (_name, hex) => {
    expect(read(concat(hello, bytes(hex))).slice(1)).toEqual([{ kind: 'ignored' }])
  })
})

test.each([1, 2, 3, 5, 67, 68, 69, 1000, 16_384, 70_000])('a stream cut every %i bytes gives the same messages', (size) => {
  const piece = writePiece(3, 0, noise(BLOCK, 9))
  const stream = concat(hello, ...messages.map(([, written]) => written), piece, piece, writeHave(1))
  // Long data is compared by its digest: the test runner takes long over it otherwise.
  const short = (heard: (Message | Handshake)[]): unknown[] => heard.map((message) => ('data' in message ? { ...message, data: digest(message.data) } : message))
  expect(short(read(stream, size))).toEqual(short(read(stream)))
  expect(read(stream)).toHaveLength(messages.length + 4)
})

describe('ends the connection', () => {
  const cases: [string, Bytes][] = [
    ['not BitTorrent', bytes('13 42697474')],
    ['text', bytes('474554202f20')],
    ['an unknown message', concat(hello, bytes('00000001 63'))],
    ['a choke with a body', concat(hello, bytes('00000002 00'))],
    ['a have without a number', concat(hello, bytes('00000001 04'))],
    ['a short request', concat(hello, bytes('0000000c 06'))],
    ['a long request', concat(hello, bytes('0000000e 06'))],
    ['a short bitfield', concat(hello, bytes('00000003 05'))],
    ['a long bitfield', concat(hello, bytes('00000005 05'))],
    ['a piece without data', concat(hello, bytes('00000009 07'))],
    ['a piece that is too long', concat(hello, new Uint8Array([0, 2, 0, 10, 7]))],
    ['an extension message without a number', concat(hello, bytes('00000001 14'))],
    ['an extension message that is too long', concat(hello, bytes('00010003 14'))],
    ['a length beyond all messages, before its name', concat(hello, bytes('7fffffff'))],
  ]
  test.each(cases)('%s', (_name, stream) => {
    expect(() => read(stream)).toThrow(WireError)
    expect(() => read(stream, 1)).toThrow(WireError)
  })

  test('noise after the handshake never gives anything but messages or a WireError', () => {
    for (let seed = 1; seed < 300; seed++) {
      try {
        read(concat(hello, noise(200, seed)), 7)
      } catch (error) {
        expect(error).toBeInstanceOf(WireError)
      }
    }
  })
})

test('the longest piece that old clients ask for is read', () => {
  const data = noise(MAX_REQUEST)
  const [, piece] = read(concat(hello, writePiece(0, 0, data)), 16_384)
  expect(piece?.kind === 'piece' && toHex(piece.data.subarray(-8)) === toHex(data.subarray(-8)) && piece.data.length === data.length).toBe(true)
})
