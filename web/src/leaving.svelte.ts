/*
 * What somebody takes away and may have back for some seconds: it is hidden at once, and the pod is asked to remove it when the
 * notice with "Undo" is over. If the pod does not, it is back, and the reason is said.
 */
import { failureText } from './failure-text'
import { t } from './messages/messages.svelte'
import { toast } from './toasts.svelte'

export class Leaving<Id> {
  private ids = $state.raw<Id[]>([])

  hides(id: Id): boolean {
    return this.ids.includes(id)
  }

  /** Hides it and says so; `run` removes it for good, and what is shown by then is what counts again. */
  take(id: Id, text: string, run: () => Promise<unknown>) {
    if (this.hides(id)) return
    this.ids = [...this.ids, id]
    const back = () => (this.ids = this.ids.filter((one) => one !== id))
    toast(text, {
      action: { label: t('common.undo'), run: back },
      onEnd: () => {
        run()
          .catch((error: unknown) => toast(failureText(error), { tone: 'bad' }))
          .finally(back)
      },
    })
  }
}
