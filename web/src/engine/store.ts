/*
 * Verified pieces in memory. All renditions share one budget: when it is exceeded, the piece furthest from its
 * rendition's playhead goes first, and pieces of renditions that nobody plays go before those. Reading is asynchronous
 * although memory would not need it, so that a store that spills into the browser's cache storage fits the same
 * interface. Pieces that a reader waits for are pinned and never go.
 */

import { Bitfield } from './bitfield'
import type { Bytes } from './bytes'

/** Where verified pieces of one rendition are kept. */
export interface PieceStore {
  /** Which pieces are held now. */
  readonly held: Bitfield
  put(index: number, data: Bytes): void
  read(index: number): Promise<Bytes | null>
  /** Gives everything back. */
  clear(): void
}

/** What the store must know of its rendition to choose what goes. */
export interface Shelf {
  pinned(index: number): boolean
  /** The piece being played, or null while another rendition is. */
  playhead(): number | null
}

/** The budget that all stores of one engine share. */
export class Memory {
  readonly limit: number
  private used = 0
  private readonly stores = new Set<MemoryStore>()

  constructor(limit: number) {
    this.limit = limit
  }

  get bytes(): number {
    return this.used
  }

  /** Opens the store of one rendition. */
  open(pieceCount: number, shelf: Shelf): PieceStore {
    const store = new MemoryStore(pieceCount, shelf, this)
    this.stores.add(store)
    return store
  }

  /** Accounts for bytes that came or went and makes room. */
  change(bytes: number): void {
    this.used += bytes
    while (this.used > this.limit) {
      let victim: { store: MemoryStore; index: number; distance: number } | null = null
      for (const store of this.stores) {
        const candidate = store.furthest()
        if (candidate !== null && (victim === null || candidate.distance > victim.distance)) victim = { store, ...candidate }
      }
      if (victim === null) return
      victim.store.drop(victim.index)
    }
  }

  forget(store: MemoryStore): void {
    this.stores.delete(store)
  }
}

class MemoryStore implements PieceStore {
  readonly held: Bitfield
  private readonly pieces = new Map<number, Bytes>()
  private readonly shelf: Shelf
  private readonly memory: Memory

  constructor(pieceCount: number, shelf: Shelf, memory: Memory) {
    this.held = new Bitfield(pieceCount)
    this.shelf = shelf
    this.memory = memory
  }

  put(index: number, data: Bytes): void {
    if (this.held.has(index)) return
    this.pieces.set(index, data)
    this.held.add(index)
    this.memory.change(data.length)
  }

  read(index: number): Promise<Bytes | null> {
    return Promise.resolve(this.pieces.get(index) ?? null)
  }

  clear(): void {
    for (const index of [...this.pieces.keys()]) this.drop(index)
    this.memory.forget(this)
  }

  /** The piece that would be missed least, its distance as a share of the file; one more when nobody plays this. */
  furthest(): { index: number; distance: number } | null {
    const playhead = this.shelf.playhead()
    let found: { index: number; distance: number } | null = null
    for (const index of this.pieces.keys()) {
      if (this.shelf.pinned(index)) continue
      const distance = playhead === null ? 1 + index / this.held.size : Math.abs(index - playhead) / this.held.size
      if (found === null || distance > found.distance) found = { index, distance }
    }
    return found
  }

  drop(index: number): void {
    const data = this.pieces.get(index)
    if (data === undefined) return
    this.pieces.delete(index)
    this.held.remove(index)
    this.memory.change(-data.length)
  }
}
