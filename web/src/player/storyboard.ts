/*
 * Turns a storyboard (one picture with many small ones in a grid) into the WebVTT text from which the seek bar takes
 * its previews.
 */
import type { Storyboard } from '../api/types'

export function storyboardCues(board: Storyboard, duration: number, origin: string): string {
  const { spriteWidth, spriteHeight, spriteDuration, totalWidth, totalHeight } = board
  if (!(spriteWidth > 0 && spriteHeight > 0 && spriteDuration > 0)) return 'WEBVTT\n'
  const columns = Math.max(1, Math.floor(totalWidth / spriteWidth))
  const rows = Math.max(1, Math.floor(totalHeight / spriteHeight))
  const count = Math.min(columns * rows, Math.ceil(duration / spriteDuration))
  const picture = new URL(board.storyboardPath, origin).href
  const cues = Array.from({ length: count }, (_, index) => {
    const from = index * spriteDuration
    const until = index === count - 1 ? Math.max(duration, from + 0.001) : from + spriteDuration
    const x = (index % columns) * spriteWidth
    const y = Math.floor(index / columns) * spriteHeight
    return `${stamp(from)} --> ${stamp(until)}\n${picture}#xywh=${x},${y},${spriteWidth},${spriteHeight}\n`
  })
  return `WEBVTT\n\n${cues.join('\n')}`
}

function stamp(seconds: number): string {
  const whole = Math.floor(seconds)
  const pad = (value: number, width = 2) => String(value).padStart(width, '0')
  const thousandths = Math.round((seconds - whole) * 1000)
  return `${pad(Math.floor(whole / 3600))}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}.${pad(thousandths, 3)}`
}
