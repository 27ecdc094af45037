/*
 * What went wrong with a request, in a form that a page can act on: the HTTP status, the API's code and the
 * fields it names. Turning it into a sentence for the visitor is the business of failure-text.ts.
 */
export class Failure extends Error {
  constructor(
    /** 0 when no answer came at all. */
    readonly status: number,
    readonly code: string | undefined,
    readonly detail: string | undefined,
    readonly fields: Record<string, string> = {},
    readonly retryAfter: number | undefined = undefined,
  ) {
    super(detail ?? code ?? `status ${status}`)
    this.name = 'Failure'
  }

  get offline(): boolean {
    return this.status === 0
  }

  /** Whether the same request may succeed later without anybody changing anything. */
  get passing(): boolean {
    return this.offline || this.status === 408 || this.status === 429 || this.status >= 500
  }
}

export function failureFromAnswer(
  status: number,
  contentType: string | null,
  text: string,
  retryAfter: string | null,
): Failure {
  const wait = retryAfter === null ? undefined : Number(retryAfter)
  const seconds = wait !== undefined && Number.isFinite(wait) ? wait : undefined
  if (!contentType?.includes('json')) return new Failure(status, undefined, undefined, {}, seconds)
  try {
    const body = JSON.parse(text) as Record<string, unknown>
    const detail = [body.detail, body.title, body.error].find((part) => typeof part === 'string')
    const code = typeof body.code === 'string' ? body.code : undefined
    return new Failure(status, code, detail as string | undefined, fieldsOf(body), seconds)
  } catch {
    return new Failure(status, undefined, undefined, {}, seconds)
  }
}

function fieldsOf(body: Record<string, unknown>): Record<string, string> {
  const named = body['invalid-params']
  if (typeof named !== 'object' || named === null) return {}
  return Object.fromEntries(
    Object.entries(named as Record<string, unknown>).map(([field, why]) => {
      const text =
        typeof why === 'object' && why !== null && 'msg' in why
          ? String((why as { msg: unknown }).msg)
          : String(why)
      return [field, text]
    }),
  )
}
