/*
 * A set of piece numbers as BitTorrent sends it: one bit per piece, the highest bit of the first byte first. It knows
 * its size, so that spare bits and numbers beyond the end are refused instead of remembered.
 */

import type { Bytes } from './bytes'

/** Which pieces somebody holds. */
export class Bitfield {
  readonly size: number
  private bytes: Bytes
  private members = 0

  constructor(size: number) {
    this.size = size
    this.bytes = new Uint8Array(Math.ceil(size / 8))
  }

  /** Reads a bitfield message for so many pieces; null when its length is wrong or a spare bit is set. */
  static parse(bytes: Uint8Array, size: number): Bitfield | null {
    const field = new Bitfield(size)
    if (bytes.length !== field.bytes.length) return null
    field.bytes = bytes.slice()
    for (let index = size; index < bytes.length * 8; index++) if (field.bit(index)) return null
    for (let index = 0; index < size; index++) if (field.bit(index)) field.members++
    return field
  }

  /** How many pieces are in the set. */
  get count(): number {
    return this.members
  }

  has(index: number): boolean {
    return index >= 0 && index < this.size && this.bit(index)
  }

  add(index: number): void {
    if (index < 0 || index >= this.size || this.bit(index)) return
    this.bytes[index >> 3] = (this.bytes[index >> 3] ?? 0) | (0x80 >> (index & 7))
    this.members++
  }

  remove(index: number): void {
    if (!this.has(index)) return
    this.bytes[index >> 3] = (this.bytes[index >> 3] ?? 0) & ~(0x80 >> (index & 7))
    this.members--
  }

  /** Puts every piece into the set. */
  fill(): void {
    for (let index = 0; index < this.size; index++) this.add(index)
  }

  /** Says whether there is a piece in here, from `start` to before `end`, that the other set lacks. */
  offers(other: Bitfield, start: number, end: number): boolean {
    const last = Math.min(end, this.size) - 1
    for (let at = start >> 3; at <= last >> 3; at++) {
      const more = (this.bytes[at] ?? 0) & ~(other.bytes[at] ?? 0)
      if (more === 0) continue
      for (let index = Math.max(start, at * 8); index <= Math.min(last, at * 8 + 7); index++) if (more & (0x80 >> (index & 7))) return true
    }
    return false
  }

  /** The bytes of a bitfield message. */
  toBytes(): Bytes {
    return this.bytes.slice()
  }

  private bit(index: number): boolean {
    return ((this.bytes[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0
  }
}
