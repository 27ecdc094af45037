/*
 * Names a step of publishing in the visitor's language; a step that this page does not know is simply "working".
 */
import type { Progress } from '../api/types'
import { percent } from '../format'
import { currentLanguage, t, tMaybe } from '../messages/messages.svelte'

export function stepText(progress: Progress): string {
  const step = tMaybe(`step.${progress.step}`) ?? t('step.other')
  const count = progress.total > 1 ? ` (${Math.min(progress.done + 1, progress.total)}/${progress.total})` : ''
  return `${step}${count} · ${percent(progress.percent / 100, currentLanguage())}`
}
