/*
 * One run: one engine, one scenario, a fresh browser and a freshly started pod. Everybody who came stays until the last
 * is through, as people leave a page open, except where the scenario sends them away.
 */
import { startBrowser } from './browsers.mjs'
import { engines } from './engines.mjs'
import { cpuSeconds, load, machineSeconds } from './processes.mjs'
import { scenarios, UPLINKS } from './scenarios.mjs'
import { leave, prepare, watch } from './viewer.mjs'

/** Seconds of the film, and what a viewer may take longer than that before the run goes on without it. */
export const FILM = 120
const PATIENCE = 60

const pause = (ms) => new Promise((done) => setTimeout(done, Math.max(0, ms)))

/** Measures; `count` is how many viewers there are where the scenario leaves it open. */
export async function run(stage, engineName, scenarioName, count) {
  const engine = engines[engineName]
  const scenario = scenarios[scenarioName]
  const plans = scenario.viewers(count).map((plan, n) => ({ ...plan, uplink: UPLINKS[n % UPLINKS.length] }))
  const before = machineSeconds()
  const own = cpuSeconds(process.pid)
  const place = await stage.open()
  try {
    const browser = await startBrowser()
    try {
      const address = engine.address(place.places)
      // Those who come first have their empty pages ready, so that they come at once indeed.
      const first = await Promise.all(plans.map((plan) => (plan.at === 0 ? prepare(browser, engine, plan) : undefined)))
      await pause(1000)
      const idle = cpuSeconds(browser.process)
      const began = Date.now()
      const last = Math.max(...plans.map((plan) => plan.at))
      const seen = []
      const staying = []
      await Promise.all(
        plans.map(async (plan, n) => {
          await pause(began + plan.at * 1000 - Date.now())
          const viewer = first[n] ?? (await prepare(browser, engine, plan))
          await watch(viewer, address, FILM + PATIENCE)
          if (plan.stay === undefined) staying.push(viewer)
          else seen.push(await leave(viewer))
        }),
      )
      // The last reports of the pages.
      await pause(1500)
      const seconds = (Date.now() - began) / 1000
      const browserCpu = cpuSeconds(browser.process) - idle
      const took = await place.take()
      for (const viewer of staying) seen.push(await leave(viewer))
      const after = machineSeconds()
      const ours = cpuSeconds(process.pid) - own
      return {
        engine: engineName,
        scenario: scenarioName,
        when: new Date().toISOString(),
        seconds,
        lastCame: last,
        sizes: stage.sizes,
        least: scenario.least?.(stage.sizes) ?? stage.sizes[0],
        kinds: took.kinds,
        paths: took.paths,
        webrtc: took.webrtc,
        perSecond: copiesBySecond(took.parts, stage),
        cpuBrowser: browserCpu,
        cpuPod: took.cpuPod,
        podNumbers: took.numbers,
        machine: {
          load: load(),
          busy: (after.busy - before.busy) / (after.all - before.all),
          others: Math.max(0, after.busy - before.busy - ours) / (after.all - before.all),
        },
        viewers: seen.sort((a, b) => a.at - b.at),
      }
    } finally {
      await browser.end()
    }
  } finally {
    await place.end()
  }
}

/** How often the pod has sent each of FILM equal parts of the largest rendition over HTTP. */
function copiesBySecond(parts, stage) {
  const [size] = stage.sizes
  const file = stage.video.streamingPlaylists[0].files.find((one) => one.hasVideo && one.size === size)
  const name = file.fileUrl.split('/').pop()
  const each = size / FILM
  const copies = Array(FILM).fill(0)
  for (const { path, start, length } of parts) {
    if (!path.endsWith(name)) continue
    for (let second = Math.floor(start / each); second < FILM && second * each < start + length; second += 1) {
      const from = Math.max(start, second * each)
      const to = Math.min(start + length, (second + 1) * each)
      copies[second] += Math.max(0, to - from) / each
    }
  }
  return copies.map((copy) => Math.round(copy * 100) / 100)
}
