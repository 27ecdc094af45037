/*
 * Turns wanted pieces into verified ones: carries out what the policy decides, keeps the requests of each peer flowing
 * in blocks, reads ranges from the pod into the same pieces, checks every hash and finds out who spoilt a piece. A piece
 * has one source at a time; blocks stay when it changes hands, and the pod is asked for the remainder only. Memory is
 * bounded by what is wanted. It knows nothing of players or of connections being made: swarm.ts says what is wanted.
 */

import type { Bytes } from './bytes'
import type { Clock } from './clock'
import { HttpError } from './http'
import type { Right, Run, Source } from './job'
import { isRun, Job } from './job'
import type { Metainfo, Sha1 } from './metainfo'
import type { Peer } from './peer'
import type { PodHealth } from './pod-health'
import type { PeerView, PieceView, Plan, View } from './policy'
import { SILENT } from './policy'
import type { Counters, Meter } from './stats'
import { isGood, liars } from './verify'
import type { Block } from './wire'
import { BLOCK } from './wire'

/** A piece that is wanted. */
export interface Wanted {
  index: number
  /** When it is needed, or until when peers are waited for, as the policy has it; null when it lies ahead. */
  deadline: number | null
  /** Why it may come from the pod over HTTP; null where only the policy judges, or where it may not. */
  right: Right | null
}

/** Reads a range of the rendition's file from the pod. */
export type ReadPod = (range: { start: number; end: number }, signal: AbortSignal, take: (chunk: Uint8Array) => void) => Promise<void>

/** What downloads need of their swarm. */
export interface Downloading {
  readonly meta: Metainfo
  readonly clock: Clock
  readonly sha1: Sha1
  readonly counters: Counters
  readonly meter: Meter
  readonly podHealth: PodHealth
  readonly readPod: ReadPod
  /** The policy of the moment. */
  decide(view: View<Peer>): Plan<Peer>
  peers(): Iterable<Peer>
  /** New peers may still appear within moments. */
  gathering(): boolean
  /** The peer holds something that is wanted. */
  interesting(peer: Peer): boolean
  /** Bytes of a piece have arrived. */
  progress(index: number, bytes: number): void
  verified(index: number, data: Bytes): void
  /** The peer spoilt a piece. */
  ban(peer: Peer): void
  /** The pod could not be read for these pieces. */
  podFailed(first: number, last: number, error: HttpError): void
  /** The pod's bytes are not those of the torrent. */
  podMismatch(): void
  /** Something happened that the policy should look at. */
  wake(): void
}

/** Ranges read from the pod at the same time: of what was granted, and in all. */
const MAX_GRANTED_RUNS = 4
const MAX_RUNS = 6
/** Without a byte for so long a range counts as failed: sooner than hls.js loses its patience (ms). */
const RUN_SILENCE = 8000
/** A request unanswered for so long is taken back (ms). */
const REQUEST_TIMEOUT = 8000
/** A peer that let us down is left alone for so long, times how often it did; after MAX_TIMEOUTS it is dropped. */
const SNUB = 3000
const MAX_TIMEOUTS = 4
/** Requests on the wire per peer: about so many seconds of its rate, within these bounds. */
const PIPELINE_SECONDS = 0.5
const PIPELINE_MIN = 8
const PIPELINE_MAX = 128
/** Bad copies kept until a good one shows who lied. */
const MAX_SUSPECTS = 8
/** The pod may send a bad piece once (a proxy, a broken cache); the second time the torrent does not fit the file. */
const MAX_POD_MISTAKES = 2

export class Downloads {
  /** Bytes over HTTP by the right they came by. */
  readonly fromPod: Record<Right, number> = { instant: 0, granted: 0, rescued: 0 }
  private jobs = new Map<number, Job>()
  private readonly runs = new Set<Run>()
  private readonly suspects = new Map<number, { data: Bytes; sources: (Source | null)[] }>()
  private readonly podMistakes = new Map<number, number>()
  /** A question to the pod whether its HTTP works again. */
  private trial: { abort: AbortController; begunAt: number } | null = null
  private readonly swarm: Downloading

  constructor(swarm: Downloading) {
    this.swarm = swarm
  }

