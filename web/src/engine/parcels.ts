/*
 * Pieces of one rendition in a box that outlives the page, put together into parcels: every call of the browser's storage
 * costs far more than the bytes it carries, and thousands of small entries would cost a viewer more processor time than
 * playing does. A parcel is a run of neighbouring pieces under a name that says which. What has come waits until its
 * parcel is full, or for a while when nothing more comes.
 */

import type { Bytes } from './bytes'
import { concat } from './bytes'
import type { Clock } from './clock'
import type { Box } from './kept'

/** A parcel holds about so many bytes. */
const PARCEL_BYTES = 1024 * 1024
/** A parcel that is not full leaves after so long (ms). */
const LINGER = 10_000

/** Pieces first to last, inclusively. */
interface Run {
  first: number
  last: number
}

interface Waiting {
  data: Bytes
  done(kept: boolean): void
}

/** What is to be stored of something when there is room for so many bytes; null for nothing. */
export type Cut = (room: number) => { key: string; data: Bytes } | null
/** Stores something of so many bytes when its turn comes. */
export type Store = (length: number, cut: Cut) => Promise<void>

export class Parcels {
  /** Which parcel has which piece. */
  private readonly places = new Map<number, Run>()
  private readonly waiting = new Map<number, Waiting>()
  private readonly timers = new Map<number, () => void>()
  /** The parcel that was read last: its other pieces are asked for next. */
  private last: { run: Run; data: Bytes } | null = null
  private readonly perParcel: number
  private readonly box: Box
  private readonly store: Store
  private readonly clock: Clock
  private readonly pieceLength: number
  private readonly pieceCount: number

  constructor(box: Box, keys: readonly string[], store: Store, clock: Clock, pieceLength: number, pieceCount: number) {
    this.box = box
    this.store = store
    this.clock = clock
    this.pieceLength = pieceLength
    this.pieceCount = pieceCount
    this.perParcel = Math.max(1, Math.floor(PARCEL_BYTES / pieceLength))
    // Where two have the same piece, the smaller one is younger: it was written in place of something bad.
    const runs = keys.flatMap((key) => runOf(key) ?? []).filter(({ last }) => last < pieceCount)
    for (const run of runs.sort((a, b) => size(b) - size(a))) this.place(run)
  }

  /** The pieces that are there. */
  get found(): number[] {
    return [...this.places.keys()]
  }

  /** Bytes that the parcels take, at most. */
  static bytes(keys: readonly string[], pieceLength: number): number {
    return keys.reduce((sum, key) => sum + size(runOf(key)) * pieceLength, 0)
  }

  async read(index: number): Promise<Bytes | null> {
    const run = this.places.get(index)
    if (run === undefined) return null
    if (this.last?.run !== run) {
      const data = await this.box.read(nameOf(run))
      if (data === null) return null
      this.last = { run, data }
    }
    const at = (index - run.first) * this.pieceLength
    return this.last.data.slice(at, at + this.pieceLength)
  }

  /** Takes a piece along with its neighbours; false when it was not kept. */
  write(index: number, data: Bytes): Promise<boolean> {
    return new Promise((done) => {
      this.waiting.set(index, { data, done })
      const parcel = Math.floor(index / this.perParcel)
      if (this.isFull(parcel)) this.send(parcel)
      else if (!this.timers.has(parcel)) this.timers.set(parcel, this.clock.after(LINGER, () => this.send(parcel)))
    })
  }

  /** The piece is no good. Its parcel goes when nothing in it is of use; tells how many bytes that frees. */
  forget(index: number): number {
    const run = this.places.get(index)
    this.places.delete(index)
    if (run === undefined) return 0
    for (let other = run.first; other <= run.last; other++) if (this.places.get(other) === run) return 0
    void this.box.remove(nameOf(run)).catch(() => undefined)
    return size(run) * this.pieceLength
  }

  /** Sends whatever waits. */
  flush(): void {
    for (const parcel of [...this.timers.keys()]) this.send(parcel)
  }

  private isFull(parcel: number): boolean {
    const end = Math.min(this.pieceCount, (parcel + 1) * this.perParcel)
    for (let index = parcel * this.perParcel; index < end; index++) if (!this.waiting.has(index) && !this.places.has(index)) return false
    return true
  }

  private send(parcel: number): void {
    this.timers.get(parcel)?.()
    this.timers.delete(parcel)
    const end = (parcel + 1) * this.perParcel
    for (let first = parcel * this.perParcel; first < end; first++) {
      if (!this.waiting.has(first)) continue
      let last = first
      while (last + 1 < end && this.waiting.has(last + 1)) last++
      void this.sendRun({ first, last })
      first = last
    }
  }

  private async sendRun(run: Run): Promise<void> {
    const pieces: Waiting[] = []
    for (let index = run.first; index <= run.last; index++) {
      const piece = this.waiting.get(index)
      this.waiting.delete(index)
      if (piece !== undefined) pieces.push(piece)
    }
    const length = pieces.reduce((sum, { data }) => sum + data.length, 0)
    let whole = 0
    const cut: Cut = (room) => {
      whole = room >= length ? pieces.length : Math.floor(room / this.pieceLength)
      if (whole === 0) return null
      return { key: nameOf({ first: run.first, last: run.first + whole - 1 }), data: concat(...pieces.slice(0, whole).map(({ data }) => data)) }
    }
    await this.store(length, cut).catch(() => (whole = 0))
    if (whole > 0) this.place({ first: run.first, last: run.first + whole - 1 })
    pieces.forEach(({ done }, at) => done(at < whole))
  }

  private place(run: Run): void {
    for (let index = run.first; index <= run.last; index++) this.places.set(index, run)
  }
}

function nameOf({ first, last }: Run): string {
  return first === last ? String(first) : `${first}-${last}`
}

/** A run by its name; null for what nobody of us wrote. */
function runOf(key: string): Run | null {
  const parts = /^(\d{1,7})(?:-(\d{1,7}))?$/.exec(key)
  if (parts === null) return null
  const first = Number(parts[1])
  const last = parts[2] === undefined ? first : Number(parts[2])
  return last < first ? null : { first, last }
}

function size(run: Run | null): number {
  return run === null ? 0 : run.last - run.first + 1
}
