/*
 * Sets of pieces: BitTorrent's order of bits, and no piece beyond the end.
 */

import { expect, test } from 'vitest'
import { Bitfield } from './bitfield'

test('the highest bit is the first piece', () => {
  const field = new Bitfield(10)
  field.add(0)
  field.add(9)
  field.add(9)
  expect([...field.toBytes()]).toEqual([0x80, 0x40])
  expect(field.count).toBe(2)
  field.remove(0)
  field.remove(0)
  expect([field.count, field.has(0), field.has(9)]).toEqual([1, false, true])
})

test.each([
  ['right', [0xff, 0xc0], 10],
  ['empty', [0, 0], 0],
  ['too short', [0xff], null],
  ['too long', [0xff, 0xc0, 0], null],
  ['with a spare bit', [0xff, 0xe0], null],
])('a message that is %s', (_name, bytes, count) => {
  expect(Bitfield.parse(new Uint8Array(bytes), 10)?.count ?? null).toBe(count)
})

test('what lies beyond the end is not remembered', () => {
  const field = new Bitfield(10)
  for (const index of [-1, 10, 1e9]) field.add(index)
  expect(field.count).toBe(0)
  field.fill()
  expect([field.count, field.has(10), field.has(-1)]).toEqual([10, false, false])
})

test.each<[number[], number[], number, number, boolean]>([
  [[3], [], 0, 20, true],
  [[3], [3], 0, 20, false],
  [[3], [], 4, 20, false],
  [[3], [], 0, 3, false],
  [[19], [1, 2], 10, 99, true],
  [[8, 9], [8], 9, 10, true],
  [[8, 9], [9], 9, 10, false],
])('%j offers something to %j between %i and %i: %s', (theirs, ours, start, end, expected) => {
  const field = (members: number[]): Bitfield => {
    const made = new Bitfield(20)
    members.forEach((index) => made.add(index))
    return made
  }
  expect(field(theirs).offers(field(ours), start, end)).toBe(expected)
})
