/*
 * Gives media-chrome's controls their names in the visitor's language, as accessible labels: its own texts are
 * English only.
 */
import type { t as texts } from '../messages/messages.svelte'

const names = {
  'media-play-button': 'player.play',
  'media-mute-button': 'player.mute',
  'media-volume-range': 'player.volume',
  'seek-bar': 'player.seek',
  'media-pip-button': 'player.pip',
  'media-fullscreen-button': 'player.fullscreen',
} as const

export function nameControls(controller: HTMLElement, t: typeof texts) {
  const name = () => {
    for (const [tag, key] of Object.entries(names)) {
      for (const control of controller.querySelectorAll(tag)) {
        if (control.getAttribute('aria-label') !== t(key)) control.setAttribute('aria-label', t(key))
      }
    }
  }
  name()
  const watcher = new MutationObserver(name)
  watcher.observe(controller, { subtree: true, childList: true, attributeFilter: ['aria-label'] })
  return () => watcher.disconnect()
}
