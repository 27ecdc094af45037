/*
 * The page's side of the talk with the conductor of one swarm: greets it on every new line, tells what has changed since
 * the last report, often enough to be useful and seldom enough to cost an idle viewer nothing, and keeps what the pod has
 * said. Without a welcome nothing is told and nothing follows from it. What grants and settings mean for downloads is
 * decided elsewhere; bytes are conductor.ts's.
 */

import { Bitfield } from './bitfield'
import type { Bytes } from './bytes'
import type { Clock } from './clock'
import type { Flags, PodMessage, Range, Report, Settings } from './conductor'
import { MAX_RANGES, rangesOf, writeHello, writeReport } from './conductor'

/** A way to the conductor, over the socket of a tracker that answers for the swarm. */
export interface Line {
  /** The number by which this connection calls the swarm. */
  readonly swarm: number
  send(message: Bytes): void
}

/** What there is to tell, besides pieces. */
export interface Situation extends Flags {
  /** The piece that plays; null before the player has asked for any media. */
  playhead: number | null
  /** Media buffered from there (ms). */
  lead: number
  uplink: number
  neighbours: number
  /** Bytes over HTTP that were neither instant nor granted, in all. */
  rescued: number
}

/** Where the conversation gets what it tells, and whom it tells what it hears. */
export interface Speaker {
  readonly clock: Clock
  readonly infoHash: Bytes
  held(): Bitfield
  look(): Situation
  /** Pieces are to be fetched over HTTP now. */
  granted(ranges: readonly Range[]): void
  /** The settings have come, changed or gone. */
  changed(): void
}

/** Reports that are urgent, and those while pieces come in or the buffer is short, are at least so far apart (ms). */
export const AT_ONCE = 50
export const BUSY = 250
/** A buffer below this is short (ms). */
export const SHORT = 8000
/** After the line is lost, the settings hold for so long: a pod that restarts is soon back (ms). */
export const GRACE = 10_000
/** What is believed of the pod's settings. */
const BOUNDS = { instant: 100_000, patience: [100, 20_000], interval: [500, 600_000] } as const
/** A change of the uplink by less than this share is no news. */
const UPLINK_NEWS = 0.2
/** A change of the buffer by less than this is no news (ms). */
const LEAD_NEWS = 1000

export class Conversation {
  private line: Line | null = null
  private welcomed = false
  private agreed: Settings | null = null
  private lostAt = 0
  /** What the pod believes us to hold, and what may differ from it. */
  private told: Bitfield
  private readonly changed = new Set<number>()
  private last: Situation | null = null
  private rescuedTold = 0
  private reportedAt = -Infinity
  private urgent = false
  private stopTimer: () => void = () => undefined
  private readonly speaker: Speaker

  constructor(speaker: Speaker) {
    this.speaker = speaker
    this.told = new Bitfield(speaker.held().size)
  }

  /** How the pod wants it, or null while it does not conduct. */
  get settings(): Settings | null {
    return this.agreed
  }

  /** A tracker has answered for the swarm: greets the conductor behind it. One line is enough. */
  open(line: Line): void {
    if (this.line !== null) return
    this.line = line
    this.welcomed = false
    this.greet()
  }

  /** A line is gone. */
  hangUp(line: Line): void {
    if (this.line !== line) return
    this.line = null
    this.welcomed = false
    this.lostAt = this.speaker.clock.now()
    this.stopTimer()
    this.stopTimer = this.speaker.clock.after(GRACE, () => this.expire())
  }

  /** The pod says something. */
  heard(line: Line, message: PodMessage): void {
    if (this.line !== line) return
    if (message.kind === 'grant') {
      if (this.welcomed) this.speaker.granted(message.ranges)
      return
    }
    if (message.kind === 'settings' && !this.welcomed) return
    this.agreed = within(message.settings)
    if (message.kind === 'welcome') {
      this.welcomed = true
      this.urgent = true
    }
    this.speaker.changed()
    this.tick()
  }

