/*
 * Pieces that outlive the page: what a viewer has of a video is written behind the playback into the browser's cache
 * storage, within a size that the viewer sets, so that memory may give pieces up and the next visit still has them for
 * others. Whole videos go when there is no room, those visited longest ago first; what is open now never goes. Nothing
 * read from here is believed: the store checks every hash again. Where there is no such storage, or it fails (a private
 * window, a full disk), everything works without it. Videos that not everybody may see are not kept: see rendition.ts.
 */

import type { Bytes } from './bytes'
import type { Clock } from './clock'
import type { Cut } from './parcels'
import { Parcels } from './parcels'

/** Named boxes of named things that survive the page. Every call may fail. */
export interface Keep {
  names(): Promise<string[]>
  open(name: string): Promise<Box>
  remove(name: string): Promise<void>
}

export interface Box {
  keys(): Promise<string[]>
  read(key: string): Promise<Bytes | null>
  write(key: string, data: Bytes): Promise<void>
  remove(key: string): Promise<void>
}

/** Kept pieces of one rendition. */
export interface KeptPieces {
  /** What was there when it was opened. */
  readonly found: readonly number[]
  read(index: number): Promise<Bytes | null>
  /** Writes a piece along with others when their turn comes; false when it was not kept. */
  write(index: number, data: Bytes): Promise<boolean>
  forget(index: number): void
  /** Writes whatever waits, as soon as may be. */
  flush(): void
}

/** Room for kept pieces unless the viewer says otherwise. */
export const KEEP_BYTES = 512 * 1024 * 1024
/** Nothing is written so soon after a video was opened, and writes are so far apart: playback must not feel them (ms). */
const QUIET = 5000
const PACE = 250
/** Bytes that wait to be written; further pieces are not kept. */
const MAX_WAITING = 32 * 1024 * 1024
/** Failures in a row after which the storage is left alone. */
const MAX_FAILURES = 3
const PREFIX = 'shoal-pieces-'
const ABOUT = 'about'

interface Shelf {
  bytes: number
  used: number
  open: boolean
  /** Nothing is written before this moment. */
  quietUntil: number
}

export class Kept {
  private readonly shelves = new Map<string, Shelf>()
  private surveyed: Promise<void> | null = null
  private failures = 0
  private waiting = 0
  private line: Promise<unknown> = Promise.resolve()
  private readonly keep: Keep
  private readonly limit: number
  private readonly clock: Clock
  private readonly today: () => number

  /** `today` is the time of day in milliseconds: what is kept is compared over visits. */
  constructor(keep: Keep, limit: number, clock: Clock, today: () => number) {
    this.keep = keep
    this.limit = limit
    this.clock = clock
    this.today = today
  }

  /** Bytes that what is open now may still take. */
  get room(): number {
    if (!this.works) return 0
    let room = this.limit
    for (const { bytes, open } of this.shelves.values()) if (open) room -= bytes
    return Math.max(0, room)
  }

  private get works(): boolean {
    return this.limit > 0 && this.failures < MAX_FAILURES
  }

  /** Makes room for what the viewer allows; with nothing allowed, everything goes. */
  async tidy(): Promise<void> {
    await this.survey().catch(() => this.failed())
    await this.makeRoom(0)
  }

  /** Opens the pieces of a rendition; null when they cannot be had. */
  async open(name: string, pieceLength: number, pieceCount: number): Promise<KeptPieces | null> {
    if (!this.works) return null
    try {
      const box = await this.keep.open(PREFIX + name)
      const parcels = new Parcels(box, await box.keys(), (length, cut) => this.store(box, shelf, length, cut), this.clock, pieceLength, pieceCount)
      const { found } = parcels
      const shelf: Shelf = { bytes: found.length * pieceLength, used: this.today(), open: true, quietUntil: this.clock.now() + QUIET }
      this.shelves.set(PREFIX + name, shelf)
      const about = JSON.stringify({ used: shelf.used, pieceLength })
      void this.inLine(() => box.write(ABOUT, new TextEncoder().encode(about))).catch(() => this.failed())
      return {
        found,
        read: (index) => parcels.read(index).catch(() => null),
        write: async (index, data) => {
          if (!this.works || this.waiting + data.length > MAX_WAITING) return false
          this.waiting += data.length
          return parcels.write(index, data).finally(() => (this.waiting -= data.length))
        },
        forget: (index) => {
          shelf.bytes = Math.max(0, shelf.bytes - parcels.forget(index))
        },
        flush: () => {
          shelf.quietUntil = 0
          parcels.flush()
        },
      }
    } catch {
      this.failed()
      return null
    }
  }

  private async store(box: Box, shelf: Shelf, length: number, cut: Cut): Promise<void> {
    try {
      await this.inLine(async () => {
        if (!this.works) throw new Error('left alone')
        await this.pause(shelf.quietUntil - this.clock.now())
        await this.survey()
        const parcel = cut((await this.makeRoom(length)) ? length : this.room)
        if (parcel === null) return
        await box.write(parcel.key, parcel.data)
        shelf.bytes += parcel.data.length
        this.failures = 0
        await this.pause(PACE)
      })
    } catch (error) {
      this.failed()
      throw error
    }
  }

  private async pause(milliseconds: number): Promise<void> {
    if (milliseconds > 0) await new Promise<void>((resolve) => this.clock.after(milliseconds, resolve))
  }

  /** One thing after the other. */
  private inLine<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.line.then(run)
    this.line = mine.catch(() => undefined)
    return mine
  }

  private survey(): Promise<void> {
    this.surveyed ??= this.look()
    return this.surveyed
  }

  private async look(): Promise<void> {
    for (const name of await this.keep.names()) {
      if (!name.startsWith(PREFIX) || this.shelves.has(name)) continue
      const box = await this.keep.open(name)
      const { used, pieceLength } = readAbout(await box.read(ABOUT))
      const bytes = Parcels.bytes(await box.keys(), pieceLength)
      // Opened meanwhile: it counts itself.
      if (!this.shelves.has(name)) this.shelves.set(name, { bytes, used, open: false, quietUntil: 0 })
    }
  }

  /** Removes the oldest videos until so many bytes more fit; false when they do not. */
  private async makeRoom(bytes: number): Promise<boolean> {
    for (;;) {
      let total = bytes
      let oldest: [string, Shelf] | null = null
      for (const entry of this.shelves) {
        total += entry[1].bytes
        if (!entry[1].open && (oldest === null || entry[1].used < oldest[1].used)) oldest = entry
      }
      if (this.limit > 0 && total <= this.limit) return true
      if (oldest === null) return false
      this.shelves.delete(oldest[0])
      await this.keep.remove(oldest[0]).catch(() => this.failed())
    }
  }

  private failed(): void {
    this.failures++
  }
}

function readAbout(bytes: Bytes | null): { used: number; pieceLength: number } {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes ?? new Uint8Array(0))) as { used?: unknown; pieceLength?: unknown }
    if (typeof value.used === 'number' && typeof value.pieceLength === 'number') return { used: value.used, pieceLength: value.pieceLength }
  } catch {
    // Written by somebody else, or not to the end.
  }
  return { used: 0, pieceLength: 64 * 1024 }
}