  /** Takes the list of wanted pieces, most urgent first, and does what is to be done now. */
  update(wanted: readonly Wanted[]): void {
    const { clock, podHealth } = this.swarm
    const now = clock.now()
    this.adopt(wanted)
    for (const run of this.runs) if (now - run.progressAt > RUN_SILENCE) run.abort.abort(new HttpError(0, 'the pod fell silent'))
    if (this.trial !== null && now - this.trial.begunAt > RUN_SILENCE) this.trial.abort.abort(new HttpError(0, 'the pod is silent'))
    for (const peer of this.swarm.peers()) this.takeBack(peer)
    this.carryOut(this.swarm.decide({ now, pieces: this.pieceViews(), peers: this.peerViews(now), gathering: this.swarm.gathering(), podReady: podHealth.ready, podWorks: this.podWorks }))
    if (!podHealth.works && podHealth.worthTrying && wanted.some(({ deadline }) => deadline !== null)) void this.tryPod()
    for (const peer of this.swarm.peers()) {
      this.pump(peer)
      peer.wants(this.swarm.interesting(peer) ? 'interested' : 'notInterested')
    }
    if (this.runs.size === 0 && ![...this.swarm.peers()].some((peer) => peer.outstanding > 0)) this.swarm.meter.end()
    else this.swarm.meter.begin()
  }

  /** HTTP from the pod can be relied upon: it has not failed, and nothing has been waiting for long. */
  get podWorks(): boolean {
    if (!this.swarm.podHealth.works) return false
    const since = this.swarm.clock.now() - SILENT
    return ![...this.runs].some((run) => run.progressAt < since)
  }

  /** A block that was asked for has come. */
  block(peer: Peer, index: number, begin: number, data: Uint8Array): void {
    const { meter, counters } = this.swarm
    meter.add(data.length)
    if (peer.isPod) {
      counters.fromPod += data.length
      counters.fromPodByPeer += data.length
    }
    const job = this.jobs.get(index)
    if (job === undefined || job.verifying || job.owner !== peer) return
    if (job.fill(begin, data, peer)) {
      job.progressAt = this.swarm.clock.now()
      this.swarm.progress(index, data.length)
    }
    if (job.missing === 0) void this.finish(job)
    this.pump(peer)
  }

  /** A peer will not send these blocks. */
  refused(peer: Peer, blocks: readonly Block[]): void {
    for (const { index } of blocks) this.release(peer, index)
  }

  /** A peer is gone. */
  gone(peer: Peer): void {
    for (const job of this.jobs.values()) if (job.owner === peer) this.disown(job)
  }

  /** Throws away what a peer gave to pieces that are not finished. */
  distrust(peer: Peer): void {
    for (const job of this.jobs.values()) if (!job.verifying) job.distrust(peer)
  }

  /** Stops everything. */
  stop(): void {
    this.update([])
    this.suspects.clear()
    this.trial?.abort.abort()
    this.trial = null
  }

  /** Makes the jobs match the wanted list; what is not wanted any more is taken back. */
  private adopt(wanted: readonly Wanted[]): void {
    const jobs = new Map<number, Job>()
    const now = this.swarm.clock.now()
    for (const { index, deadline, right } of wanted) {
      const job = this.jobs.get(index) ?? new Job(this.swarm.meta, index, now)
      job.deadline = deadline
      job.right = right
      jobs.set(index, job)
    }
    for (const [index, job] of this.jobs) {
      if (jobs.has(index)) continue
      // A finished piece is checked and kept even if nobody waits for it any more.
      if (job.verifying) jobs.set(index, job)
      else this.disown(job)
    }
    this.jobs = jobs
    for (const run of this.runs) {
      let wantedStill = false
      for (let index = run.first; index <= run.last; index++) if (jobs.get(index)?.owner === run) wantedStill = true
      if (!wantedStill) this.endRun(run)
    }
  }

  private takeBack(peer: Peer): void {
    const late = peer.cancelOlderThan(REQUEST_TIMEOUT)
    if (late.length === 0) return
    for (const { index } of late) this.release(peer, index)
    // One that sends other blocks meanwhile has more urgent ones to send; one that sends nothing let us down.
    if (peer.blockAt <= this.swarm.clock.now() - REQUEST_TIMEOUT) this.letDown(peer)
  }

  private letDown(peer: Peer): void {
    const now = this.swarm.clock.now()
    // Many pieces late at once are one disappointment, not many.
    if (now < peer.snubbedUntil) return
    peer.timeouts++
    peer.snubbedUntil = now + SNUB * peer.timeouts
    if (peer.timeouts >= MAX_TIMEOUTS) peer.close('never answers')
  }

  private carryOut(todo: Plan<Peer>): void {
    for (const { index, peer } of todo.ask) {
      const job = this.jobs.get(index)
      if (job === undefined || job.verifying) continue
      if (job.owner !== null && isRun(job.owner)) this.giveUp(job.owner)
      if (job.owner !== peer) this.give(job, peer)
      job.progressAt = this.swarm.clock.now()
    }
    const fetch = todo.fetch.filter((index) => this.jobs.get(index)?.verifying === false).sort((a, b) => a - b)
    const granted = (index: number): boolean => this.jobs.get(index)?.right === 'granted'
    this.fetch(fetch.filter((index) => !granted(index)), MAX_RUNS)
    this.fetch(fetch.filter(granted), MAX_GRANTED_RUNS)
  }

