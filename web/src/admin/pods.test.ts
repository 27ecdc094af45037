/*
 * States, scores and typed hosts in words.
 */
import { expect, test } from 'vitest'
import type { Pod } from '../api/types'
import { hostsIn, podNow, reasonOf, scoreWord } from './pods'

const friend: Pick<Pod, 'state' | 'failures' | 'wholeListUnderWay'> = { state: 'friend', failures: 0, wholeListUnderWay: false }

test.each([
  [{}, 'friend'],
  [{ wholeListUnderWay: true }, 'whole'],
  [{ wholeListUnderWay: true, failures: 2 }, 'failing'],
  [{ state: 'asked' }, 'asked'],
  [{ state: 'expelled', failures: 9 }, 'expelled'],
  [{ state: 'quit', wholeListUnderWay: true }, 'quit'],
] as const)('a friend with %o is %s', (changes, expected) => {
  expect(podNow({ ...friend, ...changes })).toBe(expected)
})

test.each([
  [100, 'well'],
  [90, 'well'],
  [89, 'good'],
  [60, 'good'],
  [25, 'shaky'],
  [1, 'bad'],
  [0, 'none'],
])('a score of %d is %s', (score, word) => {
  expect(scoreWord(score)).toBe(word)
})

test.each([
  ['', []],
  [' ,\n ', []],
  ['pod.example', ['pod.example']],
  ['a.example, b.example\nc.example;d.example  a.example', ['a.example', 'b.example', 'c.example', 'd.example']],
  ['https://a.example/about localhost:9001', ['https://a.example/about', 'localhost:9001']],
])('%j names %j', (text, hosts) => {
  expect(hostsIn(text)).toEqual(hosts)
})

test.each([
  ['entry', { entry: true }],
  ['entry pod', { entry: true }],
  ['on 2 of 3 lists', { count: 2, all: 3 }],
  ['on 1 of 1 list', { count: 1, all: 1 }],
  ['for another reason', undefined],
  [null, undefined],
])('because %j', (because, expected) => {
  expect(reasonOf({ because })).toEqual(expected)
})
