/* Numbers, lengths and ages as they are shown, in both languages. */
import { expect, it } from 'vitest'
import { age, bytes, clock, compact, percent, remaining, spokenLength } from './format'

const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ')

it.each([
  [0, '0:00'],
  [9.9, '0:09'],
  [75, '1:15'],
  [3599, '59:59'],
  [3723, '1:02:03'],
  [-4, '0:00'],
])('clock(%d)', (seconds, expected) => expect(clock(seconds)).toBe(expected))

it.each([
  [0, 'en', '0 byte'],
  [999, 'en', '999 byte'],
  [1500, 'en', '1.5 kB'],
  [123_456_789, 'en', '123 MB'],
  [2_500_000_000, 'fr', '2,5 Go'],
])('bytes(%d, %s)', (count, language, expected) => expect(plain(bytes(count, language))).toBe(expected))

it.each([
  [1234, 'en', '1.2K'],
  [1234, 'fr', '1,2 k'],
])('compact(%d, %s)', (count, language, expected) => expect(plain(compact(count, language))).toBe(expected))

it.each([
  [0, 'en', '0 seconds'],
  [65, 'en', '1 minute, 5 seconds'],
  [3600, 'fr', '1 heure'],
])('spokenLength(%d, %s)', (seconds, language, expected) =>
  expect(plain(spokenLength(seconds, language))).toBe(expected))

it.each([
  [30_000, 'en', 'now'],
  [60_000, 'en', '1 minute ago'],
  [26 * 3_600_000, 'en', 'yesterday'],
  [26 * 3_600_000, 'fr', 'hier'],
  [400 * 86_400_000, 'en', 'last year'],
  [-5000, 'en', 'now'],
])('age of %d ms in %s', (ms, language, expected) => {
  const now = Date.parse('2026-03-01T12:00:00Z')
  expect(age(new Date(now - ms).toISOString(), now, language)).toBe(expected)
})

it.each([
  [0.2, 'en', '1 second'],
  [125, 'en', '2 minutes'],
  [5400, 'en', '1.5 hours'],
])('remaining(%d, %s)', (seconds, language, expected) => expect(plain(remaining(seconds, language))).toBe(expected))

it('percent', () => expect(plain(percent(0.426, 'fr'))).toBe('43 %'))
