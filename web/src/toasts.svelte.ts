/*
 * Short notices at the edge of the window. One may carry a button, such as "Undo"; then it stays until its time is
 * over and `onEnd` runs unless the button was pressed.
 */
export interface Toast {
  id: number
  text: string
  tone: 'good' | 'bad' | 'plain'
  action?: { label: string; run: () => void }
  onEnd?: () => void
}

let next = 1
let list = $state.raw<Toast[]>([])
const timers = new Map<number, ReturnType<typeof setTimeout>>()

export const toasts = {
  get list() {
    return list
  },
}

export function toast(
  text: string,
  options: { tone?: Toast['tone']; action?: Toast['action']; onEnd?: () => void; seconds?: number } = {},
) {
  const id = next++
  list = [...list, { id, text, tone: options.tone ?? 'plain', action: options.action, onEnd: options.onEnd }]
  timers.set(id, setTimeout(() => endToast(id), (options.seconds ?? 6) * 1000))
}

/** Takes a notice away; `undone` says that its button was pressed and its end must not happen. */
export function endToast(id: number, undone = false) {
  const ended = list.find((one) => one.id === id)
  clearTimeout(timers.get(id))
  timers.delete(id)
  list = list.filter((one) => one.id !== id)
  if (ended && !undone) ended.onEnd?.()
}

/** Lets every pending end happen at once, because the page is being left. */
export function endAllToasts() {
  for (const one of list) endToast(one.id)
}
