/*
 * The piece store: its bound, and who has to go first.
 */

import { expect, test } from 'vitest'
import { Memory } from './store'

const PIECE = 100
const held = (store: { held: { has(index: number): boolean } }): number[] => Array.from({ length: 20 }, (_, index) => index).filter((index) => store.held.has(index))

test('the piece furthest from the playhead goes, on either side', () => {
  const memory = new Memory(5 * PIECE)
  let playhead = 0
  const store = memory.open(20, { pinned: () => false, playhead: () => playhead, changed: () => undefined })
  for (let index = 0; index < 5; index++) store.put(index, new Uint8Array(PIECE))
  playhead = 5
  store.put(5, new Uint8Array(PIECE))
  expect(held(store)).toEqual([1, 2, 3, 4, 5])
  playhead = 1
  store.put(0, new Uint8Array(PIECE))
  expect(held(store)).toEqual([0, 1, 2, 3, 4])
  expect(memory.bytes).toBe(5 * PIECE)
})

test('what a reader waits for stays, even beyond the bound', () => {
  const memory = new Memory(2 * PIECE)
  const store = memory.open(20, { pinned: (index) => index >= 10, playhead: () => 0, changed: () => undefined })
  for (const index of [10, 11, 12, 1]) store.put(index, new Uint8Array(PIECE))
  expect(held(store)).toEqual([10, 11, 12])
})

test('a rendition that nobody plays gives way to the one that is played', () => {
  const memory = new Memory(3 * PIECE)
  const left = memory.open(20, { pinned: () => false, playhead: () => null, changed: () => undefined })
  const played = memory.open(20, { pinned: () => false, playhead: () => 0, changed: () => undefined })
  left.put(0, new Uint8Array(PIECE))
  left.put(1, new Uint8Array(PIECE))
  for (const index of [0, 19]) played.put(index, new Uint8Array(PIECE))
  expect([held(left), held(played)]).toEqual([[0], [0, 19]])
  played.put(10, new Uint8Array(PIECE))
  expect([held(left), held(played)]).toEqual([[], [0, 10, 19]])
})

test('the same piece twice counts once, and clearing gives all back', async () => {
  const memory = new Memory(1000)
  const store = memory.open(20, { pinned: () => false, playhead: () => 0, changed: () => undefined })
  const piece = new Uint8Array([1, 2, 3])
  store.put(4, piece)
  store.put(4, new Uint8Array(50))
  expect(memory.bytes).toBe(3)
  expect(await store.read(4)).toEqual(piece)
  expect(await store.read(5)).toBeNull()
  store.clear()
  expect(memory.bytes).toBe(0)
  expect(held(store)).toEqual([])
})
