/*
 * The byte ranges that the player waits for: each is answered as soon as all its pieces are held, or fails with a reason.
 * Which pieces are fetched for them and from whom is decided elsewhere.
 */

import type { Bytes } from './bytes'
import type { Clock } from './clock'
import type { HttpError } from './http'
import type { Metainfo } from './metainfo'
import { piecesOf } from './metainfo'
import type { PieceStore } from './store'

/** A range that the player waits for. */
export interface ReadRequest {
  start: number
  end: number
  /** The media in it; null for the header that opens a file, which says nothing of where the player is. */
  time: { start: number; duration: number } | null
  /** Seconds of playback that the buffer held for certain when it was asked for. */
  lead: number
  /** When the player asked (clock milliseconds). */
  begunAt: number
  signal: AbortSignal
  /** Bytes that arrive for it, roughly; never called for what was there before. */
  progress(bytes: number): void
}

export interface Read extends ReadRequest {
  readonly first: number
  readonly last: number
  settled: boolean
  /** Why the pod does not give it, when it has been asked often enough. */
  refusal: HttpError | null
  resolve(data: Bytes): void
  reject(reason: unknown): void
}

/** What reads need of their swarm. */
export interface Reading {
  readonly meta: Metainfo
  readonly store: PieceStore
  readonly clock: Clock
  /** Something is wanted again, or not any more. */
  wake(): void
}

export class Reads {
  private readonly all = new Set<Read>()
  private closed = false
  private readonly swarm: Reading

  constructor(swarm: Reading) {
    this.swarm = swarm
  }

  get count(): number {
    return this.all.size
  }

  [Symbol.iterator](): Iterator<Read> {
    return this.all.values()
  }

  /** The bytes of a range, from pieces that are verified, as soon as they are here. */
  add(request: ReadRequest): Promise<Bytes> {
    const { first, last } = piecesOf(this.swarm.meta, request.start, request.end)
    return new Promise((resolve, reject) => {
      const read: Read = { ...request, first, last, settled: false, refusal: null, resolve, reject }
      if (request.signal.aborted || this.closed) {
        reject(request.signal.reason ?? new DOMException('closed', 'AbortError'))
        return
      }
      request.signal.addEventListener('abort', () => this.fail(read, request.signal.reason), { once: true })
      this.all.add(read)
      this.answer(read)
    })
  }

  /** Somebody waits for this piece. */
  cover(index: number): boolean {
    for (const read of this.all) if (index >= read.first && index <= read.last) return true
    return false
  }

  progressed(index: number, bytes: number): void {
    for (const read of this.all) if (index >= read.first && index <= read.last) read.progress(bytes)
  }

  /** A piece is held now. */
  arrived(index: number): void {
    for (const read of this.all) if (index >= read.first && index <= read.last) this.answer(read)
  }

  fail(read: Read, reason: unknown): void {
    if (!this.all.delete(read)) return
    read.settled = true
    read.reject(reason)
    this.swarm.wake()
  }

  close(): void {
    this.closed = true
    for (const read of [...this.all]) this.fail(read, new DOMException('closed', 'AbortError'))
  }

  /** Answers a read when all its pieces are here. */
  private answer(read: Read): void {
    if (read.settled) return
    for (let index = read.first; index <= read.last; index++) if (!this.swarm.store.held.has(index)) return
    read.settled = true
    const whole = new Uint8Array(read.end - read.start)
    const copies: Promise<boolean>[] = []
    for (let index = read.first; index <= read.last; index++) copies.push(this.copy(index, read.start, whole))
    void Promise.all(copies).then((found) => {
      if (!this.all.has(read)) return
      // A store that lost a piece between asking and reading has it fetched again.
      if (found.includes(false)) {
        read.settled = false
        this.swarm.wake()
        return
      }
      this.all.delete(read)
      read.resolve(whole)
      this.swarm.wake()
    })
  }

  private async copy(index: number, start: number, whole: Bytes): Promise<boolean> {
    const data = await this.swarm.store.read(index)
    if (data === null) return false
    const from = index * this.swarm.meta.pieceLength - start
    const skip = Math.max(0, -from)
    whole.set(data.subarray(skip, Math.min(data.length, whole.length - from)), from + skip)
    return true
  }
}
