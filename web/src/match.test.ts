/* Which path belongs to which pattern. */
import { expect, it } from 'vitest'
import { match } from './match'

it.each([
  ['/', '/', {}],
  ['/w/:id', '/w/abc', { id: 'abc' }],
  ['/w/:id', '/w/abc/', { id: 'abc' }],
  ['/w/:id', '/w/', undefined],
  ['/w/:id', '/w/a/b', undefined],
  ['/c/:name', '/c/caf%C3%A9', { name: 'café' }],
  ['/c/:name', '/c/%E0%A4%A', { name: '%E0%A4%A' }],
  ['/about', '/About', undefined],
])('match(%s, %s)', (pattern, path, expected) => expect(match(pattern, path)).toEqual(expected))
