/*
 * From what runs brought back to what is compared: the figures of a run, medians over its repeats, and tables.
 */

const sum = (numbers) => numbers.reduce((all, n) => all + n, 0)

/** The number in the middle; nothing of nothing. */
export function median(numbers) {
  const sorted = numbers.filter((n) => Number.isFinite(n)).sort((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return undefined
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

const MB = 1_000_000

/** The figures of one run. Copies are of the least that had to be sent; seconds are over all viewers where not said otherwise. */
export function figures(run) {
  const { kinds, least, viewers, webrtc } = run
  const out = (kind) => (kinds[kind]?.heads ?? 0) + (kinds[kind]?.bodies ?? 0)
  const video = (kinds.video?.bodies ?? 0) + webrtc
  const all = sum(Object.keys(kinds).map(out)) + webrtc
  const started = viewers.filter((viewer) => Number.isFinite(viewer.start)).map((viewer) => viewer.start / 1000)
  const watched = sum(viewers.map((viewer) => viewer.watched ?? 0))
  const stalls = viewers.flatMap((viewer) => viewer.stalls ?? [])
  const seeks = viewers.flatMap((viewer) => viewer.seeks ?? [])
  return {
    viewers: viewers.length,
    copies: video / least,
    raw: all / least,
    start: median(started),
    startWorst: started.length ? Math.max(...started) : undefined,
    neverStarted: viewers.length - started.length,
    stalls: stalls.length,
    stalledSeconds: sum(stalls.map(({ ms }) => ms)) / 1000,
    seek: median(seeks.map(({ ms }) => ms / 1000)),
    watched,
    cpuPerMinute: (run.cpuBrowser / watched) * 60,
    cpuPod: run.cpuPod,
    pageKb: (sum(['page', 'api', 'picture', 'playlist', 'torrent'].map(out)) / viewers.length) / 1000,
    socketKb: out('socket') / viewers.length / 1000,
    receivedKb: sum(Object.values(kinds).map(({ received }) => received)) / viewers.length / 1000,
    fromPeersMb: sum(viewers.map((viewer) => viewer.stats?.fromPeers ?? 0)) / MB,
    errors: viewers.filter((viewer) => viewer.errors?.length > 0).length,
    others: run.machine.others,
    busy: run.machine.busy,
  }
}

/** For each scenario and engine, in the order in which they first ran: the median of every figure. */
export function summarize(runs) {
  const groups = new Map()
  for (const run of runs) {
    const key = `${run.scenario} ${run.engine} ${run.viewers.length}`
    groups.set(key, [...(groups.get(key) ?? []), run])
  }
  return [...groups.values()].map((group) => {
    const all = group.map(figures)
    const medians = Object.fromEntries(Object.keys(all[0]).map((name) => [name, median(all.map((one) => one[name]))]))
    const range = (name) => [Math.min(...all.map((one) => one[name])), Math.max(...all.map((one) => one[name]))]
    return { scenario: group[0].scenario, engine: group[0].engine, repeats: group.length, ...medians, copiesRange: range('copies'), rawRange: range('raw') }
  })
}

const fixed = (digits) => (n) => (n === undefined ? '-' : n.toFixed(digits))
const COLUMNS = [
  ['copies', ({ copies }) => fixed(2)(copies)],
  ['raw', ({ raw }) => fixed(2)(raw)],
  ['start s', ({ start }) => fixed(2)(start)],
  ['slowest', ({ startWorst }) => fixed(2)(startWorst)],
  ['stalls', ({ stalls }) => fixed(0)(stalls)],
  ['stalled s', ({ stalledSeconds }) => fixed(1)(stalledSeconds)],
  ['seek s', ({ seek }) => fixed(2)(seek)],
  ['CPU s/min', ({ cpuPerMinute }) => fixed(1)(cpuPerMinute)],
  ['pod CPU s', ({ cpuPod }) => fixed(2)(cpuPod)],
  ['page kB', ({ pageKb }) => fixed(0)(pageKb)],
  ['socket kB', ({ socketKb }) => fixed(1)(socketKb)],
  ['others', ({ others }) => `${Math.round(others * 100)} %`],
  ['runs', ({ repeats }) => String(repeats)],
]

/** Cells, the names of the columns first. */
function cells(summary, scenarios, engines) {
  const rows = [['', '', ...COLUMNS.map(([name]) => name)]]
  let last
  for (const one of summary) {
    const name = one.scenario === last ? '' : `${scenarios[one.scenario].label}, ${one.viewers}`
    last = one.scenario
    rows.push([name, engines[one.engine].label, ...COLUMNS.map(([, cell]) => cell(one))])
  }
  return rows
}

/** The table as it stands in docs/benchmarks.md. */
export function markdown(summary, scenarios, engines) {
  const [head, ...rows] = cells(summary, scenarios, engines).map((row) => `| ${row.join(' | ')} |`)
  return [head, `|${'---|'.repeat(COLUMNS.length + 2)}`, ...rows, ''].join('\n')
}

/** The table as text; problems stand below it. */
export function table(summary, scenarios, engines) {
  const rows = cells(summary, scenarios, engines)
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const lines = rows.map((row) => row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ').trimEnd())
  for (const one of summary) {
    if (one.neverStarted > 0 || one.errors > 0) {
      lines.push(`${one.scenario}, ${one.engine}: ${one.neverStarted} viewers never saw a picture, ${one.errors} had errors (medians)`)
    }
  }
  return lines.join('\n')
}
