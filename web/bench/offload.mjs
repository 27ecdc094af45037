/*
 * How much of a video the pod sends to viewers in real browsers: its own page, p2p-media-loader with PeerTube's settings
 * and hls.js alone, on the same file from the same pod. `./bench offload` starts it; docs/benchmarks.md says what the
 * figures mean. Runs are written to a file as they are made, so that an interrupted measurement is not lost.
 *
 *   --pod PROGRAM  --scratch FOLDER  --kept FOLDER   the released pod, a folder that is removed, one that stays
 *   --quick                one repeat of at-once alone
 *   --repeats 3  --viewers 8  --engines shoal,p2pml,hls  --scenarios at-once,staggered,...
 *   --add                  keep the runs that are there already and add to them
 *   --chart FILE           where the chart goes
 *   --tied                 end when the standard input does, as it does when whoever started this has ended
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { measureLine, startBrowser } from './browsers.mjs'
import { chart } from './chart.mjs'
import { engines } from './engines.mjs'
import { family } from './processes.mjs'
import { FILM, run } from './run.mjs'
import { scenarios } from './scenarios.mjs'
import { figures, markdown, summarize, table } from './summary.mjs'

const top = join(dirname(fileURLToPath(import.meta.url)), '../..')
const text = (fallback) => ({ type: 'string', default: fallback })
const { values: given } = parseArgs({
  options: {
    pod: text(join(top, 'target/release/shoal')),
    scratch: text(tmpdir()),
    kept: text(join(top, 'target/bench')),
    quick: { type: 'boolean', default: false },
    add: { type: 'boolean', default: false },
    repeats: text(''),
    viewers: text('8'),
    engines: text(Object.keys(engines).join(',')),
    scenarios: text(''),
    chart: text(''),
    tied: { type: 'boolean', default: false },
  },
})

const repeats = Number(given.repeats || (given.quick ? 1 : 3))
const count = Number(given.viewers)
const chosen = (names, known) => {
  const list = names.split(',')
  const stranger = list.find((name) => !(name in known))
  if (stranger !== undefined) throw new Error(`there is no ${stranger}: ${Object.keys(known)}`)
  return list
}
const wantedEngines = chosen(given.engines, engines)
const wantedScenarios = chosen(given.scenarios || (given.quick ? 'at-once' : Object.keys(scenarios).join(',')), scenarios)

// The stories' way to start a pod takes the program from here.
process.env.SHOAL_TEST_PROGRAM = given.pod
const { Stage } = await import('./stage.mjs')

/** Two minutes at 1.5 Mbit/s whatever is in the pictures, which are small and few so that sixteen viewers can decode and draw them on two cores. */
function clip() {
  const path = join(given.kept, 'two-minutes-at-10.mp4')
  if (existsSync(path)) return path
  mkdirSync(given.kept, { recursive: true })
  const partial = join(given.kept, `partial-${process.pid}.mp4`)
  const inputs = [`testsrc2=size=426x240:rate=10:duration=${FILM}`, `sine=frequency=330:duration=${FILM}`].flatMap((input) => ['-f', 'lavfi', '-i', input])
  const encoding =
    '-vf noise=alls=30:allf=t -c:v libx264 -preset veryfast -tune fastdecode -b:v 1400k -minrate 1400k -maxrate 1400k -bufsize 1400k ' +
    '-x264-params nal-hrd=cbr -pix_fmt yuv420p -g 20 -keyint_min 20 -sc_threshold 0 -c:a aac -b:a 96k -movflags +faststart'
  execFileSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...inputs, ...encoding.split(' '), partial])
  renameSync(partial, path)
  return path
}

const scratch = mkdtempSync(join(given.scratch, 'offload-'))
const stages = new Map()

async function stageOf(heights) {
  const key = heights.join(',')
  if (!stages.has(key)) stages.set(key, await Stage.make(join(scratch, key), clip(), heights))
  return stages.get(key)
}

/** How the nominal speed of a line compares with what a data channel gets through it. */
async function lines() {
  const place = await (await stageOf([240])).open()
  const browser = await startBrowser()
  try {
    const measured = []
    for (const uplink of [4, 16]) measured.push({ uplink, measured: await measureLine(browser, `${place.places.site}/watch.js`, uplink) })
    return measured
  } finally {
    await browser.end()
    await place.end()
  }
}

function write(kept) {
  const summary = summarize(kept.runs)
  // Whole or not at all: it may be all that is left of an hour.
  writeFileSync(`${file}.partial`, JSON.stringify({ ...kept, summary }, undefined, 1))
  renameSync(`${file}.partial`, file)
  writeFileSync(join(given.kept, 'offload.md'), markdown(summary, scenarios, engines))
  writeFileSync(given.chart || join(given.kept, 'offload.svg'), chart(summary))
  return summary
}

const file = join(given.kept, 'offload.json')

async function measure() {
  const kept = given.add && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { runs: [] }
  kept.lines ??= await lines()
  for (const { uplink, measured } of kept.lines) {
    console.log(`a data channel carries ${measured.toFixed(2)} Mbit/s through an uplink of ${uplink}`)
  }
  for (let repeat = 1; repeat <= repeats; repeat += 1) {
    for (const scenario of wantedScenarios) {
      for (const engine of wantedEngines) {
        const stage = await stageOf(scenarios[scenario].heights ?? [240])
        const made = await run(stage, engine, scenario, count)
        kept.runs.push({ repeat, ...made })
        const { viewers, copies, raw, start, stalls, stalledSeconds, others } = figures(made)
        console.log(
          `${scenario}, ${engine}, ${viewers} viewers: ${copies.toFixed(2)} copies, ${raw.toFixed(2)} raw, start ${start?.toFixed(2)} s, ` +
            `${stalls} stalls of ${stalledSeconds.toFixed(1)} s together; others used ${Math.round(others * 100)} % of the machine`,
        )
        write(kept)
      }
    }
  }
  return kept
}

// Whoever started us may end us: nothing that we have started stays behind.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1))
if (given.tied) process.stdin.on('end', () => process.exit(1)).resume()
process.on('exit', () => {
  for (const child of family(process.pid).slice(1)) {
    try {
      process.kill(child, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
  rmSync(scratch, { recursive: true, force: true })
})

const kept = await measure()
console.log(`\n${table(write(kept), scenarios, engines)}\n\n${file}`)
process.exit()
