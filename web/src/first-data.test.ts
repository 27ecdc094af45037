/* The pod's first answers: whatever stands in the page, the page goes on. */
import { expect, it } from 'vitest'
import { readFirstData } from './first-data'

it.each([
  [null, {}],
  ['', {}],
  ['{', {}],
  ['null', {}],
  ['[]', []],
  ['{"answers":{"/a":1}}', { answers: { '/a': 1 } }],
])('readFirstData(%s)', (text, expected) => expect(readFirstData(text)).toEqual(expected))
