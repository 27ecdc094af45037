/*
 * What a chart of bytes over time needs to know before it is drawn: which points share a bar when there is no room for each, where the
 * lines behind the bars are, and which bars have a date under them. Pure, so that it is tested without a page.
 */
import type { OffloadPoint } from '../api/types'

/** One bar: a point, or several that had to share. */
export interface Bar extends OffloadPoint {
  /** The beginning of the last point in it. */
  last: string
}

/** Puts neighbours together until there are at most `most` bars. Bytes are summed; of viewers the most counts. */
export function bars(points: OffloadPoint[], most: number): Bar[] {
  const each = Math.max(1, Math.ceil(points.length / Math.max(1, most)))
  const all: Bar[] = []
  // Counted from the end, so that the newest bar is as full as the others.
  for (let end = points.length; end > 0; end -= each) {
    const part = points.slice(Math.max(0, end - each), end)
    const [first, last] = [part[0], part[part.length - 1]]
    if (!first || !last) continue
    all.push({
      date: first.date,
      last: last.date,
      fromPod: sum(part, 'fromPod'),
      fromViewers: sum(part, 'fromViewers'),
      viewers: Math.max(...part.map((point) => point.viewers)),
    })
  }
  return all.reverse()
}

function sum(points: OffloadPoint[], key: 'fromPod' | 'fromViewers'): number {
  return points.reduce((total, point) => total + point[key], 0)
}

/** Round numbers from 0 to at least `highest`, with about `wanted` steps between them. */
export function ticks(highest: number, wanted: number): number[] {
  const rough = Math.max(1, highest / Math.max(1, wanted))
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power
  const count = Math.max(1, Math.ceil(highest / step))
  return Array.from({ length: count + 1 }, (_, index) => index * step)
}

/** Which of `count` bars have a label, if labels need `room` and bars are `width` wide: evenly, the newest among them. */
export function labelled(count: number, width: number, room: number): number[] {
  const every = Math.max(1, Math.ceil(room / Math.max(width, 0.001)))
  const places: number[] = []
  for (let place = count - 1; place >= 0; place -= every) places.push(place)
  return places.reverse()
}

/** The part that viewers carried, from 0 to 1; undefined when there was nothing. */
export function carried(total: { fromPod: number; fromViewers: number }): number | undefined {
  const all = total.fromPod + total.fromViewers
  return all > 0 ? total.fromViewers / all : undefined
}
