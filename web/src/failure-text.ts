/*
 * Says in a sentence what went wrong and what the visitor can do about it. The API's own detail is shown only
 * where it names something that the visitor typed or chose.
 */
import { Failure } from './api/failure'
import { t } from './messages/messages.svelte'

export function failureText(error: unknown): string {
  if (!(error instanceof Failure)) return t('failure.unknown')
  if (error.offline) return t('failure.offline')
  switch (error.status) {
    case 401:
      return t('failure.signedOut')
    case 403:
      return t('failure.forbidden')
    case 404:
      return t('failure.notFound')
    case 413:
      return t('failure.tooLarge')
    case 429:
      return t('failure.tooMany', { seconds: error.retryAfter ?? 60 })
    case 507:
      return t('failure.podFull')
  }
  if (error.status >= 500) return t('failure.pod')
  return error.detail ?? t('failure.unknown')
}
