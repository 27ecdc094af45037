/*
 * One piece on its way: which of its blocks are here and from whom, who has been asked for the others, and by what right
 * it may come from the pod. Its memory is taken when the first byte comes, so that a long list of wishes costs nothing.
 * It decides nothing and talks to nobody.
 */

import type { Bytes } from './bytes'
import type { Metainfo } from './metainfo'
import { pieceSize } from './metainfo'
import type { Peer } from './peer'
import type { Block } from './wire'
import { BLOCK } from './wire'

/** Who gave a block. */
export type Source = Peer | 'pod'

/** Why a piece may come from the pod over HTTP: the first ones at a start, those that the pod asks us to spread, and need. */
export type Right = 'instant' | 'granted' | 'rescued'

/** A range being read from the pod. */
export interface Run {
  readonly first: number
  last: number
  /** Bytes of the file. */
  readonly start: number
  end: number
  readonly rights: Map<number, Right>
  readonly abort: AbortController
  readonly begunAt: number
  progressAt: number
}

export class Job {
  readonly index: number
  readonly size: number
  deadline: number | null = null
  right: Right | null = null
  /** Who gave each block; null while it is missing. */
  readonly sources: (Source | null)[]
  /** Blocks that are missing. */
  missing: number
  owner: Peer | Run | null = null
  /** Blocks that the present owner has been asked for. */
  readonly asked: boolean[]
  givenAt: number
  progressAt: number
  verifying = false
  private bytes: Bytes | null = null

  constructor(meta: Metainfo, index: number, now: number) {
    this.index = index
    this.size = pieceSize(meta, index)
    const count = Math.ceil(this.size / BLOCK)
    this.sources = new Array<Source | null>(count).fill(null)
    this.asked = new Array<boolean>(count).fill(false)
    this.missing = count
    this.givenAt = this.progressAt = now
  }

  get data(): Bytes {
    this.bytes ??= new Uint8Array(this.size)
    return this.bytes
  }

  /** Bytes that are missing, about. */
  get missingBytes(): number {
    return Math.min(this.size, this.missing * BLOCK)
  }

  block(number: number): Block {
    const begin = number * BLOCK
    return { index: this.index, begin, length: Math.min(BLOCK, this.size - begin) }
  }

  /** Puts a block of a peer into its place; false when it is there already. */
  fill(begin: number, data: Uint8Array, source: Peer): boolean {
    const number = begin / BLOCK
    if (this.sources[number] !== null) return false
    this.data.set(data, begin)
    this.sources[number] = source
    this.missing--
    return true
  }

  /** Puts a part of a range from the pod into its place; the blocks that it completes are the pod's. */
  pour(begin: number, part: Uint8Array): void {
    this.data.set(part, begin)
    const reached = begin + part.length
    for (let number = Math.floor(begin / BLOCK); number < this.sources.length; number++) {
      if (Math.min(this.size, (number + 1) * BLOCK) > reached) break
      if (this.sources[number] === null) this.missing--
      this.sources[number] = 'pod'
    }
  }

  /** Forgets what somebody gave. */
  distrust(peer: Peer): void {
    this.sources.forEach((source, number) => {
      if (source !== peer) return
      this.sources[number] = null
      this.asked[number] = false
      this.missing++
    })
  }

  clear(): void {
    this.sources.fill(null)
    this.missing = this.sources.length
  }

  /** The part of the piece in which blocks are missing, as bytes of the piece. */
  gap(): { begin: number; end: number } {
    const first = this.sources.indexOf(null)
    const last = this.sources.lastIndexOf(null)
    return { begin: first * BLOCK, end: Math.min(this.size, (last + 1) * BLOCK) }
  }
}

export function isRun(owner: Peer | Run): owner is Run {
  return 'abort' in owner
}
