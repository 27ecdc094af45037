/*
 * Pieces that outlive the page: within their bound, the oldest going first, checked when they are read, and useful on the
 * next visit.
 */

import { describe, expect, test, vi } from 'vitest'
import { Kept } from './kept'
import { numbers, TestConductor } from './test/conductor'
import { TestKeep } from './test/keep'
import { digest, noise, settle, TestClock, World } from './test/world'

vi.setConfig({ testTimeout: 60_000 })

const SIZE = 1_500_000
const PIECE = 65_536
const PIECES = Math.ceil(SIZE / PIECE)

describe('the storage', () => {
  const visit = (keep: TestKeep, limit: number, today: number): { kept: Kept; clock: TestClock } => {
    const clock = new TestClock()
    return { kept: new Kept(keep, limit, clock, () => today), clock }
  }

  /** Watches a video: so many pieces of 100 bytes are kept. */
  async function watch(keep: TestKeep, name: string, pieces: number, today: number, limit = 1000): Promise<boolean[]> {
    const { kept, clock } = visit(keep, limit, today)
    const opened = await kept.open(name, 100, 50)
    const writes = Array.from({ length: pieces }, (_, index) => opened?.write(index, noise(100, index)) ?? Promise.resolve(false))
    await clock.advance(30_000)
    return Promise.all(writes)
  }

  test('what was written is found by the next visit', async () => {
    const keep = new TestKeep()
    await watch(keep, 'a', 3, 1)
    const opened = await visit(keep, 1000, 2).kept.open('a', 100, 50)
    expect([...(opened?.found ?? [])].sort()).toEqual([0, 1, 2])
    expect(digest((await opened?.read(1)) ?? null)).toBe(digest(noise(100, 1)))
    expect(await opened?.read(7)).toBeNull()
  })

  test('videos visited longest ago go first, as many as it takes', async () => {
    const keep = new TestKeep()
    for (const [name, today] of [['b', 20], ['a', 10], ['c', 30]] as const) await watch(keep, name, 3, today)
    await watch(keep, 'd', 4, 40)
    expect([...keep.boxes.keys()].map((name) => name.at(-1)).sort()).toEqual(['b', 'c', 'd'])
    // A visit makes a video young again.
    await watch(keep, 'b', 0, 50)
    await watch(keep, 'e', 4, 60)
    expect([...keep.boxes.keys()].map((name) => name.at(-1)).sort()).toEqual(['b', 'e'])
    expect(keep.bytes).toBeLessThanOrEqual(1000)
  })

  test('one video does not take more than there is room for', async () => {
    const keep = new TestKeep()
    const kept = await watch(keep, 'a', 15, 1)
    expect(kept.filter(Boolean)).toHaveLength(10)
    expect(keep.bytes).toBe(1000)
  })

  test('with nothing allowed, what was there goes, and what is not ours stays', async () => {
    const keep = new TestKeep()
    await watch(keep, 'a', 3, 1)
    await keep.open('somebody-else')
    const { kept } = visit(keep, 0, 2)
    await kept.tidy()
    expect([...keep.boxes.keys()]).toEqual(['somebody-else'])
    expect(await kept.open('a', 100, 50)).toBeNull()
  })

  test('neighbours are written together, and by themselves when no more come', async () => {
    const keep = new TestKeep()
    const { kept, clock } = visit(keep, 100 * PIECE, 1)
    const opened = await kept.open('a', PIECE, 40)
    const write = (index: number): void => void opened?.write(index, noise(PIECE, index))
    for (let index = 0; index < 16; index++) write((index * 5) % 16)
    for (const index of [20, 17, 18]) write(index)
    await clock.advance(30_000)
    const [box] = keep.boxes.values()
    expect([...(box?.keys() ?? [])].sort()).toEqual(['0-15', '17-18', '20', 'about'])
    write(19)
    write(16)
    await clock.advance(30_000)
    const again = await visit(keep, 100 * PIECE, 2).kept.open('a', PIECE, 40)
    expect(again?.found.length).toBe(21)
    for (const index of [3, 16, 17, 18, 19, 20]) expect(digest((await again?.read(index)) ?? null)).toBe(digest(noise(PIECE, index)))
  })

  test('a bad piece is written anew beside its parcel', async () => {
    const keep = new TestKeep()
    await watch(keep, 'a', 10, 1)
    const { kept, clock } = visit(keep, 2000, 2)
    const opened = await kept.open('a', 100, 50)
    opened?.forget(4)
    expect(await opened?.read(4)).toBeNull()
    void opened?.write(4, noise(100, 44))
    await clock.advance(30_000)
    const again = await visit(keep, 2000, 3).kept.open('a', 100, 50)
    expect(digest((await again?.read(4)) ?? null)).toBe(digest(noise(100, 44)))
    expect(digest((await again?.read(5)) ?? null)).toBe(digest(noise(100, 5)))
  })

  test('a parcel of which nothing is of use gives its room back', async () => {
    const keep = new TestKeep()
    await watch(keep, 'a', 10, 1)
    const { kept } = visit(keep, 2000, 2)
    const opened = await kept.open('a', 100, 50)
    for (let index = 0; index < 10; index++) {
      expect(kept.room).toBe(1000)
      opened?.forget(index)
    }
    expect(kept.room).toBe(2000)
    expect(keep.bytes).toBe(0)
  })

  test('what waits is written when the video is closed', async () => {
    const keep = new TestKeep()
    const { kept, clock } = visit(keep, 1000, 1)
    const opened = await kept.open('a', 100, 50)
    void opened?.write(1, noise(100))
    opened?.flush()
    await clock.advance(0)
    expect(keep.bytes).toBe(100)
  })

  test('things that nobody of us wrote are passed over', async () => {
    const keep = new TestKeep()
    keep.boxes.set('shoal-pieces-a', new Map([['about', noise(9)], ['7', noise(100)], ['-1', noise(1)], ['99', noise(1)], ['x', noise(1)], ['1e1', noise(1)], ['9-8', noise(1)], ['48-50', noise(1)], ['1-2-3', noise(1)]]))
    keep.boxes.set('shoal-pieces-b', new Map())
    const { kept } = visit(keep, 1_000_000, 2)
    await kept.tidy()
    expect((await kept.open('a', 100, 50))?.found).toEqual([7])
  })

  test('storage that refuses or is full is left alone after a few tries', async () => {
    const refusing = new TestKeep()
    refusing.refuses = true
    const { kept } = visit(refusing, 1000, 1)
    await kept.tidy()
    for (let turn = 0; turn < 5; turn++) expect(await kept.open('a', 100, 50)).toBeNull()
    expect(kept.room).toBe(0)
    const full = new TestKeep()
    full.full = true
    expect((await watch(full, 'a', 10, 1)).some(Boolean)).toBe(false)
  })
})

