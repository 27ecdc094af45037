/*
 * How fast bytes are leaving, over the last seconds, so that the number is calm and still follows the line.
 */
const windowMs = 8000

export class Speed {
  private marks: { at: number; sent: number }[] = []

  /** Notes how many bytes have been sent in all at this moment (milliseconds). */
  note(sent: number, at: number) {
    this.marks.push({ at, sent })
    while (this.marks.length > 2 && at - (this.marks[0]?.at ?? at) > windowMs) this.marks.shift()
  }

  reset() {
    this.marks = []
  }

  get bytesPerSecond(): number | undefined {
    const oldest = this.marks[0]
    const newest = this.marks.at(-1)
    if (!oldest || !newest || newest.at - oldest.at < 400) return undefined
    return Math.max(0, ((newest.sent - oldest.sent) / (newest.at - oldest.at)) * 1000)
  }
}