  /** A piece has come or gone. */
  news(index: number): void {
    this.changed.add(index)
  }

  /** The player has started, sought or paused: tells at once. */
  hurry(): void {
    this.urgent = true
    this.tick()
  }

  /** Tells what is to be told by now. */
  tick(): void {
    if (this.agreed !== null && !this.welcomed && this.speaker.clock.now() - this.lostAt >= GRACE) this.expire()
    if (!this.welcomed || this.agreed === null) return
    const now = this.speaker.clock.now()
    const situation = this.speaker.look()
    // Nobody has played anything here yet: there is nothing to conduct.
    if (situation.playhead === null) return
    if (!this.urgent && !this.isNews(situation)) return
    const pause = this.urgent ? AT_ONCE : this.changed.size > 0 || situation.lead < SHORT ? BUSY : this.agreed.interval
    const due = this.reportedAt + pause
    this.stopTimer()
    if (now >= due) this.report(situation, situation.playhead)
    else this.stopTimer = this.speaker.clock.after(due - now, () => this.tick())
  }

  /** Falls silent; the line itself says farewell. */
  close(): void {
    this.line = null
    this.welcomed = false
    this.agreed = null
    this.stopTimer()
  }

  private greet(): void {
    const { infoHash } = this.speaker
    const held = this.speaker.held()
    this.told = new Bitfield(held.size)
    this.changed.clear()
    this.last = null
    for (let index = 0; index < held.size; index++) if (held.has(index)) this.changed.add(index)
    const { gained } = this.differences()
    this.line?.send(writeHello(this.line.swarm, infoHash, this.speaker.look(), gained))
  }

  private report(situation: Situation, playhead: number): void {
    const { gained, lost } = this.differences()
    const report: Report = { ...situation, playhead, rescued: situation.rescued - this.rescuedTold, gained, lost }
    this.line?.send(writeReport(this.line.swarm, report))
    this.rescuedTold = situation.rescued
    this.last = situation
    this.reportedAt = this.speaker.clock.now()
    this.urgent = false
    // More ranges than one message holds: the rest comes with the next.
    if (this.changed.size > 0) this.tick()
  }

  /** Takes out what the pod does not know yet, as many ranges as a message may have. */
  private differences(): { gained: Range[]; lost: Range[] } {
    const held = this.speaker.held()
    const known = [...this.changed].sort((a, b) => a - b)
    const gained = rangesOf(known.filter((index) => held.has(index) && !this.told.has(index))).slice(0, MAX_RANGES)
    const lost = rangesOf(known.filter((index) => !held.has(index) && this.told.has(index))).slice(0, MAX_RANGES - gained.length)
    each(gained, (index) => this.told.add(index))
    each(lost, (index) => this.told.remove(index))
    for (const index of known) if (held.has(index) === this.told.has(index)) this.changed.delete(index)
    return { gained, lost }
  }

  private isNews(now: Situation): boolean {
    const { last } = this
    if (last === null || this.changed.size > 0 || now.rescued !== this.rescuedTold) return true
    if (now.uploads !== last.uploads || now.paused !== last.paused || now.undependable !== last.undependable) return true
    if (now.playhead !== last.playhead || now.neighbours !== last.neighbours) return true
    return Math.abs(now.uplink - last.uplink) > UPLINK_NEWS * last.uplink || Math.abs(now.lead - last.lead) > LEAD_NEWS
  }

  private expire(): void {
    if (this.welcomed || this.agreed === null) return
    this.agreed = null
    this.speaker.changed()
  }
}

function each(ranges: readonly Range[], take: (index: number) => void): void {
  for (const { start, end } of ranges) for (let index = start; index < end; index++) take(index)
}

function within({ instant, patience, interval }: Settings): Settings {
  const clamp = (value: number, [least, most]: readonly [number, number]): number => Math.min(most, Math.max(least, value))
  return { instant: Math.min(BOUNDS.instant, instant), patience: clamp(patience, BOUNDS.patience), interval: clamp(interval, BOUNDS.interval) }
}
