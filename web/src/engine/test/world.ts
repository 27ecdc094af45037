/*
 * The world of the engine's tests, all in memory: a clock that the test turns, a pod that serves one file and its
 * torrent, a WebTorrent tracker, and links between peers that cut and join the byte stream at will. Nothing waits for
 * real time: `settle` lets promises run, `advance` moves the clock and fires what is due.
 */

import { createHash } from 'node:crypto'
import { encode } from '../bencode'
import type { Bytes } from '../bytes'
import { fromLatin1, toHex } from '../bytes'
import type { Clock } from '../clock'
import type { EngineOptions, RenditionFile } from '../engine'
import { Engine } from '../engine'
import type { Sha1 } from '../metainfo'
import type { Outside } from '../outside'
import type { Answer, Connector, Link, LinkEvents, Offer, OpenSocket, SocketEvents } from '../transport'

/** Synchronous underneath, so that tests are the same every time. */
export const sha1: Sha1 = (data) => Promise.resolve(sha1Now(data))

export function sha1Now(data: Uint8Array): Bytes {
  return new Uint8Array(createHash('sha1').update(data).digest())
}

/** A short name for many bytes, because comparing them one by one takes the test runner long. */
export function digest(data: Uint8Array | null): string {
  return data === null ? 'nothing' : `${data.length} ${toHex(sha1Now(data))}`
}

/** Lets everything that waits for nothing but promises run. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 8; round++) await new Promise((resolve) => setImmediate(resolve))
}

export class TestClock implements Clock {
  private time = 1000
  private timers: { at: number; run: () => void }[] = []

  now(): number {
    return this.time
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { at: this.time + milliseconds, run }
    this.timers.push(timer)
    return () => {
      this.timers = this.timers.filter((other) => other !== timer)
    }
  }

  /** As after a sleep: the hands stand elsewhere, and timers have not noticed. */
  jump(milliseconds: number): void {
    this.time += milliseconds
    for (const timer of this.timers) timer.at += milliseconds
  }

  /** Moves on, firing timers at their moment, those of the same moment together. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds
    await settle()
    for (;;) {
      const next = this.timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      const due = this.timers.filter((timer) => timer.at === next.at)
      this.timers = this.timers.filter((timer) => timer.at !== next.at)
      this.time = Math.max(this.time, next.at)
      for (const timer of due) timer.run()
      await settle()
    }
    this.time = end
  }
}

/** Bytes that look random and are the same every time. */
export function noise(length: number, seed = 1): Bytes {
  const bytes = new Uint8Array(length)
  let state = seed >>> 0
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}

/** The torrent of a file, with more keys than the page reads. */
export function torrentOf(data: Bytes, pieceLength: number, name = 'video.mp4'): { torrent: Bytes; infoHash: Bytes } {
  const hashes: number[] = []
  for (let at = 0; at < data.length; at += pieceLength) hashes.push(...sha1Now(data.subarray(at, at + pieceLength)))
  const text = (value: string): Bytes => fromLatin1(value) ?? new Uint8Array(0)
  const root = new Map([['length', data.length]])
  const info = new Map<string, never>(
    Object.entries({
      name: text(name),
      'piece length': pieceLength,
      length: data.length,
      pieces: new Uint8Array(hashes),
      'meta version': 2,
      'file tree': new Map([[name, new Map([['', root]])]]),
    }) as [string, never][],
  )
  return { torrent: encode(new Map([['info', info]])), infoHash: sha1Now(encode(info)) }
}

/** What the pod was asked for. */
export interface PodRequest {
  url: string
  range: string | null
  authorization: string | null
}

/** Serves one file and its torrent; the test may make it fail, lie or fall silent. */
export class Pod {
  readonly requests: PodRequest[] = []
  /** 0: no connection. */
  status = 206
  silent = false
  corrupt = false
  torrent: Bytes
  readonly infoHash: Bytes
  readonly data: Bytes
  readonly pieceLength: number
  /** Bytes of the file that were read out of answers. */
  sent = 0

  constructor(data: Bytes, pieceLength: number) {
    this.data = data
    this.pieceLength = pieceLength
    const { torrent, infoHash } = torrentOf(data, pieceLength)
    this.torrent = torrent
    this.infoHash = infoHash
  }

