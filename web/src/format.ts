/*
 * Numbers, dates, durations and sizes in the visitor's language. Everything goes through Intl; only the clock
 * notation of a video's length (1:02:03) is written by hand, because it is the same everywhere.
 */
import { dates, numbers, relatives } from './intl'

export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const shown = parts[0] === 0 ? parts.slice(1) : parts
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0'))).join(':')
}

/** A length in words for screen readers: "2 min, 5 sec". */
export function spokenLength(seconds: number, language: string): string {
  const whole = Math.round(seconds)
  const parts: [number, string][] = [
    [Math.floor(whole / 3600), 'hour'],
    [Math.floor(whole / 60) % 60, 'minute'],
    [whole % 60, 'second'],
  ]
  const named = parts
    .filter(([amount], index) => amount > 0 || (index === 2 && whole === 0))
    .map(([amount, unit]) => withUnit(amount, unit, 'long', language, 0))
  return new Intl.ListFormat(language, { type: 'unit', style: 'short' }).format(named)
}

export function compact(count: number, language: string): string {
  return numbers(language, { notation: 'compact', maximumFractionDigits: 1 }).format(count)
}

const sizes = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const

export function bytes(count: number, language: string): string {
  const step = Math.min(sizes.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, count)) / 3)))
  const amount = count / 1000 ** step
  const digits = step === 0 || amount >= 100 ? 0 : 1
  return withUnit(amount, sizes[step] ?? 'byte', 'short', language, digits)
}

export function percent(share: number, language: string): string {
  return numbers(language, { style: 'percent', maximumFractionDigits: 0 }).format(share)
}

export function date(iso: string, language: string): string {
  return dates(language, { dateStyle: 'long' }).format(new Date(iso))
}

export function dateAndTime(iso: string, language: string): string {
  return dates(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso))
}

/** The time of day of a moment (milliseconds since 1970), to the second. */
export function time(at: number, language: string): string {
  return dates(language, { timeStyle: 'medium' }).format(new Date(at))
}

const ages: [number, Intl.RelativeTimeFormatUnit][] = [
  [365 * 86400, 'year'],
  [30 * 86400, 'month'],
  [7 * 86400, 'week'],
  [86400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
]

export function age(iso: string, now: number, language: string): string {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000)
  const words = relatives(language, { numeric: 'auto' })
  for (const [length, unit] of ages) {
    if (seconds >= length) return words.format(-Math.floor(seconds / length), unit)
  }
  return words.format(0, 'second')
}

/** About how long something will still take, in its largest unit. */
export function remaining(seconds: number, language: string): string {
  if (seconds < 60) return withUnit(Math.max(1, Math.round(seconds)), 'second', 'long', language, 0)
  if (seconds < 3600) return withUnit(Math.round(seconds / 60), 'minute', 'long', language, 0)
  return withUnit(seconds / 3600, 'hour', 'long', language, 1)
}

function withUnit(
  amount: number,
  unit: string,
  unitDisplay: 'short' | 'long',
  language: string,
  maximumFractionDigits: number,
): string {
  return numbers(language, {
    style: 'unit',
    unit,
    unitDisplay,
    maximumFractionDigits,
  }).format(amount)
}
