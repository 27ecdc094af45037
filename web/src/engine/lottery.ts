/*
 * Which pieces far ahead of the player are fetched next: any that others hold, in an order that chance gave this viewer,
 * so that viewers who do the same at the same time come to hold different pieces and can help each other. A piece that
 * was drawn stays drawn until it is here or nobody offers it, so that requests are not taken back for nothing.
 */

import type { Bytes } from './bytes'

/** Pieces looked at for one draw: a large film is gone through in several. */
const LOOKED_AT = 4096

export class Lottery {
  private order: Uint32Array | null = null
  private next = 0
  private readonly drawn = new Set<number>()
  private readonly size: number
  private readonly random: (length: number) => Bytes

  constructor(size: number, random: (length: number) => Bytes) {
    this.size = size
    this.random = random
  }

  /** Up to `count` pieces of those that `fits` accepts. */
  draw(count: number, fits: (index: number) => boolean): Iterable<number> {
    this.order ??= shuffled(this.size, this.random)
    for (const index of this.drawn) if (!fits(index)) this.drawn.delete(index)
    for (let looks = Math.min(this.size, LOOKED_AT); looks > 0 && this.drawn.size < count; looks--) {
      const index = this.order[this.next] ?? 0
      this.next = (this.next + 1) % this.size
      if (!this.drawn.has(index) && fits(index)) this.drawn.add(index)
    }
    return this.drawn
  }
}

/** All numbers below `size` in an order of chance. */
function shuffled(size: number, random: (length: number) => Bytes): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, index) => index)
  const [a = 1, b = 1, c = 1, d = 1] = random(4)
  // A small generator is enough for an order that nobody needs to guess.
  let state = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0 || 1
  for (let at = size - 1; at > 0; at--) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    const other = state % (at + 1)
    const kept = order[at] ?? 0
    order[at] = order[other] ?? 0
    order[other] = kept
  }
  return order
}
