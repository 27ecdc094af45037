/*
 * One viewer of one run: waits for its time, opens the page, does what the scenario says, stays until it is told to go,
 * and brings back what it saw. A viewer to whom something bad happens brings that back; the others watch on.
 */
import { record } from './recorder.mjs'

/** Longest wait for anything that a page is asked for. */
const ANSWER_MS = 30_000

const pause = (ms) => new Promise((done) => setTimeout(done, Math.max(0, ms)))

/** Runs in the page: seeking, pausing, playing. */
function act({ does, to }) {
  const video = document.querySelector('video')
  if (does === 'seek') video.currentTime = to
  else if (does === 'pause') video.pause()
  else void video.play()
}

/** A viewer's page before its time has come. */
export async function prepare(browser, engine, plan) {
  const scripts = [record, ...(engine.prepare ? [engine.prepare] : [])]
  return { plan, engine, page: await browser.viewer(plan.uplink, scripts) }
}

/** Opens the page and does what is planned; returns when the film is over, or `patience` seconds or the planned stay are. */
export async function watch(viewer, address, patience) {
  const { plan, engine, page } = viewer
  const began = Date.now()
  viewer.errors = []
  page.on('pageerror', (error) => viewer.errors.push(String(error)))
  page.on('crash', () => viewer.errors.push('the page crashed'))
  try {
    await page.goto(address, { waitUntil: 'commit', timeout: ANSWER_MS })
    for (const one of plan.acts) {
      await pause(began + one.at * 1000 - Date.now())
      if (one.does === 'choose') await within(engine.choose(page, one.to))
      else await within(page.evaluate(act, one))
    }
    const left = began + (plan.stay ?? patience) * 1000 - Date.now()
    if (plan.stay !== undefined) await pause(left)
    else await page.waitForFunction(() => globalThis.viewing.done(), null, { polling: 1000, timeout: Math.max(1, left) })
  } catch (error) {
    viewer.errors.push(String(error).split('\n', 1)[0])
  }
}

/** What the viewer saw and what the engine says of itself; afterwards the viewer is gone. */
export async function leave(viewer) {
  const { plan, engine, page, errors } = viewer
  let seen = {}
  try {
    const [summary, stats] = await within(Promise.all([page.evaluate(() => globalThis.viewing.summary()), engine.stats(page)]))
    seen = { ...summary, stats }
  } catch (error) {
    errors.push(String(error).split('\n', 1)[0])
  }
  await within(page.context().close()).catch(() => undefined)
  return { uplink: plan.uplink, at: plan.at, ...seen, errors }
}

async function within(promise) {
  let timer
  const late = new Promise((_done, fail) => (timer = setTimeout(() => fail(new Error('the page does not answer')), ANSWER_MS)))
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