  /** A range on which nothing comes is not waited for while peers can help. */
  private giveUp(run: Run): void {
    this.endRun(run)
    this.swarm.podHealth.failed(run.begunAt)
  }

  private give(job: Job, peer: Peer): void {
    this.disown(job)
    if (this.suspects.has(job.index)) job.clear()
    job.owner = peer
    job.givenAt = this.swarm.clock.now()
  }

  /** Asks a peer for the next blocks of its pieces, as many as keep it busy. */
  private pump(peer: Peer): void {
    if (!peer.ready || peer.choking) return
    const flowing = Math.ceil((peer.rate.bytesPerSecond * PIPELINE_SECONDS) / BLOCK)
    const depth = Math.min(peer.maxOutstanding, PIPELINE_MAX, Math.max(PIPELINE_MIN, flowing))
    for (const job of this.jobs.values()) {
      if (job.owner !== peer || job.verifying) continue
      for (let number = 0; number < job.sources.length; number++) {
        if (peer.outstanding >= depth) return
        if (job.sources[number] !== null || job.asked[number]) continue
        job.asked[number] = true
        peer.request(job.block(number))
      }
    }
  }

  /** Reads what is missing of pieces from the pod, neighbours in one range. */
  private fetch(indexes: readonly number[], most: number): void {
    let run: Run | null = null
    for (const index of indexes) {
      const job = this.jobs.get(index)
      if (job === undefined) continue
      const gap = this.suspects.has(index) ? { begin: 0, end: job.size } : job.gap()
      const start = index * this.swarm.meta.pieceLength + gap.begin
      if (run === null || start !== run.end) {
        if (run !== null) void this.runPod(run)
        run = null
        if (this.runs.size >= most) return
        const now = this.swarm.clock.now()
        run = { first: index, last: index, start, end: start, rights: new Map(), abort: new AbortController(), begunAt: now, progressAt: now }
        this.runs.add(run)
      }
      this.blameOwner(job)
      this.disown(job)
      if (gap.begin === 0 && gap.end === job.size) job.clear()
      job.owner = run
      run.last = index
      run.end = start - gap.begin + gap.end
      run.rights.set(index, job.right ?? 'rescued')
    }
    if (run !== null) void this.runPod(run)
  }

  /** An overdue piece of which its owner sent nothing at all speaks against the owner. */
  private blameOwner(job: Job): void {
    if (job.owner !== null && !isRun(job.owner) && job.owner.blockAt < job.givenAt) this.letDown(job.owner)
  }

  private async runPod(run: Run): Promise<void> {
    let at = run.start
    try {
      await this.swarm.readPod({ start: run.start, end: run.end }, run.abort.signal, (chunk) => {
        this.swarm.podHealth.answered()
        run.progressAt = this.swarm.clock.now()
        this.swarm.meter.add(chunk.length)
        this.takePod(run, at, chunk)
        at += chunk.length
      })
      this.endRun(run)
    } catch (error) {
      if (!this.runs.has(run)) return
      this.endRun(run)
      this.swarm.podHealth.failed(run.begunAt)
      this.swarm.podFailed(run.first, run.last, error instanceof HttpError ? error : new HttpError(0, 'the pod cannot be read'))
    }
    this.swarm.wake()
  }

  /** Asks for one byte while peers do the work; nobody waits for it, so it may hang. */
  private async tryPod(): Promise<void> {
    if (this.trial !== null || this.runs.size > 0) return
    const { clock, podHealth, readPod } = this.swarm
    const trial = { abort: new AbortController(), begunAt: clock.now() }
    this.trial = trial
    try {
      await readPod({ start: 0, end: 1 }, trial.abort.signal, () => podHealth.answered())
    } catch {
      if (this.trial === trial) podHealth.failed(trial.begunAt)
    }
    if (this.trial === trial) this.trial = null
    this.swarm.wake()
  }

  /** Spreads a chunk that begins at this byte of the file over the pieces of a run. */
  private takePod(run: Run, from: number, chunk: Uint8Array): void {
    const { pieceLength } = this.swarm.meta
    for (let at = 0; at < chunk.length; ) {
      const index = Math.floor((from + at) / pieceLength)
      const begin = from + at - index * pieceLength
      const part = chunk.subarray(at, at + pieceLength - begin)
      at += part.length
      this.count(run.rights.get(index) ?? 'rescued', part.length)
      const job = this.jobs.get(index)
      if (job === undefined || job.verifying || job.owner !== run) continue
      job.pour(begin, part)
      job.progressAt = run.progressAt
      this.swarm.progress(index, part.length)
      if (job.missing === 0) void this.finish(job)
    }
  }

