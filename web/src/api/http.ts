/*
 * The one way from a page to the API: adds the visitor's token, renews it once when it has run out, takes the
 * pod's first answers instead of asking again, and turns every bad answer into a Failure.
 */
import { takeFirstAnswer } from '../first-data'
import { Failure, failureFromAnswer } from './failure'
import { readTokens, renewTokens } from './tokens'

export interface Ask {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  query?: Record<string, string | number | boolean | readonly string[] | undefined>
  json?: unknown
  form?: FormData
  signal?: AbortSignal
  /** Let the request live on when the page is left. */
  keepalive?: boolean
}

export function pathWithQuery(path: string, query: Ask['query'] = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    if (typeof value === 'object') for (const one of value) parameters.append(name, one)
    else parameters.append(name, String(value))
  }
  const text = parameters.toString()
  return text ? `${path}?${text}` : path
}

export async function ask<T>(path: string, options: Ask = {}): Promise<T> {
  const url = pathWithQuery(path, options.query)
  if (!options.method || options.method === 'GET') {
    const first = takeFirstAnswer(url)
    if (first !== undefined) return first as T
  }
  const headers: Record<string, string> = {}
  if (options.json !== undefined) headers['content-type'] = 'application/json'
  const response = await send(url, {
    method: options.method ?? 'GET',
    headers,
    body: options.json !== undefined ? JSON.stringify(options.json) : options.form,
    signal: options.signal,
    keepalive: options.keepalive,
  })
  const text = await response.text()
  if (!response.ok) {
    throw failureFromAnswer(
      response.status,
      response.headers.get('content-type'),
      text,
      response.headers.get('retry-after'),
    )
  }
  const isJson = response.headers.get('content-type')?.includes('json')
  return (isJson && text ? JSON.parse(text) : undefined) as T
}

/** fetch with the visitor's token; a token that has run out is renewed and the request sent once more. */
export async function send(url: string, init: RequestInit = {}): Promise<Response> {
  let tokens = readTokens()
  if (tokens && tokens.expires < Date.now()) tokens = await renewTokens(tokens.access)
  const response = await sendWith(tokens?.access, url, init)
  if (response.status !== 401 || !tokens) return response
  const renewed = await renewTokens(tokens.access)
  return renewed ? sendWith(renewed.access, url, init) : response
}

async function sendWith(token: string | undefined, url: string, init: RequestInit) {
  const headers = new Headers(init.headers)
  if (token) headers.set('authorization', `Bearer ${token}`)
  try {
    return await fetch(url, { ...init, headers })
  } catch (error) {
    if (init.signal?.aborted) throw error
    throw new Failure(0, undefined, undefined)
  }
}
