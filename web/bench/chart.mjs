/*
 * The picture of the summary: for each scenario a bar for each engine, as long as the copies of the film that left the
 * pod; paler at its end, what came on top with page, API and signalling. Drawn by hand as SVG, in colours that can be
 * told apart in light and in dark, with the figures written beside the bars for whoever cannot see them.
 */
import { engines } from './engines.mjs'
import { scenarios } from './scenarios.mjs'

const WIDTH = 760
const LEFT = 170
const RIGHT = 96
const BAR = 14
const GAP = 4
const APART = 18
const HEAD = 64
const FOOT = 50

const escape = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
const label = (text, x, y, more = '') => `<text x="${x}" y="${y}"${more}>${escape(text)}</text>`

const STYLE = `
  .ground { fill: #ffffff } .axis { stroke: #c9d1d9 } .one { stroke: #57606a; stroke-dasharray: 4 3 }
  text { fill: #1f2328; font: 12px system-ui, sans-serif } .soft { fill: #57606a } .name { font-weight: 600 }
  .shoal { fill: #0b7285 } .p2pml { fill: #d9480f } .hls { fill: #868e96 } .raw { opacity: 0.45 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .axis { stroke: #30363d } .one { stroke: #8b949e }
    text { fill: #e6edf3 } .soft { fill: #9198a1 }
    .shoal { fill: #3bc9db } .p2pml { fill: #ff922b } .hls { fill: #adb5bd }
  }`

/** Groups by scenario, in order. */
function grouped(summary) {
  const groups = new Map()
  for (const one of summary) groups.set(one.scenario, [...(groups.get(one.scenario) ?? []), one])
  return [...groups]
}

/** The picture as the text of an SVG file. */
export function chart(summary) {
  const groups = grouped(summary)
  const names = [...new Set(summary.map(({ engine }) => engine))]
  const most = Math.max(1, ...summary.map(({ raw }) => raw))
  const scale = (WIDTH - LEFT - RIGHT) / most
  const bottom = HEAD + groups.reduce((height, [, bars]) => height + bars.length * (BAR + GAP) + APART, 0)
  const height = bottom + FOOT
  const parts = [`<rect class="ground" width="${WIDTH}" height="${height}" rx="8"/>`]
  parts.push(label('Copies of the film that left the pod', 16, 26, ' class="name"'))
  names.forEach((name, n) => {
    const x = 16 + n * 190
    parts.push(`<rect class="${name}" x="${x}" y="38" width="12" height="12" rx="2"/>`, label(engines[name].label, x + 18, 48.5))
  })
  const step = most > 10 ? 2 : 1
  for (let copies = 0; copies <= most; copies += step) {
    const x = LEFT + copies * scale
    parts.push(`<line class="axis" x1="${x}" y1="${HEAD}" x2="${x}" y2="${bottom}"/>`)
    parts.push(label(String(copies), x, bottom + 16, ' class="soft" text-anchor="middle"'))
  }
  parts.push(`<line class="one" x1="${LEFT + scale}" y1="${HEAD}" x2="${LEFT + scale}" y2="${bottom}"/>`)
  parts.push(label('Paler: with page, API and signalling. Dashed: each byte once.', 16, height - 10, ' class="soft"'))
  let y = HEAD + APART / 2
  for (const [scenario, bars] of groups) {
    const viewers = bars[0].viewers
    parts.push(label(scenarios[scenario].label, 16, y + 12, ' class="name"'), label(`${viewers} viewers`, 16, y + 28, ' class="soft"'))
    for (const { engine, copies, raw } of bars) {
      parts.push(`<rect class="${engine} raw" x="${LEFT}" y="${y}" width="${(raw * scale).toFixed(1)}" height="${BAR}" rx="2"/>`)
      parts.push(`<rect class="${engine}" x="${LEFT}" y="${y}" width="${(copies * scale).toFixed(1)}" height="${BAR}" rx="2"/>`)
      parts.push(label(`${copies.toFixed(2)} (${raw.toFixed(2)})`, LEFT + raw * scale + 6, y + BAR - 3))
      y += BAR + GAP
    }
    y += APART
  }
  const told = summary.map(({ scenario, engine, copies }) => `${scenarios[scenario].label}, ${engines[engine].label}: ${copies.toFixed(2)}`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title told">
<title id="title">Copies of the film that left the pod</title>
<desc id="told">${escape(told.join('; '))}</desc>
<style>${STYLE}
</style>
${parts.join('\n')}
</svg>
`
}
