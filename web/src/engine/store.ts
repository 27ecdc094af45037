/*
 * Verified pieces: in memory, and beyond it in what outlives the page (kept.ts). All renditions share one budget of
 * memory: when it is exceeded, the piece furthest from its rendition's playhead leaves the memory first, and pieces of
 * renditions that nobody plays go before those. Pieces that a reader waits for are pinned and never go. What was kept
 * over time is checked again when it is read. A piece is held as long as one of the two has it.
 */

import { Bitfield } from './bitfield'
import type { Bytes } from './bytes'
import type { KeptPieces } from './kept'

/** Where verified pieces of one rendition are kept. */
export interface PieceStore {
  /** Which pieces are held now. */
  readonly held: Bitfield
  put(index: number, data: Bytes): void
  /** The piece, if the memory has it. */
  here(index: number): Bytes | undefined
  read(index: number): Promise<Bytes | null>
  /** Gives the memory back. */
  clear(): void
}

/** What the store must know of its rendition to choose what goes, and what it tells. */
export interface Shelf {
  pinned(index: number): boolean
  /** The piece being played, or null while another rendition is. */
  playhead(): number | null
  /** A piece is held now, or not any more. */
  changed(index: number): void
}

/** What outlives the page. */
export interface Beyond {
  pieces: Promise<KeptPieces | null>
  good(index: number, data: Bytes): Promise<boolean>
  /** Pieces of an earlier visit are held now. */
  found(): void
}

/** The budget that all stores of one engine share. */
export class Memory {
  readonly limit: number
  private used = 0
  private readonly stores = new Set<RenditionStore>()

  constructor(limit: number) {
    this.limit = limit
  }

  get bytes(): number {
    return this.used
  }

  /** Opens the store of one rendition. */
  open(pieceCount: number, shelf: Shelf, beyond?: Beyond): PieceStore {
    const store = new RenditionStore(pieceCount, shelf, this, beyond)
    this.stores.add(store)
    return store
  }

  /** Accounts for bytes that came or went and makes room. */
  change(bytes: number): void {
    this.used += bytes
    while (this.used > this.limit) {
      let victim: { store: RenditionStore; index: number; distance: number } | null = null
      for (const store of this.stores) {
        const candidate = store.furthest()
        if (candidate !== null && (victim === null || candidate.distance > victim.distance)) victim = { store, ...candidate }
      }
      if (victim === null) return
      victim.store.drop(victim.index)
    }
  }

  forget(store: RenditionStore): void {
    this.stores.delete(store)
  }
}

class RenditionStore implements PieceStore {
  readonly held: Bitfield
  private readonly pieces = new Map<number, Bytes>()
  /** On their way to what outlives the page, and arrived there. */
  private readonly leaving = new Map<number, Bytes>()
  private readonly kept: Bitfield
  private keeper: KeptPieces | null = null
  private closed = false
  private readonly shelf: Shelf
  private readonly memory: Memory
  private readonly beyond: Beyond | undefined

  constructor(pieceCount: number, shelf: Shelf, memory: Memory, beyond: Beyond | undefined) {
    this.held = new Bitfield(pieceCount)
    this.kept = new Bitfield(pieceCount)
    this.shelf = shelf
    this.memory = memory
    this.beyond = beyond
    void beyond?.pieces.then((keeper) => this.attach(keeper))
  }

  put(index: number, data: Bytes): void {
    if (this.pieces.has(index)) return
    this.pieces.set(index, data)
    this.hold(index)
    if (this.keeper !== null) this.keep(this.keeper, index, data)
    this.memory.change(data.length)
  }

  here(index: number): Bytes | undefined {
    return this.pieces.get(index) ?? this.leaving.get(index)
  }

  async read(index: number): Promise<Bytes | null> {
    const here = this.here(index)
    if (here !== undefined) return here
    if (this.keeper === null || this.beyond === undefined || !this.kept.has(index)) return null
    const data = await this.keeper.read(index)
    if (data !== null && (await this.beyond.good(index, data).catch(() => false))) {
      // It is read block by block: the next ones find it in the memory.
      if (!this.closed && !this.pieces.has(index)) {
        this.pieces.set(index, data)
        this.memory.change(data.length)
      }
      return data
    }
    this.keeper.forget(index)
    this.kept.remove(index)
    this.settle(index)
    return null
  }

  clear(): void {
    this.closed = true
    this.keeper?.flush()
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

  /** Takes a piece out of the memory. */
  drop(index: number): void {
    const data = this.pieces.get(index)
    if (data === undefined) return
    this.pieces.delete(index)
    this.settle(index)
    this.memory.change(-data.length)
  }

  private hold(index: number): void {
    if (this.held.has(index)) return
    this.held.add(index)
    this.shelf.changed(index)
  }

  /** A place has lost a piece: it is held as long as another has it. */
  private settle(index: number): void {
    if (this.pieces.has(index) || this.leaving.has(index) || this.kept.has(index) || !this.held.has(index)) return
    this.held.remove(index)
    if (!this.closed) this.shelf.changed(index)
  }

  private attach(keeper: KeptPieces | null): void {
    if (keeper === null || this.closed) return
    this.keeper = keeper
    for (const index of keeper.found) {
      this.kept.add(index)
      this.hold(index)
    }
    for (const [index, data] of this.pieces) this.keep(keeper, index, data)
    if (keeper.found.length > 0) this.beyond?.found()
  }

  private keep(keeper: KeptPieces, index: number, data: Bytes): void {
    if (this.kept.has(index) || this.leaving.has(index)) return
    this.leaving.set(index, data)
    void keeper.write(index, data).then((done) => {
      this.leaving.delete(index)
      if (done) this.kept.add(index)
      else this.settle(index)
    })
  }
}
