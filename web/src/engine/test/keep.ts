/*
 * Storage that outlives the page, in memory: what is written is there for the next engine. The test may spoil it or make
 * it fail.
 */

import type { Bytes } from '../bytes'
import type { Box, Keep } from '../kept'

export class TestKeep implements Keep {
  readonly boxes = new Map<string, Map<string, Bytes>>()
  /** Every call fails, as in some private windows. */
  refuses = false
  /** Writing fails, as on a full disk. */
  full = false

  names(): Promise<string[]> {
    return this.answer([...this.boxes.keys()])
  }

  open(name: string): Promise<Box> {
    const box = this.boxes.get(name) ?? new Map<string, Bytes>()
    if (!this.refuses) this.boxes.set(name, box)
    return this.answer({
      keys: () => this.answer([...box.keys()]),
      read: (key) => this.answer(box.get(key)?.slice() ?? null),
      write: (key, data) => {
        if (this.full) return Promise.reject(new DOMException('no room', 'QuotaExceededError'))
        box.set(key, data.slice())
        return this.answer(undefined)
      },
      remove: (key) => {
        box.delete(key)
        return this.answer(undefined)
      },
    })
  }

  remove(name: string): Promise<void> {
    this.boxes.delete(name)
    return this.answer(undefined)
  }

  /** Bytes of pieces in all boxes. */
  get bytes(): number {
    let bytes = 0
    for (const box of this.boxes.values()) for (const [key, data] of box) if (key !== 'about') bytes += data.length
    return bytes
  }

  private answer<T>(value: T): Promise<T> {
    return this.refuses ? Promise.reject(new DOMException('not here', 'SecurityError')) : Promise.resolve(value)
  }
}