  get file(): RenditionFile {
    return { fileUrl: 'http://pod/file.mp4', torrentUrl: 'http://pod/file.torrent', infoHash: toHex(this.infoHash), size: this.data.length }
  }

  /** Ranges of the video that were asked for, without the torrent. */
  get ranges(): string[] {
    return this.requests.flatMap(({ range }) => (range === null ? [] : [range]))
  }

  readonly fetcher: typeof fetch = (input, init) => {
    const url = String(input)
    const headers = new Headers(init?.headers)
    this.requests.push({ url, range: headers.get('range'), authorization: headers.get('authorization') })
    if (url.includes('.torrent')) return Promise.resolve(this.torrent.length === 0 ? new Response(null, { status: 404 }) : new Response(this.torrent))
    if (this.status === 0) return Promise.reject(new TypeError('Failed to fetch'))
    if (this.status !== 206 && this.status !== 200) return Promise.resolve(new Response(null, { status: this.status }))
    const signal = init?.signal ?? undefined
    if (this.silent) return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.get('range') ?? '') ?? []
    const start = this.status === 200 ? 0 : Number(first ?? 0)
    const end = this.status === 200 ? this.data.length : Math.min(this.data.length, Number(last ?? this.data.length - 1) + 1)
    const answer = new Headers(this.status === 206 ? { 'content-range': `bytes ${start}-${end - 1}/${this.data.length}` } : {})
    return Promise.resolve(new Response(this.stream(start, end), { status: this.status, headers: answer }))
  }

  private stream(start: number, end: number): ReadableStream<Uint8Array> {
    let at = start
    return new ReadableStream({
      pull: (controller) => {
        if (at >= end) {
          controller.close()
          return
        }
        const chunk = this.data.slice(at, Math.min(end, at + 30_000))
        if (this.corrupt && chunk[0] !== undefined) chunk[0] ^= 0xff
        at += chunk.length
        this.sent += chunk.length
        controller.enqueue(chunk)
      },
    })
  }
}

/** One end of a link in memory. What is sent arrives later, cut into odd pieces. */
export class TestLink implements Link {
  other: TestLink | null = null
  /** Bytes that left this end. */
  sent = 0
  /** The test may change what leaves. */
  tamper: (data: Bytes) => Bytes = (data) => data
  open = true
  private events: LinkEvents | null = null
  private early: Uint8Array[] = []
  private readonly cut: number

  constructor(cut: number) {
    this.cut = cut
  }

  listen(events: LinkEvents): void {
    this.events = events
    for (const chunk of this.early.splice(0)) events.data(chunk)
  }

  send(data: Bytes): void {
    if (!this.open) return
    const bytes = this.tamper(data).slice()
    this.sent += bytes.length
    for (let at = 0; at < bytes.length; at += this.cut) {
      const chunk = bytes.subarray(at, at + this.cut)
      queueMicrotask(() => this.other?.arrive(chunk))
    }
  }

  buffered(): number {
    return 0
  }

  close(): void {
    if (!this.open) return
    this.open = false
    queueMicrotask(() => this.other?.lost())
  }

  private arrive(chunk: Uint8Array): void {
    if (!this.open) return
    if (this.events === null) this.early.push(chunk)
    else this.events.data(chunk)
  }

  private lost(): void {
    if (!this.open) return
    this.open = false
    this.events?.closed()
  }
}

/** Joins offers and answers; an "SDP" is a number. */
export class Switchboard {
  readonly links: TestLink[] = []
  /** Sizes of the chunks in which a stream arrives, taken in turn. */
  private readonly cuts = [5000, 16_397, 1003, 65_536]
  private readonly answers = new Map<string, { far: TestLink; open: (link: Link) => void }>()
  private count = 0

  readonly connector: Connector = {
    offer: () => {
      const offer: Offer = {
        sdp: `offer ${++this.count}`,
        accept: (answer) => Promise.resolve(this.join(answer)),
        cancel: () => undefined,
      }
      return Promise.resolve(offer)
    },
    answer: () => {
      const sdp = `answer ${++this.count}`
      const far = this.end()
      // The link is there for the answering side, too, only when the other has taken the answer.
      const link = new Promise<Link>((open) => this.answers.set(sdp, { far, open }))
      const answer: Answer = { sdp, link, cancel: () => far.close() }
      return Promise.resolve(answer)
    },
  }

