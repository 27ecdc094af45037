/*
 * The pod as a source: ranges of a rendition's file and its torrent, over fetch. A range is handed over while it
 * arrives, so that pieces are verified and shared before the last byte is there. The token of a private video goes into
 * the query (PeerTube's `videoFileToken`) or, when the page has a bearer token, into the Authorization header.
 * Retrying is the callers' business: they know whether anybody still wants the bytes.
 */

import type { Bytes } from './bytes'

/** How to reach one file of the pod. */
export interface Access {
  token?: string | undefined
  /** A whole header value, such as `Bearer ...`. */
  authorization?: string | undefined
}

/** The pod did not give what was asked; status 0 when there was no usable answer at all. */
export class HttpError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Adds the token to an address, unless one is there already. */
export function withToken(url: string, access: Access): string {
  if (access.token === undefined || /[?&]videoFileToken=/.test(url)) return url
  const hash = url.indexOf('#')
  const base = hash < 0 ? url : url.slice(0, hash)
  return `${base}${base.includes('?') ? '&' : '?'}videoFileToken=${encodeURIComponent(access.token)}`
}

/** Fetches the bytes [start, end); `take` gets them in order, in the chunks in which they arrive. */
export async function fetchRange(
  fetcher: typeof fetch,
  url: string,
  access: Access,
  range: { start: number; end: number },
  signal: AbortSignal,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  const headers = new Headers({ range: `bytes=${range.start}-${range.end - 1}` })
  const body = await open(fetcher, url, access, headers, signal)
  // A server that knows no ranges sends the whole file with 200: skip to the place, and stop reading at the end.
  let skip = range.start - body.start
  if (skip < 0) throw new HttpError(body.status, 'the answer begins too late')
  let left = range.end - range.start
  await read(body.response, (chunk) => {
    if (skip >= chunk.length) {
      skip -= chunk.length
      return left > 0
    }
    const part = chunk.subarray(skip, skip + left)
    skip = 0
    left -= part.length
    take(part)
    return left > 0
  })
  if (left > 0) throw new HttpError(body.status, 'the answer is too short')
}

/** Fetches a whole small file, refusing more than `limit` bytes. */
export async function fetchSmall(fetcher: typeof fetch, url: string, access: Access, limit: number, signal: AbortSignal): Promise<Bytes> {
  const { response } = await open(fetcher, url, access, new Headers(), signal)
  const chunks: Uint8Array[] = []
  let size = 0
  await read(response, (chunk) => {
    size += chunk.length
    if (size > limit) throw new HttpError(response.status, 'the file is too large')
    chunks.push(chunk)
    return true
  })
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

async function open(
  fetcher: typeof fetch,
  url: string,
  access: Access,
  headers: Headers,
  signal: AbortSignal,
): Promise<{ response: Response; status: number; start: number }> {
  if (access.authorization !== undefined) headers.set('authorization', access.authorization)
  let response: Response
  try {
    response = await fetcher(withToken(url, access), { headers, signal, credentials: 'same-origin' })
  } catch (error) {
    throw new HttpError(0, error instanceof Error ? error.message : 'no answer')
  }
  if (!response.ok) {
    await response.body?.cancel().catch(() => undefined)
    throw new HttpError(response.status, response.statusText || `status ${response.status}`)
  }
  const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')
  // Without a readable Content-Range (another origin may hide it) a 206 is taken to be what was asked for.
  const asked = /^bytes=(\d+)-/.exec(headers.get('range') ?? '')
  const start = response.status === 206 ? Number(range?.[1] ?? asked?.[1] ?? 0) : 0
  return { response, status: response.status, start }
}

/** Reads a body until it ends or `take` has enough. */
async function read(response: Response, take: (chunk: Uint8Array) => boolean): Promise<void> {
  const reader = response.body?.getReader()
  if (reader === undefined) {
    take(new Uint8Array(await response.arrayBuffer()))
    return
  }
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || !take(value)) return
    }
  } catch (error) {
    if (error instanceof HttpError) throw error
    throw new HttpError(0, error instanceof Error ? error.message : 'the answer broke off')
  } finally {
    reader.cancel().catch(() => undefined)
  }
}
