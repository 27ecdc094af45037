/*
 * Bencode, the notation of torrent files and of BitTorrent's extension messages. The decoder reads hostile bytes: it
 * is bounded in depth and in the number of values, refuses what is not canonical in integers and lengths, and can tell
 * where the value of one top-level key lies, because an infohash is taken over the raw bytes and never over a second
 * encoding. Dictionaries become Maps, so that no key can reach an object's prototype. Order of keys is not enforced.
 */

import type { Bytes } from './bytes'
import { fromLatin1, toLatin1 } from './bytes'

/** A decoded value. Byte strings stay bytes: bencode knows no text. */
export type Value = number | Bytes | Value[] | Dictionary
/** A dictionary, its keys as Latin-1 text. */
export type Dictionary = Map<string, Value>

/** What the decoder throws; the message says what is wrong, for the log only. */
export class BencodeError extends Error {}

const MAX_DEPTH = 24
const MAX_VALUES = 20_000
const MAX_KEY = 256

/** Decodes exactly one value that fills all the bytes. */
export function decode(bytes: Uint8Array): Value {
  return new Decoder(bytes).whole()
}

/** Decodes one value from the beginning and says how many bytes it took (extension messages carry data behind it). */
export function decodePrefix(bytes: Uint8Array): { value: Value; length: number } {
  const decoder = new Decoder(bytes)
  const value = decoder.value(0)
  return { value, length: decoder.at }
}

/** Decodes a dictionary and returns with it the raw bytes of the value of one of its keys. */
export function decodeWithRaw(bytes: Uint8Array, key: string): { value: Dictionary; raw: Bytes | null } {
  const decoder = new Decoder(bytes, key)
  const value = decoder.whole()
  if (!(value instanceof Map)) throw new BencodeError('not a dictionary')
  return { value, raw: decoder.raw }
}

/** Encodes a value; keys are sorted as bytes, as the notation demands. */
export function encode(value: Value): Bytes {
  const out: number[] = []
  write(value, out)
  return new Uint8Array(out)
}

/** The integer under a key, or null when it is absent or something else. */
export function integerAt(dictionary: Dictionary, key: string): number | null {
  const value = dictionary.get(key)
  return typeof value === 'number' ? value : null
}

/** The byte string under a key, or null when it is absent or something else. */
export function bytesAt(dictionary: Dictionary, key: string): Bytes | null {
  const value = dictionary.get(key)
  return value instanceof Uint8Array ? value : null
}

/** The dictionary under a key, or null when it is absent or something else. */
export function dictionaryAt(dictionary: Dictionary, key: string): Dictionary | null {
  const value = dictionary.get(key)
  return value instanceof Map ? value : null
}

function write(value: Value, out: number[]): void {
  if (typeof value === 'number') {
    push(`i${value}e`, out)
  } else if (value instanceof Uint8Array) {
    push(`${value.length}:`, out)
    for (const byte of value) out.push(byte)
  } else if (Array.isArray(value)) {
    push('l', out)
    for (const item of value) write(item, out)
    push('e', out)
  } else {
    push('d', out)
    const keys = [...value.keys()].sort((a, b) => (a < b ? -1 : 1))
    for (const key of keys) {
      const item = value.get(key)
      const name = fromLatin1(key)
      if (item === undefined || name === null) throw new BencodeError('a key is not Latin-1')
      write(name, out)
      write(item, out)
    }
    push('e', out)
  }
}

function push(text: string, out: number[]): void {
  for (let i = 0; i < text.length; i++) out.push(text.charCodeAt(i))
}

const I = 0x69
const L = 0x6c
const D = 0x64
const E = 0x65
const COLON = 0x3a
const MINUS = 0x2d

class Decoder {
  at = 0
  raw: Bytes | null = null
  private values = 0
  private readonly bytes: Uint8Array
  private readonly rawKey: string | null

  constructor(bytes: Uint8Array, rawKey: string | null = null) {
    this.bytes = bytes
    this.rawKey = rawKey
  }

  whole(): Value {
    const value = this.value(0)
    if (this.at !== this.bytes.length) throw new BencodeError('bytes after the end')
    return value
  }

  value(depth: number): Value {
    if (depth > MAX_DEPTH) throw new BencodeError('too deep')
    if (++this.values > MAX_VALUES) throw new BencodeError('too many values')
    switch (this.bytes[this.at]) {
      case I:
        return this.integer()
      case L:
        return this.list(depth)
      case D:
        return this.dictionary(depth)
      default:
        return this.string()
    }
  }

  private integer(): number {
    this.at++
    const value = this.digits(E)
    if (!Number.isSafeInteger(value)) throw new BencodeError('integer out of range')
    return value
  }

  private list(depth: number): Value[] {
    this.at++
    const list: Value[] = []
    while (!this.ended()) list.push(this.value(depth + 1))
    return list
  }

  private dictionary(depth: number): Dictionary {
    this.at++
    const dictionary: Dictionary = new Map()
    while (!this.ended()) {
      const key = this.string()
      if (key.length > MAX_KEY) throw new BencodeError('key too long')
      const name = toLatin1(key)
      if (dictionary.has(name)) throw new BencodeError('key twice')
      const start = this.at
      dictionary.set(name, this.value(depth + 1))
      if (depth === 0 && name === this.rawKey) this.raw = this.bytes.slice(start, this.at)
    }
    return dictionary
  }

  private ended(): boolean {
    if (this.at >= this.bytes.length) throw new BencodeError('cut off')
    if (this.bytes[this.at] !== E) return false
    this.at++
    return true
  }

  private string(): Bytes {
    if (this.bytes[this.at] === MINUS) throw new BencodeError('negative length')
    const length = this.digits(COLON)
    const end = this.at + length
    if (end > this.bytes.length) throw new BencodeError('cut off')
    const string = this.bytes.slice(this.at, end)
    this.at = end
    return string
  }

  /** Reads a canonical decimal number up to its end mark: no leading zeros, no minus zero, at least one digit. */
  private digits(end: number): number {
    const start = this.at
    let negative = false
    if (this.bytes[this.at] === MINUS) {
      negative = true
      this.at++
    }
    const first = this.at
    let value = 0
    for (;;) {
      const byte = this.bytes[this.at]
      if (byte === end) break
      if (byte === undefined || byte < 0x30 || byte > 0x39) throw new BencodeError('not a number')
      if (this.at - start > 18) throw new BencodeError('number too long')
      value = value * 10 + (byte - 0x30)
      this.at++
    }
    const count = this.at - first
    if (count === 0) throw new BencodeError('no digits')
    if (this.bytes[first] === 0x30 && (count > 1 || negative)) throw new BencodeError('not canonical')
    this.at++
    return negative ? -value : value
  }
}
