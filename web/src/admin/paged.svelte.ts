/*
 * One part of a long list at a time, asked for again every few seconds while it is looked at. What was shown last stays while
 * another part is on its way. It belongs to the component that makes it, and ends with that.
 */
import type { Page } from '../api/api'
import type { List } from '../api/types'
import { Refreshed } from './refreshed.svelte'

export class PagedNow<T extends List<unknown>> {
  start = $state(0)
  value = $state.raw<T>()
  private now = $state.raw<Refreshed<T>>()

  constructor(
    ask: (page: Page) => Promise<T>,
    readonly count: number,
    seconds: number,
  ) {
    $effect(() => {
      const page = { start: this.start, count }
      const refreshed = new Refreshed(() => ask(page), seconds)
      this.now = refreshed
      return () => refreshed.end()
    })
    $effect(() => {
      if (this.now?.value) this.value = this.now.value
    })
  }

  get problem(): unknown {
    return this.now?.problem
  }

  /** When the value came (milliseconds since 1970). */
  get at(): number {
    return this.now?.at ?? 0
  }

  load() {
    void this.now?.load()
  }

  /** Asks now, for what is true after this moment. */
  async loadAnew() {
    await this.now?.loadAnew()
  }
}
