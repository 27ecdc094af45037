/*
 * Pieces that outlive the page: what a viewer has of a video is written behind the playback into the browser's cache
 * storage, within a size that the viewer sets, so that memory may give pieces up and the next visit still has them for
 * others. Whole videos go when there is no room, those visited longest ago first; what is open now never goes. Nothing
 * read from here is believed: the store checks every hash again. Where there is no such storage, or it fails (a private
 * window, a full disk), everything works without it. Videos that not everybody may see are not kept: see rendition.ts.
 */

import type { Bytes } from './bytes'
import type { Clock } from './clock'

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
  /** Writes a piece when its turn comes; false when it was not kept. */
  write(index: number, data: Bytes): Promise<boolean>
  forget(index: number): void
}

/** Room for kept pieces unless the viewer says otherwise. */
export const KEEP_BYTES = 512 * 1024 * 1024
/** Writes are so far apart, so that playback does not feel them (ms). */
const PACE = 40
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
      const found = (await box.keys()).flatMap((key) => (/^\d{1,7}$/.test(key) && Number(key) < pieceCount ? [Number(key)] : []))
      const shelf: Shelf = { bytes: found.length * pieceLength, used: this.today(), open: true }
      this.shelves.set(PREFIX + name, shelf)
      const about = JSON.stringify({ used: shelf.used, pieceLength })
      void this.inLine(() => box.write(ABOUT, new TextEncoder().encode(about))).catch(() => this.failed())
      return {
        found,
        read: (index) => box.read(String(index)).catch(() => null),
        write: (index, data) => this.write(box, shelf, index, data),
        forget: (index) => {
          shelf.bytes = Math.max(0, shelf.bytes - pieceLength)
          void box.remove(String(index)).catch(() => undefined)
        },
      }
    } catch {
      this.failed()
      return null
    }
  }

  private async write(box: Box, shelf: Shelf, index: number, data: Bytes): Promise<boolean> {
    if (!this.works || this.waiting + data.length > MAX_WAITING) return false
    this.waiting += data.length
    try {
      return await this.inLine(async () => {
        await this.survey()
        if (!(await this.makeRoom(data.length))) return false
        await box.write(String(index), data)
        shelf.bytes += data.length
        this.failures = 0
        await new Promise<void>((resolve) => this.clock.after(PACE, resolve))
        return true
      })
    } catch {
      this.failed()
      return false
    } finally {
      this.waiting -= data.length
    }
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
      const pieces = (await box.keys()).length - 1
      // Opened meanwhile: it counts itself.
      if (!this.shelves.has(name)) this.shelves.set(name, { bytes: Math.max(0, pieces) * pieceLength, used, open: false })
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
