/*
 * A list that grows as one scrolls. What was loaded is kept under the key of the entry in the browser's history
 * (and, over a reload, in sessionStorage), so that "back" finds every item and the place where one was.
 */
import type { List } from './api/types'

interface Kept<T> {
  items: T[]
  total: number
}

const memory = new Map<string, Kept<unknown>>()
const mostKeptOverReload = 240

export class Endless<T extends { id: number | string }> {
  items = $state.raw<T[]>([])
  total = $state<number | undefined>(undefined)
  busy = $state(false)
  problem = $state.raw<unknown>(undefined)

  constructor(
    /** Without one nothing is kept: whoever comes back wants to see what is new. */
    private readonly key: string | undefined,
    private readonly size: number,
    private readonly load: (page: { start: number; count: number }) => Promise<List<T>>,
  ) {
    const kept = key === undefined ? undefined : ((memory.get(key) ?? fromSession(key)) as Kept<T> | undefined)
    if (kept) {
      this.items = kept.items
      this.total = kept.total
    } else {
      void this.more()
    }
  }

  get complete(): boolean {
    return this.total !== undefined && this.items.length >= this.total
  }

  get empty(): boolean {
    return this.total !== undefined && this.items.length === 0
  }

  async more() {
    if (this.busy || this.complete) return
    this.busy = true
    this.problem = undefined
    try {
      const page = await this.load({ start: this.items.length, count: this.size })
      const known = new Set(this.items.map((item) => item.id))
      this.items = [...this.items, ...page.data.filter((item) => !known.has(item.id))]
      this.total = page.data.length === 0 ? this.items.length : page.total
      this.keep()
    } catch (error) {
      this.problem = error
    } finally {
      this.busy = false
    }
  }

  /** Puts an item in front, for example one that was just written. */
  add(item: T) {
    this.items = [item, ...this.items]
    this.total = (this.total ?? 0) + 1
    this.keep()
  }

  /** Takes an item out of the list, for example after it was deleted. */
  remove(id: T['id']) {
    this.items = this.items.filter((item) => item.id !== id)
    if (this.total !== undefined) this.total -= 1
    this.keep()
  }

  replace(item: T) {
    this.items = this.items.map((old) => (old.id === item.id ? item : old))
    this.keep()
  }

  private keep() {
    if (this.key !== undefined) memory.set(this.key, { items: this.items, total: this.total ?? 0 })
  }
}

/** Writes the lists of one entry of the history down before the page is unloaded. */
export function keepListsOverReload(entry: () => string) {
  addEventListener('pagehide', () => {
    const shown = [...memory].filter(
      ([key, kept]) => key.startsWith(`${entry()}:`) && kept.items.length <= mostKeptOverReload,
    )
    try {
      sessionStorage.setItem('shoal.lists', JSON.stringify(Object.fromEntries(shown)))
    } catch {
      sessionStorage.removeItem('shoal.lists')
    }
  })
}

function fromSession(key: string): Kept<unknown> | undefined {
  try {
    const lists = JSON.parse(sessionStorage.getItem('shoal.lists') ?? '{}') as Record<string, Kept<unknown>>
    return lists[key]
  } catch {
    return undefined
  }
}
