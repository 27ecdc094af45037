/*
 * Reads along what a browser and a server say to each other on one connection, just enough to know which request each
 * byte belongs to. Chromium sends no second request on a connection before the first one is answered, so whatever comes
 * from the server belongs to the last request. It changes nothing and believes nothing that the programs count themselves.
 */

const END_OF_HEAD = Buffer.from('\r\n\r\n')

/** Heads that are longer are given up on: their bytes still count, as those of `other`. */
const LONGEST_HEAD = 64 * 1024

/** No more paths than this are told apart. */
const MOST_PATHS = 200

/** Sums by kind: requests, bytes of heads and of bodies to the browser, and bytes from the browser. */
export class Tally {
  kinds = new Map()
  /** What was sent of which file of a video: path, first byte, bytes. */
  parts = []
  /** Requests and bytes to the browser by path; ids that pages make up would make it grow, so there is a last one. */
  paths = new Map()

  of(kind) {
    if (!this.kinds.has(kind)) this.kinds.set(kind, { requests: 0, heads: 0, bodies: 0, received: 0 })
    return this.kinds.get(kind)
  }

  path(path) {
    const known = this.paths.has(path) || this.paths.size < MOST_PATHS ? path : 'others'
    if (!this.paths.has(known)) this.paths.set(known, { requests: 0, sent: 0 })
    return this.paths.get(known)
  }
}

/** What a request asks for, by its target and headers. */
export function kindOf(target, headers) {
  const path = target.split('?', 1)[0]
  if (headers.has('upgrade')) return 'socket'
  if (path.endsWith('.mp4')) return 'video'
  if (path.endsWith('.m3u8')) return 'playlist'
  if (path.endsWith('.torrent')) return 'torrent'
  if (path.startsWith('/api/')) return 'api'
  if (/\.(jpe?g|png|webp|avif|svg|ico)$/.test(path)) return 'picture'
  return 'page'
}

/** First line and headers, names in small letters. */
export function parseHead(bytes) {
  const [first, ...lines] = bytes.toString('latin1').split('\r\n')
  const headers = new Map()
  for (const line of lines) {
    const at = line.indexOf(':')
    if (at > 0) headers.set(line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim())
  }
  return { first, headers }
}

/** One connection. `tally` gives the sums that count now; they may be exchanged while the connection goes on. */
export class Conversation {
  #tally
  #request = Buffer.alloc(0)
  #body = 0
  #reply = null
  #kind = 'other'
  #target = ''
  #part = null
  #socket = false

  constructor(tally) {
    this.#tally = tally
  }

  /** Takes note of bytes from the browser. */
  fromBrowser(chunk) {
    while (chunk.length > 0) {
      if (this.#socket || this.#kind === 'broken') return this.#count('received', chunk.length)
      if (this.#body > 0) {
        const taken = Math.min(this.#body, chunk.length)
        this.#body -= taken
        this.#count('received', taken)
        chunk = chunk.subarray(taken)
        continue
      }
      const known = this.#request.length
      this.#request = Buffer.concat([this.#request, chunk])
      const end = this.#request.indexOf(END_OF_HEAD)
      if (end < 0) {
        if (this.#request.length > LONGEST_HEAD) this.#kind = 'broken'
        return
      }
      const length = end + END_OF_HEAD.length
      this.#begin(parseHead(this.#request.subarray(0, end)), length)
      this.#request = Buffer.alloc(0)
      chunk = chunk.subarray(length - known)
    }
  }

  /** Takes note of bytes to the browser. */
  toBrowser(chunk) {
    if (this.#reply === null) return this.#content(chunk.length)
    const known = this.#reply.length
    this.#reply = Buffer.concat([this.#reply, chunk])
    const end = this.#reply.indexOf(END_OF_HEAD)
    if (end < 0 && this.#reply.length <= LONGEST_HEAD) return this.#count('heads', chunk.length)
    const length = end < 0 ? this.#reply.length : end + END_OF_HEAD.length
    this.#count('heads', length - known)
    this.#answered(parseHead(this.#reply.subarray(0, Math.max(0, end))))
    this.#content(chunk.length - (length - known))
  }

  #begin({ first, headers }, length) {
    this.#target = first.split(' ')[1] ?? ''
    this.#kind = kindOf(this.#target, headers)
    this.#body = Number(headers.get('content-length') ?? 0)
    this.#reply = Buffer.alloc(0)
    this.#part = null
    this.#tally().of(this.#kind).requests += 1
    this.#tally().path(this.#path()).requests += 1
    this.#count('received', length)
  }

  #answered({ first, headers }) {
    const status = Number(first.split(' ')[1])
    this.#reply = null
    this.#socket = status === 101
    if (this.#kind !== 'video' || (status !== 200 && status !== 206)) return
    const start = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1] ?? 0
    this.#part = { path: this.#path(), start: Number(start), length: 0 }
    this.#tally().parts.push(this.#part)
  }

  #content(length) {
    this.#count('bodies', length)
    if (this.#part) this.#part.length += length
  }

  #count(what, bytes) {
    this.#tally().of(this.#kind)[what] += bytes
    if (what !== 'received') this.#tally().path(this.#path()).sent += bytes
  }

  #path() {
    return this.#target.split('?', 1)[0]
  }
}
