/* Lists that grow: nothing twice, nothing beyond the end, what is added or removed is counted, and what has no key is not kept. */
import { expect, it } from 'vitest'
import { Endless } from './endless.svelte'

const load = (all: number[]) => async ({ start, count }: { start: number; count: number }) => ({
  total: all.length,
  data: all.slice(start, start + count).map((id) => ({ id })),
})
const ids = (list: Endless<{ id: number }>) => list.items.map((one) => one.id)
const settled = () => new Promise((done) => setTimeout(done))

it('grows to its end, and what was put in front is not there twice', async () => {
  const all = [1, 2, 3]
  const list = new Endless(undefined, 2, load(all))
  await settled()
  expect([ids(list), list.total, list.complete]).toEqual([[1, 2], 3, false])
  all.unshift(0)
  list.add({ id: 0 })
  expect([ids(list), list.total]).toEqual([[0, 1, 2], 4])
  await list.more()
  await list.more()
  expect([ids(list), list.complete]).toEqual([[0, 1, 2, 3], true])
  list.remove(2)
  expect([ids(list), list.total]).toEqual([[0, 1, 3], 3])
})

it('is kept under its key and only there', async () => {
  const [kept, fresh] = [new Endless('a', 2, load([1])), new Endless(undefined, 2, load([1]))]
  await settled()
  kept.add({ id: 5 })
  fresh.add({ id: 6 })
  expect(ids(new Endless('a', 2, load([])))).toEqual([5, 1])
  expect(ids(new Endless(undefined, 2, load([])))).toEqual([])
})