  private count(right: Right, bytes: number): void {
    const { counters } = this.swarm
    this.fromPod[right] += bytes
    if (right === 'granted') counters.fromPodGranted += bytes
    else if (right === 'instant') counters.fromPodInstant += bytes
    else counters.fromPodRescued += bytes
  }

  private async finish(job: Job): Promise<void> {
    job.verifying = true
    job.owner = null
    const good = await isGood(this.swarm.meta, job.index, job.data, this.swarm.sha1).catch(() => false)
    this.jobs.delete(job.index)
    if (good) this.accept(job)
    else this.condemn(job)
    this.swarm.wake()
  }

  private accept(job: Job): void {
    const suspect = this.suspects.get(job.index)
    if (suspect !== undefined) {
      this.suspects.delete(job.index)
      for (const source of liars(suspect.data, suspect.sources, job.data)) if (source !== 'pod') this.swarm.ban(source)
    }
    this.podMistakes.delete(job.index)
    this.swarm.counters.verified++
    job.sources.forEach((source, number) => {
      if (source !== 'pod' && source !== null && !source.isPod) this.swarm.counters.fromPeers += job.block(number).length
    })
    this.swarm.verified(job.index, job.data)
  }

  private condemn(job: Job): void {
    const sources = new Set(job.sources)
    const [only] = sources
    if (sources.size === 1 && only === 'pod') {
      const mistakes = (this.podMistakes.get(job.index) ?? 0) + 1
      this.podMistakes.set(job.index, mistakes)
      if (mistakes >= MAX_POD_MISTAKES) this.swarm.podMismatch()
    } else if (sources.size === 1 && only) {
      this.swarm.ban(only as Peer)
    } else {
      this.suspects.set(job.index, { data: job.data, sources: job.sources })
      const [oldest] = this.suspects.keys()
      if (this.suspects.size > MAX_SUSPECTS && oldest !== undefined) this.suspects.delete(oldest)
    }
  }

  private release(peer: Peer, index: number): void {
    const job = this.jobs.get(index)
    if (job?.owner === peer) this.disown(job)
  }

  /** Takes a piece from whoever has it; requests for it are taken back, its blocks stay. */
  private disown(job: Job): void {
    const owner = job.owner
    job.owner = null
    const open: Block[] = []
    job.asked.forEach((asked, number) => {
      if (asked && job.sources[number] === null) open.push(job.block(number))
    })
    job.asked.fill(false)
    if (owner !== null && !isRun(owner)) owner.cancel(open)
  }

  private endRun(run: Run): void {
    this.runs.delete(run)
    run.abort.abort()
    for (let index = run.first; index <= run.last; index++) {
      const job = this.jobs.get(index)
      if (job?.owner === run) job.owner = null
    }
  }

  private pieceViews(): PieceView<Peer>[] {
    const views: PieceView<Peer>[] = []
    for (const job of this.jobs.values()) {
      if (job.verifying) continue
      const { index, deadline, right, owner } = job
      const progressAt = owner !== null && isRun(owner) ? owner.progressAt : job.progressAt
      const peer = owner === null || isRun(owner) ? null : owner
      views.push({ index, bytes: job.missingBytes, deadline, right, state: stateOf(owner), owner: peer, progressAt, suspect: this.suspects.has(index) })
    }
    return views
  }

  private peerViews(now: number): PeerView<Peer>[] {
    const backlog = new Map<unknown, number>()
    for (const job of this.jobs.values()) {
      if (job.verifying) continue
      backlog.set(job.owner, (backlog.get(job.owner) ?? 0) + job.missing * BLOCK)
    }
    const views: PeerView<Peer>[] = []
    for (const peer of this.swarm.peers()) {
      if (!peer.ready) continue
      views.push({
        peer,
        isPod: peer.isPod,
        has: (index) => peer.held.has(index),
        choking: peer.choking,
        snubbed: now < peer.snubbedUntil,
        backlog: backlog.get(peer) ?? 0,
        bytesPerSecond: Math.max(1000, peer.rate.bytesPerSecond),
      })
    }
    return views
  }
}

function stateOf(owner: Peer | Run | null): PieceView<Peer>['state'] {
  if (owner === null) return 'idle'
  if (isRun(owner)) return 'http'
  return owner.isPod ? 'pod' : 'peer'
}
