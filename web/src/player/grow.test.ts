/* New levels join, what plays stays the same object, and nothing is merged when something would be lost. */
import { expect, it, vi } from 'vitest'

vi.mock('hls.js/light', () => ({ default: class {}, Events: {} }))
const { mergeLevels } = await import('./grow')

const level = (uri: string) => ({ uri })

it('keeps the old levels and puts the new ones where the new list has them', () => {
  const high = level('http://p/1080.m3u8?token=a')
  const fresh = [level('http://p/240.m3u8'), level('http://p/1080.m3u8?token=b')]
  const merged = mergeLevels([high], fresh)
  expect(merged).toEqual([fresh[0], high])
  expect(merged?.[1]).toBe(high)
})

it.each([
  ['nothing new', ['a', 'b'], ['a', 'b']],
  ['one has gone', ['a', 'b'], ['a', 'c', 'd']],
  ['an empty list', ['a'], []],
])('%s', (_name, old, fresh) => {
  expect(mergeLevels(old.map(level), fresh.map(level))).toBeUndefined()
})