  private join(answer: string): Link | null {
    const waiting = this.answers.get(answer)
    if (waiting === undefined) return null
    const { far, open } = waiting
    const near = this.end()
    near.other = far
    far.other = near
    open(far)
    return near
  }

  private end(): TestLink {
    const link = new TestLink(this.cuts[this.links.length % this.cuts.length] ?? 1000)
    this.links.push(link)
    return link
  }
}

interface Announce {
  info_hash: string
  peer_id: string
  to_peer_id?: string
  offer_id?: string
  answer?: unknown
  event?: string
  left?: number
  seeder?: boolean
  offers?: { offer: { sdp: string }; offer_id: string }[]
}

/** A WebTorrent tracker that relays at once. */
export class TestTracker {
  readonly heard: Announce[] = []
  sockets = 0
  down = false
  /** The pod as a peer: it is in every swarm, and answers the last offer of an announce if it likes. */
  resident: { peerId: string; wants(from: string): boolean; answer(sdp: string, from: string): Promise<string | null> } | null = null
  /** Whoever conducts behind the same socket. */
  conductor: { take(message: Uint8Array, from: SocketEvents): void; gone(from: SocketEvents): void } | null = null
  private readonly swarms = new Map<string, Map<string, SocketEvents>>()

  readonly openSocket: OpenSocket = (_url, events) => {
    if (this.down) {
      queueMicrotask(() => events.closed())
      return { send: () => undefined, close: () => undefined }
    }
    this.sockets++
    queueMicrotask(() => events.opened())
    return {
      send: (message) => {
        if (typeof message === 'string') this.take(JSON.parse(message) as Announce, events)
        else this.conductor?.take(message, events)
      },
      close: () => {
        this.conductor?.gone(events)
        for (const swarm of this.swarms.values()) for (const [id, socket] of swarm) if (socket === events) swarm.delete(id)
      },
    }
  }

  /** All sockets end. */
  hangUp(): void {
    const all = new Set([...this.swarms.values()].flatMap((swarm) => [...swarm.values()]))
    this.swarms.clear()
    for (const events of all) {
      this.conductor?.gone(events)
      events.closed()
    }
  }

  private take(message: Announce, from: SocketEvents): void {
    this.heard.push(message)
    const { info_hash, peer_id } = message
    const swarm = this.swarms.get(info_hash) ?? new Map<string, SocketEvents>()
    this.swarms.set(info_hash, swarm)
    const tell = (to: SocketEvents | undefined, what: object): void => queueMicrotask(() => to?.text(JSON.stringify({ action: 'announce', info_hash, ...what })))
    if (message.answer !== undefined) {
      tell(swarm.get(message.to_peer_id ?? ''), { answer: message.answer, offer_id: message.offer_id, peer_id })
      return
    }
    if (message.event === 'stopped') {
      swarm.delete(peer_id)
      return
    }
    swarm.set(peer_id, from)
    tell(from, { interval: 120, complete: this.resident === null || message.seeder === false ? 0 : 1, incomplete: swarm.size })
    const others = [...swarm].filter(([id]) => id !== peer_id)
    const kept = message.seeder !== false && this.resident?.wants(peer_id) && message.left !== 0 ? message.offers?.pop() : undefined
    if (kept !== undefined) void this.reside(kept, peer_id, (what) => tell(from, what))
    message.offers?.forEach(({ offer, offer_id }, i) => tell(others[i]?.[1], { offer, offer_id, peer_id }))
  }

  private async reside(offer: { offer: { sdp: string }; offer_id: string }, from: string, tell: (what: object) => void): Promise<void> {
    const sdp = await this.resident?.answer(offer.offer.sdp, from)
    if (sdp) tell({ answer: { type: 'answer', sdp }, offer_id: offer.offer_id, peer_id: this.resident?.peerId })
  }
}

