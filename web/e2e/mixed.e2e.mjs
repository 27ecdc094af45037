/*
 * A mixed crowd at one film: four pages of ours, two with stock WebTorrent and aria2, which knows TCP only, all from the first
 * second. Everybody gets the whole film, and the pod sends little more than one copy to the browsers together and one to aria2.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assembled, keepPieces, rendition } from './pieces.mjs'
import { browser, clip, startPod, until } from './pod.mjs'
import { byAria2, byStockWebTorrent, stockSite } from './strangers.mjs'

const PAGES = 4
const STOCK = 2
const folder = mkdtempSync(join(tmpdir(), 'shoal-mixed-'))
let pod, video, file, person, site

/** Two minutes at 1.5 Mbit/s whose pictures are small and few: the cores of one machine are to be enough. */
const small = () =>
  clip(
    'small-two-minutes.mp4',
    ['testsrc2=size=426x240:rate=10:duration=120', 'sine=frequency=330:duration=120'],
    '-vf noise=alls=30:allf=t -c:v libx264 -preset veryfast -tune fastdecode -b:v 1400k -minrate 1400k -maxrate 1400k -bufsize 1400k -x264-params nal-hrd=cbr -pix_fmt yuv420p -g 20 -keyint_min 20 -sc_threshold 0 -c:a aac -b:a 96k -movflags +faststart',
  )

before(async () => {
  pod = await startPod({ SHOAL_TRANSCODING_HEIGHTS: '240' })
  person = await browser()
  video = await pod.publish(small())
  file = await rendition(video.streamingPlaylists[0].files.find((one) => one.hasVideo))
  site = await stockSite()
})
after(async () => {
  await person?.close()
  site?.end()
  await pod?.end()
  rmSync(folder, { recursive: true, force: true })
})

/** A page of ours, and the bytes of the film that have come to it over HTTP, counted by the browser. */
async function ours() {
  const context = await person.newContext({ viewport: { width: 480, height: 640 } })
  const page = await context.newPage()
  await page.addInitScript(keepPieces)
  const session = await context.newCDPSession(page)
  await session.send('Network.enable')
  const films = new Set()
  const viewer = { page, http: 0 }
  session.on('Network.requestWillBeSent', ({ requestId, request }) => request.url.endsWith('.mp4') && films.add(requestId))
  session.on('Network.dataReceived', ({ requestId, dataLength }) => films.has(requestId) && (viewer.http += dataLength))
  await page.goto(`${pod.address}/w/${video.shortUUID}`)
  return viewer
}

async function whole({ page }) {
  const got = await until('our page has every piece', async () => {
    const now = await assembled(page, file)
    return now.missing === 0 && now
  }, 180)
  return got.sha256
}

test('four pages of ours, two of stock WebTorrent and aria2 take a film together', async (story) => {
  const began = Date.now()
  const viewers = []
  const timed = async (name, way) => {
    const got = await way()
    story.diagnostic(`${name}: ${((Date.now() - began) / 1000).toFixed(1)} s`)
    return got
  }
  const ends = await Promise.all([
    ...Array.from({ length: PAGES }, () =>
      timed('our page', async () => {
        const viewer = await ours()
        viewers.push(viewer)
        return whole(viewer)
      }),
    ),
    ...Array.from({ length: STOCK }, () => timed('stock WebTorrent', async () => byStockWebTorrent(await person.newContext(), site, file.magnetUri))),
    timed('aria2', () => byAria2(join(folder, 'aria2'), file)),
  ])
  assert.ok(ends.every((one) => one === file.sha256), 'everybody has the film')
  const { data } = await pod.json('/api/v1/server/swarms', { headers: video.headers })
  const { sent } = data.find((one) => one.infoHash === file.infoHash)
  const http = viewers.reduce((sum, viewer) => sum + viewer.http, 0)
  const copies = (bytes) => bytes / file.size
  story.diagnostic(
    `a film of ${file.size} bytes; copies to the browsers: ${copies(http + sent.webrtc).toFixed(2)} (over HTTP ${copies(http).toFixed(2)}, ` +
      `over WebRTC ${copies(sent.webrtc).toFixed(2)}); to aria2: ${copies(sent.tcp).toFixed(2)}`,
  )
  assert.ok(copies(sent.tcp) < 1.02, 'one copy to aria2')
  assert.ok(copies(http + sent.webrtc) <= 1.6, 'at most 1.6 copies to the browsers')
})
