/*
 * The resumable upload protocol, one function per message: begin, ask how far it is, send a chunk, cancel. Chunks go
 * over XMLHttpRequest because fetch cannot tell how much of a body has left.
 */
import { Failure, failureFromAnswer } from '../api/failure'
import { send } from '../api/http'
import { readTokens, renewTokens } from '../api/tokens'

export interface UploadedVideo {
  id: number
  uuid: string
  shortUUID: string
}

/** Where the pod stands: the next byte it wants, or the video that the file has become. */
export type Standing = { next: number } | { video: UploadedVideo }

const endpoint = '/api/v1/videos/upload-resumable'

export async function begin(file: File, draft: Record<string, unknown>, signal: AbortSignal): Promise<string> {
  const response = await send(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-upload-content-length': String(file.size),
      'x-upload-content-type': file.type || 'application/octet-stream',
    },
    body: JSON.stringify({ ...draft, filename: file.name }),
    signal,
  })
  const address = addressFrom(response.headers.get('location'), location.origin)
  if (response.ok && address) return address
  throw await failureOf(response)
}

/** The path and query of the address that the pod gave; the page talks to its own origin only. */
export function addressFrom(header: string | null, origin: string): string | undefined {
  if (!header) return undefined
  try {
    const url = new URL(header, origin)
    return url.pathname + url.search
  } catch {
    return undefined
  }
}

/** The first byte that is missing, from a Range header such as "bytes=0-1023". */
export function nextByte(range: string | null): number {
  const last = /^bytes=0-(\d+)$/.exec(range?.trim() ?? '')?.[1]
  return last === undefined ? 0 : Number(last) + 1
}

/** How far an upload is; undefined when the pod does not know it any more. */
export async function askStanding(address: string, total: number, signal: AbortSignal): Promise<Standing | undefined> {
  const response = await send(address, {
    method: 'PUT',
    headers: { 'content-range': `bytes */${total}` },
    signal,
  })
  if (response.status === 308) return { next: nextByte(response.headers.get('range')) }
  if (response.ok) return (await response.json()) as { video: UploadedVideo }
  if (response.status === 404 || response.status === 410) return undefined
  throw await failureOf(response)
}

export async function sendChunk(
  address: string,
  file: File,
  from: number,
  until: number,
  onProgress: (sent: number) => void,
  signal: AbortSignal,
): Promise<Standing> {
  const tokens = readTokens()
  if (tokens && tokens.expires < Date.now() + 10_000) await renewTokens(tokens.access)
  let answer = await put(address, file, from, until, onProgress, signal)
  if (answer.status === 401 && tokens) {
    await renewTokens(tokens.access)
    answer = await put(address, file, from, until, onProgress, signal)
  }
  if (answer.status === 308) return { next: nextByte(answer.getResponseHeader('range')) }
  if (answer.status >= 200 && answer.status < 300) return JSON.parse(answer.responseText) as { video: UploadedVideo }
  throw failureFromAnswer(
    answer.status,
    answer.getResponseHeader('content-type'),
    answer.responseText,
    answer.getResponseHeader('retry-after'),
  )
}

export async function cancel(address: string) {
  await send(address, { method: 'DELETE', keepalive: true }).catch(() => undefined)
}

function put(
  address: string,
  file: File,
  from: number,
  until: number,
  onProgress: (sent: number) => void,
  signal: AbortSignal,
): Promise<XMLHttpRequest> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', address)
    request.setRequestHeader('content-range', `bytes ${from}-${until - 1}/${file.size}`)
    request.setRequestHeader('content-type', 'application/octet-stream')
    const token = readTokens()?.access
    if (token) request.setRequestHeader('authorization', `Bearer ${token}`)
    request.upload.onprogress = (event) => onProgress(event.loaded)
    request.onload = () => resolve(request)
    request.onerror = () => reject(new Failure(0, undefined, undefined))
    request.onabort = () => reject(signal.reason ?? new DOMException('aborted', 'AbortError'))
    signal.addEventListener('abort', () => request.abort(), { once: true })
    request.send(file.slice(from, until))
  })
}

async function failureOf(response: Response): Promise<Failure> {
  return failureFromAnswer(
    response.status,
    response.headers.get('content-type'),
    await response.text(),
    response.headers.get('retry-after'),
  )
}