/** A pod, a tracker, and as many engines as a test needs. */
export class World {
  readonly clock = new TestClock()
  readonly pod: Pod
  readonly tracker = new TestTracker()
  readonly switchboard = new Switchboard()
  private seed = 7

  constructor(size = 1_500_000, pieceLength = 65_536) {
    this.pod = new Pod(noise(size), pieceLength)
  }

  random(length: number): Bytes {
    return noise(length, this.seed++)
  }

  /** The digest of the bytes that a reader should have got. */
  digest(start = 0, end = this.pod.data.length): string {
    return digest(this.pod.data.subarray(start, end))
  }

  outside(changes: Partial<Outside> = {}): Outside {
    return {
      clock: this.clock,
      random: (length) => this.random(length),
      fetcher: this.pod.fetcher,
      sha1,
      connector: this.switchboard.connector,
      openSocket: this.tracker.openSocket,
      metered: () => false,
      hidden: () => false,
      whenOnline: () => () => undefined,
      keep: null,
      today: () => 1_700_000_000_000 + this.clock.now(),
      ...changes,
    }
  }

  engine(options: Partial<EngineOptions> = {}, changes: Partial<Outside> = {}): Viewer {
    return new Viewer(new Engine({ trackers: ['ws://pod/tracker/socket'], files: [this.pod.file], p2p: true, ...options }, this.outside(changes)), this.clock)
  }
}

/** An engine with a player that reads ranges as hls.js would. */
export class Viewer {
  readonly engine: Engine
  private readonly clock: TestClock
  private readonly Loader: ReturnType<Engine['fragmentLoader']>

  constructor(engine: Engine, clock: TestClock) {
    this.engine = engine
    this.clock = clock
    this.Loader = engine.fragmentLoader()
  }

  /** Starts to load a range; the media time follows the bytes unless it is given. */
  load(start: number, end: number, options: Partial<LoadOptions> = {}): Loading {
    const { url, sn, time, duration, firstByteMs, loadMs } = { url: 'http://pod/file.mp4', sn: 1, time: start / 250_000, duration: (end - start) / 250_000, firstByteMs: 10_000, loadMs: 120_000, ...options }
    const loader = new this.Loader({} as never)
    const loading: Loading = { loader, outcome: 'waiting', data: null, code: null }
    const context = { url, rangeStart: start, rangeEnd: end, responseType: 'arraybuffer', type: 'media-fragment', frag: { sn, start: time, duration }, part: null }
    const loadPolicy = { maxTimeToFirstByteMs: firstByteMs, maxLoadTimeMs: loadMs, timeoutRetry: null, errorRetry: null }
    loader.load(context as never, { loadPolicy, maxRetry: 0, timeout: 0, retryDelay: 0, maxRetryDelay: 0 }, {
      onSuccess: (response) => {
        loading.outcome = 'done'
        loading.data = new Uint8Array(response.data as ArrayBuffer)
      },
      onError: ({ code }) => {
        loading.outcome = 'failed'
        loading.code = code
      },
      onTimeout: () => {
        loading.outcome = 'late'
      },
      onAbort: () => {
        loading.outcome = 'aborted'
      },
    })
    return loading
  }

  /** Plays from one byte to another in fragments, waiting for each. */
  async play(start: number, end: number, fragment = 200_000): Promise<Bytes> {
    const whole = new Uint8Array(end - start)
    for (let at = start; at < end; at += fragment) {
      const loading = this.load(at, Math.min(end, at + fragment))
      for (let turn = 0; turn < 200 && loading.outcome === 'waiting'; turn++) await this.clock.advance(50)
      if (loading.data === null) throw new Error(`fragment at ${at}: ${loading.outcome}`)
      whole.set(loading.data, at - start)
    }
    return whole
  }
}

interface LoadOptions {
  url: string
  /** `initSegment` for a header. */
  sn: number | 'initSegment'
  time: number
  duration: number
  firstByteMs: number
  loadMs: number
}

export interface Loading {
  loader: InstanceType<ReturnType<Engine['fragmentLoader']>>
  outcome: 'waiting' | 'done' | 'failed' | 'late' | 'aborted'
  data: Bytes | null
  code: number | null
}
