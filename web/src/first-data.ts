/*
 * The first answers that the pod has put into the page, so that the first paint needs no second request. Each
 * answer serves one request and is then forgotten: whoever asks again wants fresh data. It is not a cache.
 */
import type { ServerConfig } from './api/types'

interface FirstData {
  config?: ServerConfig
  answers?: Record<string, unknown>
}

let data: FirstData | undefined

export function readFirstData(text: string | null | undefined): FirstData {
  if (!text) return {}
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? (parsed as FirstData) : {}
  } catch {
    return {}
  }
}

function firstData(): FirstData {
  data ??= readFirstData(
    typeof document === 'undefined' ? null : document.getElementById('first-data')?.textContent,
  )
  return data
}

export function firstConfig(): ServerConfig | undefined {
  return firstData().config
}

/** Looks at the answer for exactly this path and query and leaves it there. */
export function peekFirstAnswer(pathAndQuery: string): unknown {
  return firstData().answers?.[pathAndQuery]
}

/** Takes the answer for exactly this path and query, at most once. */
export function takeFirstAnswer(pathAndQuery: string): unknown {
  const answers = firstData().answers
  if (!answers || !(pathAndQuery in answers)) return undefined
  const answer = answers[pathAndQuery]
  delete answers[pathAndQuery]
  return answer
}
