/*
 * Something that is asked for again every few seconds while the page can be seen. The last good answer stays while the
 * pod does not answer; then `problem` says why and `at` how old it is. One question at a time.
 */
export class Refreshed<T> {
  value = $state.raw<T | undefined>(undefined)
  problem = $state.raw<unknown>(undefined)
  /** When the value came (milliseconds since 1970). */
  at = $state(0)
  private timer: ReturnType<typeof setTimeout> | undefined
  private asking: Promise<void> | undefined
  private ended = false
  private readonly seen = () => {
    if (!document.hidden) void this.load()
  }

  constructor(
    private readonly ask: () => Promise<T>,
    private readonly seconds: number,
  ) {
    document.addEventListener('visibilitychange', this.seen)
    void this.load()
  }

  /** Asks now; whoever asks while that runs shares the answer. */
  load(): Promise<void> {
    this.asking ??= this.once().finally(() => (this.asking = undefined))
    return this.asking
  }

  /** Asks now, for what is true after this moment. */
  async loadAnew(): Promise<void> {
    await this.asking
    await this.load()
  }

  end() {
    this.ended = true
    clearTimeout(this.timer)
    document.removeEventListener('visibilitychange', this.seen)
  }

  private async once() {
    clearTimeout(this.timer)
    try {
      const value = await this.ask()
      if (this.ended) return
      this.value = value
      this.problem = undefined
      this.at = Date.now()
    } catch (error) {
      this.problem = error
    }
    // A page that nobody sees asks again when it is looked at.
    if (!this.ended && !document.hidden) this.timer = setTimeout(() => void this.load(), this.seconds * 1000)
  }
}
