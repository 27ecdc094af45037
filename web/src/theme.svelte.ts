/*
 * Light or dark: the system's choice unless the visitor has made one, which is remembered in this browser.
 */
export type Theme = 'system' | 'light' | 'dark'

const kept = 'shoal.theme'
let theme = $state<Theme>('system')

export function currentTheme(): Theme {
  return theme
}

export function startTheme() {
  const wanted = localStorage.getItem(kept)
  if (wanted === 'light' || wanted === 'dark') setTheme(wanted)
}

export function setTheme(wanted: Theme) {
  theme = wanted
  if (wanted === 'system') {
    localStorage.removeItem(kept)
    delete document.documentElement.dataset.theme
  } else {
    localStorage.setItem(kept, wanted)
    document.documentElement.dataset.theme = wanted
  }
}
