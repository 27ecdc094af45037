/*
 * Bencode: what is read, what is refused, and that writing and reading are each other's inverse.
 */

import { describe, expect, test } from 'vitest'
import type { Value } from './bencode'
import { BencodeError, decode, decodePrefix, decodeWithRaw, encode } from './bencode'
import { fromLatin1, toLatin1 } from './bytes'
import { noise } from './test/world'

const bytes = (text: string): Uint8Array<ArrayBuffer> => fromLatin1(text) ?? new Uint8Array(0)

describe('reads and writes', () => {
  const cases: [string, Value][] = [
    ['i0e', 0],
    ['i-42e', -42],
    ['i9007199254740991e', Number.MAX_SAFE_INTEGER],
    ['0:', bytes('')],
    ['4:spam', bytes('spam')],
    ['3:\u0000\u00ff:', bytes('\u0000\u00ff:')],
    ['le', []],
    ['li1el2:abee', [1, [bytes('ab')]]],
    ['de', new Map()],
    ['d1:ai1e1:bd0:leee', new Map<string, Value>([['a', 1], ['b', new Map([['', []]])]])],
    ['d9:__proto__i1ee', new Map([['__proto__', 1]])],
  ]
  test.each(cases)('%s', (text, value) => {
    expect(decode(bytes(text))).toEqual(value)
    expect(toLatin1(encode(value))).toBe(text)
  })

  test('keys are written in the order of their bytes', () => {
    expect(toLatin1(encode(new Map([['b', 1], ['a', 2], ['B', 3]])))).toBe('d1:Bi3e1:ai2e1:bi1ee')
  })
})

describe('refuses', () => {
  const cases = [
    '', 'i', 'ie', 'i-e', 'i-0e', 'i01e', 'i1', 'i1.5e', 'i9007199254740992e', `i${'1'.repeat(40)}e`,
    '4:spa', '-1:a', '01:a', ':', '99999999999999999999:a', '4', 'l', 'li1e', 'd', 'd1:a', 'd1:ae', 'di1ei2ee', 'd1:ai1e1:ai2ee',
    'i1ei2e', 'x', 'e', `${'l'.repeat(100)}${'e'.repeat(100)}`, `l${'0:'.repeat(30_000)}e`, `d300:${'k'.repeat(300)}i1ee`,
  ]
  test.each(cases.map((text) => [text.slice(0, 30), text]))('%s', (_name, text) => {
    expect(() => decode(bytes(text))).toThrow(BencodeError)
  })

  test('noise of any length throws nothing else', () => {
    for (let seed = 1; seed < 500; seed++) {
      try {
        decode(noise(seed % 60, seed))
      } catch (error) {
        expect(error).toBeInstanceOf(BencodeError)
      }
    }
  })
})

test('the raw bytes of a key are those of the file, not of a second encoding', () => {
  const text = 'd4:infod1:bi1e1:ai2eee'
  const { raw } = decodeWithRaw(bytes(text), 'info')
  expect(toLatin1(raw ?? bytes(''))).toBe('d1:bi1e1:ai2ee')
  expect(decodeWithRaw(bytes('d1:xd4:infoi1eee'), 'info').raw).toBeNull()
  expect(() => decodeWithRaw(bytes('le'), 'info')).toThrow(BencodeError)
})

test('a value may have other bytes behind it', () => {
  expect(decodePrefix(bytes('d1:ai1eeDATA'))).toEqual({ value: new Map([['a', 1]]), length: 8 })
})
