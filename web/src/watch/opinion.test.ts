/* Liking: what is seen at once, what the pod is told, and what happens when it refuses. */
import { expect, it } from 'vitest'
import type { Opinion } from '../api/types'
import { counted, MyOpinion, pressed } from './opinion.svelte'

it.each<[Opinion, 'like' | 'dislike', Opinion, number, number]>([
  ['none', 'like', 'like', 8, 3],
  ['none', 'dislike', 'dislike', 7, 4],
  ['like', 'like', 'none', 6, 3],
  ['like', 'dislike', 'dislike', 6, 4],
  ['dislike', 'dislike', 'none', 7, 2],
  ['dislike', 'like', 'like', 8, 2],
])('%s, then %s', (before, button, now, likes, dislikes) => {
  expect(pressed(before, button)).toBe(now)
  expect(counted({ likes: 7, dislikes: 3 }, before, now)).toEqual({ likes, dislikes })
})

it('never counts below nothing', () => {
  expect(counted({ likes: 0, dislikes: 0 }, 'like', 'none')).toEqual({ likes: 0, dislikes: 0 })
})

const seven = { likes: 7, dislikes: 0 }
const shared = () => {
  const told: Opinion[] = []
  const failures: unknown[] = []
  let answer: (error?: unknown) => void = () => undefined
  const mine = new MyOpinion(
    (opinion) => {
      told.push(opinion)
      return new Promise<void>((done, fail) => (answer = (error) => (error ? fail(error) : done())))
    },
    (error) => failures.push(error),
  )
  return { mine, told, failures, answer: (error?: unknown) => answer(error) }
}

it('shows a press at once and counts it once when new counts come', async () => {
  const { mine, told, answer } = shared()
  const done = mine.press('like')
  expect(mine.shown(seven).likes).toBe(8)
  answer()
  await done
  expect(told).toEqual(['like'])
  expect(mine.shown(seven).likes).toBe(8)
  mine.counts()
  expect(mine.shown({ likes: 8, dislikes: 0 }).likes).toBe(8)
})

it('tells the pod only the last of what was pressed meanwhile', async () => {
  const { mine, told, answer } = shared()
  const done = mine.press('like')
  void mine.press('dislike')
  void mine.press('dislike')
  void mine.press('dislike')
  expect(mine.now).toBe('dislike')
  answer()
  await Promise.resolve()
  await Promise.resolve()
  answer()
  await done
  expect(told).toEqual(['like', 'dislike'])
})

it('takes back what the pod refuses', async () => {
  const { mine, failures, answer } = shared()
  mine.known('dislike')
  const done = mine.press('like')
  answer('no')
  await done
  expect([mine.now, failures]).toEqual(['dislike', ['no']])
})

it('does not let a late answer overrule a press', () => {
  const { mine } = shared()
  void mine.press('like')
  mine.known('dislike')
  expect(mine.now).toBe('like')
})
