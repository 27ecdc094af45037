/*
 * The signed-in visitor's tokens: kept in localStorage, so that every tab shares them, and renewed through one
 * request at a time (a lock across tabs where the browser has one), because a refresh token works only once.
 */
import { Failure, failureFromAnswer } from './failure'

export interface Tokens {
  access: string
  refresh: string
  /** When the access token ends, in milliseconds since 1970. */
  expires: number
}

const key = 'shoal.tokens'
let client: { client_id: string; client_secret: string } | undefined
let renewal: Promise<Tokens | undefined> | undefined
const watchers = new Set<(tokens: Tokens | undefined) => void>()

export function readTokens(): Tokens | undefined {
  try {
    const text = localStorage.getItem(key)
    return text ? (JSON.parse(text) as Tokens) : undefined
  } catch {
    return undefined
  }
}

export function keepTokens(tokens: Tokens | undefined) {
  if (tokens) localStorage.setItem(key, JSON.stringify(tokens))
  else localStorage.removeItem(key)
  for (const tell of watchers) tell(tokens)
}

/** Calls back when the visitor signs in or out, here or in another tab. */
export function watchTokens(tell: (tokens: Tokens | undefined) => void) {
  watchers.add(tell)
  addEventListener('storage', (event) => {
    if (event.key === key) tell(readTokens())
  })
}

export async function tokensByPassword(username: string, password: string): Promise<Tokens> {
  const tokens = await askForTokens({ grant_type: 'password', username, password })
  keepTokens(tokens)
  return tokens
}

/** Renews the tokens that were refused; whoever comes while that runs gets the same result. */
export function renewTokens(refused: string): Promise<Tokens | undefined> {
  renewal ??= exclusively(() => renew(refused)).finally(() => (renewal = undefined))
  return renewal
}

async function renew(refused: string): Promise<Tokens | undefined> {
  const current = readTokens()
  if (!current || current.access !== refused) return current
  try {
    const tokens = await askForTokens({
      grant_type: 'refresh_token',
      refresh_token: current.refresh,
    })
    keepTokens(tokens)
    return tokens
  } catch (error) {
    if (error instanceof Failure && error.passing) throw error
    keepTokens(undefined)
    return undefined
  }
}

function exclusively<T>(work: () => Promise<T>): Promise<T> {
  return 'locks' in navigator ? navigator.locks.request('shoal.tokens', work) : work()
}

async function askForTokens(grant: Record<string, string>): Promise<Tokens> {
  client ??= await answer<{ client_id: string; client_secret: string }>(
    '/api/v1/oauth-clients/local',
  )
  const body = await answer<{ access_token: string; refresh_token: string; expires_in: number }>(
    '/api/v1/users/token',
    { method: 'POST', body: new URLSearchParams({ ...client, ...grant }) },
  )
  return {
    access: body.access_token,
    refresh: body.refresh_token,
    expires: Date.now() + body.expires_in * 1000,
  }
}

async function answer<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(path, init).catch(() => {
    throw new Failure(0, undefined, undefined)
  })
  if (response.ok) return (await response.json()) as T
  throw failureFromAnswer(
    response.status,
    response.headers.get('content-type'),
    await response.text(),
    response.headers.get('retry-after'),
  )
}
