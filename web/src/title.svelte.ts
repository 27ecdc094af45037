/*
 * The window's title. The pod has set the first one; from then on every page names itself here.
 */
import { session } from './session.svelte'

export function titled(read: () => string | undefined) {
  $effect(() => {
    const name = read()
    const pod = session.config?.instance.name ?? 'Shoal'
    if (name !== undefined) document.title = name ? `${name} · ${pod}` : pod
  })
}