describe('an engine', () => {
  test('holds what the memory has given up', async () => {
    const world = new World(SIZE)
    const keep = new TestKeep()
    const viewer = world.engine({ memoryBytes: 6 * PIECE }, { keep })
    await viewer.play(0, SIZE)
    await world.clock.advance(30_000)
    expect(keep.bytes).toBe(SIZE)
    world.pod.requests.length = 0
    expect(digest(await viewer.play(0, SIZE))).toBe(world.digest())
    expect(world.pod.ranges).toEqual([])
  })

  test('has on the next visit what it saw on the last, tells so, and passes it on', async () => {
    const world = new World(SIZE)
    const conductor = new TestConductor(world)
    const keep = new TestKeep()
    const before = world.engine({}, { keep })
    await before.play(0, SIZE)
    await world.clock.advance(30_000)
    before.engine.destroy()
    world.pod.requests.length = 0
    conductor.heard.length = 0
    const again = world.engine({}, { keep })
    await world.clock.advance(100)
    expect(numbers(conductor.hellos[0]?.held ?? [])).toHaveLength(PIECES)
    const other = world.engine()
    expect(digest(await other.play(0, SIZE))).toBe(world.digest())
    expect(again.engine.stats().toPeers).toBeGreaterThan(SIZE / 2)
    expect(digest(await again.play(0, SIZE))).toBe(world.digest())
    expect(again.engine.stats()).toMatchObject({ fromPod: 0, fromPeers: 0 })
  })

  test('believes nothing that it finds', async () => {
    const world = new World(SIZE)
    const keep = new TestKeep()
    const before = world.engine({}, { keep })
    await before.play(0, SIZE)
    await world.clock.advance(30_000)
    before.engine.destroy()
    for (const box of keep.boxes.values()) {
      for (const [key, data] of box) if (key !== 'about') for (let at = 5; at < data.length; at += PIECE) data[at] = (data[at] ?? 0) ^ 1
    }
    const again = world.engine({}, { keep })
    expect(digest(await again.play(0, SIZE))).toBe(world.digest())
    expect(again.engine.stats()).toMatchObject({ fromPod: SIZE, dropped: 0 })
    // The good copies take their place.
    await world.clock.advance(30_000)
    again.engine.destroy()
    const third = world.engine({}, { keep })
    await third.play(0, SIZE)
    expect(third.engine.stats().fromPod).toBe(0)
  })

  test.each<[string, (keep: TestKeep) => void]>([
    ['refuses everything', (keep) => (keep.refuses = true)],
    ['is full', (keep) => (keep.full = true)],
  ])('plays with a storage that %s', async (_name, spoil) => {
    const world = new World(SIZE)
    const keep = new TestKeep()
    spoil(keep)
    const viewer = world.engine({ memoryBytes: 8 * PIECE }, { keep })
    expect(digest(await viewer.play(0, SIZE))).toBe(world.digest())
    expect(digest(await viewer.play(0, SIZE))).toBe(world.digest())
    expect(keep.bytes).toBe(0)
  })

  test('keeps nothing when it may not, nor of videos that not everybody may see', async () => {
    const world = new World(SIZE)
    const keep = new TestKeep()
    await world.engine({ keepBytes: 0 }, { keep }).play(0, SIZE)
    await world.engine({ files: [{ ...world.pod.file, token: 'secret' }] }, { keep }).play(0, SIZE)
    await world.clock.advance(30_000)
    await settle()
    expect(keep.boxes.size).toBe(0)
  })
})
