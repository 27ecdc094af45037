/*
 * The player's keys, as people know them from other sites: space or k, j and l, arrows, m, f, 0 to 9, < and >.
 * Decides only; typing in a field and keys that a focused control needs itself are none of its business.
 */
export type Command =
  | { do: 'toggle' | 'mute' | 'fullscreen' }
  | { do: 'seekBy'; seconds: number }
  | { do: 'seekTo'; share: number }
  | { do: 'volumeBy'; share: number }
  | { do: 'speedBy'; steps: number }

export interface Pressed {
  key: string
  ctrlKey?: boolean
  metaKey?: boolean
  altKey?: boolean
}

/** What has the focus while the key is pressed. */
export type Focus = 'page' | 'button' | 'field' | 'slider'

export function commandFor(pressed: Pressed, focus: Focus): Command | undefined {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || focus === 'field') return undefined
  const { key } = pressed
  if (/^[0-9]$/.test(key)) return { do: 'seekTo', share: Number(key) / 10 }
  switch (key.toLowerCase()) {
    case ' ':
      return focus === 'button' ? undefined : { do: 'toggle' }
    case 'k':
      return { do: 'toggle' }
    case 'm':
      return { do: 'mute' }
    case 'f':
      return { do: 'fullscreen' }
    case 'j':
      return { do: 'seekBy', seconds: -10 }
    case 'l':
      return { do: 'seekBy', seconds: 10 }
    case 'arrowleft':
      return focus === 'slider' ? undefined : { do: 'seekBy', seconds: -5 }
    case 'arrowright':
      return focus === 'slider' ? undefined : { do: 'seekBy', seconds: 5 }
    case 'arrowup':
      return focus === 'slider' ? undefined : { do: 'volumeBy', share: 0.05 }
    case 'arrowdown':
      return focus === 'slider' ? undefined : { do: 'volumeBy', share: -0.05 }
    case '<':
      return { do: 'speedBy', steps: -1 }
    case '>':
      return { do: 'speedBy', steps: 1 }
    default:
      return undefined
  }
}
