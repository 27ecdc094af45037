/* Taking away: hidden at once, back by "Undo", gone for good when the notice is over, and back when the pod refuses. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Leaving } from './leaving.svelte'
import { endAllToasts, endToast, toasts } from './toasts.svelte'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  endAllToasts()
  vi.useRealTimers()
})

const taken = (run: () => Promise<unknown>) => {
  const leaving = new Leaving<number>()
  leaving.take(7, 'going', run)
  return leaving
}

it('hides at once and asks the pod only at the end', async () => {
  const run = vi.fn(async () => undefined)
  const leaving = taken(run)
  leaving.take(7, 'going', run)
  expect([leaving.hides(7), leaving.hides(8), toasts.list.length, run.mock.calls.length]).toEqual([true, false, 1, 0])
  await vi.runAllTimersAsync()
  expect([run.mock.calls.length, leaving.hides(7), toasts.list.length]).toEqual([1, false, 0])
})

it('is back by "Undo"', async () => {
  const run = vi.fn(async () => undefined)
  const leaving = taken(run)
  const [notice] = toasts.list
  endToast(notice?.id ?? 0, true)
  notice?.action?.run()
  await vi.runAllTimersAsync()
  expect([leaving.hides(7), run.mock.calls.length]).toEqual([false, 0])
})

it('is back with a reason when the pod refuses', async () => {
  const leaving = taken(async () => Promise.reject(new Error('no')))
  await vi.advanceTimersByTimeAsync(6000)
  expect([leaving.hides(7), toasts.list.map((one) => one.tone)]).toEqual([false, ['bad']])
})
