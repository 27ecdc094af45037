/*
 * One swarm for everybody: at the same time and under one infohash a page of ours, a page with stock WebTorrent, aria2
 * and libtorrent download a rendition, the first two over WebRTC and HTTP, the others over TCP. All end with the same
 * bytes. Browsers and desktop clients cannot talk to each other: between them the pod stands.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assembled, keepPieces, rendition } from './pieces.mjs'
import { browser, minute, plays, startPod, until } from './pod.mjs'
import { byAria2, byStockWebTorrent, filmIn, run, stockSite } from './strangers.mjs'

const folder = mkdtempSync(join(tmpdir(), 'shoal-swarm-'))
let pod, video, file, people, stock
before(async () => {
  pod = await startPod({ SHOAL_TRANSCODING_HEIGHTS: '720' })
  people = await Promise.all([browser(), browser()])
  video = await pod.publish(minute())
  file = await rendition(video.streamingPlaylists[0].files.find((one) => one.resolution.id === 720))
  stock = await stockSite()
})
after(async () => {
  await Promise.all((people ?? []).map((one) => one.close()))
  stock?.end()
  await pod?.end()
  rmSync(folder, { recursive: true, force: true })
})

const place = (name) => {
  const path = join(folder, name)
  mkdirSync(path)
  return path
}

async function byLibtorrent() {
  const path = place('libtorrent')
  // Everybody here has the same address, which libtorrent takes for one peer; trackers on this machine are refused by
  // default unless their path is the usual one.
  await run('/usr/bin/python3', ['-c', `
import sys, time, libtorrent
kinds = libtorrent.alert.category_t
mask = kinds.connect_notification | kinds.error_notification | kinds.tracker_notification | kinds.peer_notification | kinds.status_notification
session = libtorrent.session({
    'listen_interfaces': '127.0.0.1:0', 'enable_dht': False, 'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False,
    'allow_multiple_connections_per_ip': True, 'ssrf_mitigation': False, 'alert_mask': mask})
wanted = libtorrent.parse_magnet_uri(sys.argv[1])
wanted.save_path = sys.argv[2]
handle = session.add_torrent(wanted)
end = time.time() + 100
while not handle.status().is_seeding:
    time.sleep(0.1)
    if time.time() > end:
        print(handle.status().state, handle.status().progress, handle.status().num_peers)
        sys.exit('\\n'.join(alert.message() for alert in session.pop_alerts()))
session.pause()
`, file.magnetUri, path])
  return filmIn(path)
}

async function byOurPage() {
  const page = await people[1].newPage({ viewport: { width: 1280, height: 800 } })
  await page.addInitScript(keepPieces)
  await page.goto(`${pod.address}/w/${video.shortUUID}`)
  await plays(page, 1)
  await page.evaluate(() => (document.querySelector('video').playbackRate = 3))
  const { sha256 } = await until('our page has every piece', async () => {
    const now = await assembled(page, file)
    return now.missing === 0 && now
  }, 120)
  return sha256
}

test('stock WebTorrent takes a video from the pod alone, by magnet link and by torrent', async (story) => {
  const torrent = Array.from(new Uint8Array(await (await fetch(file.torrentUrl)).arrayBuffer()))
  for (const [name, source] of [['magnet link', file.magnetUri], ['torrent', torrent]]) {
    const began = Date.now()
    assert.equal(await byStockWebTorrent(people[0], stock, source), file.sha256, name)
    story.diagnostic(`by ${name}: ${((Date.now() - began) / 1000).toFixed(1)} s`)
  }
})

test('a page of ours, stock WebTorrent, aria2 and libtorrent end one swarm with the same bytes', async (story) => {
  const began = Date.now()
  const ways = { 'our page': byOurPage, 'stock WebTorrent': () => byStockWebTorrent(people[0], stock, file.magnetUri), aria2: () => byAria2(join(folder, 'aria2'), file), libtorrent: byLibtorrent }
  const ends = await Promise.all(
    Object.entries(ways).map(async ([name, way]) => {
      const got = await way()
      story.diagnostic(`${name}: ${((Date.now() - began) / 1000).toFixed(1)} s`)
      return [name, got]
    }),
  )
  assert.deepEqual(ends, Object.keys(ways).map((name) => [name, file.sha256]))
  const { data } = await pod.json('/api/v1/server/swarms', { headers: video.headers })
  const swarm = data.find((one) => one.infoHash === file.infoHash)
  story.diagnostic(`a file of ${file.size} bytes; the pod sent ${swarm.sent.tcp} over TCP and ${swarm.sent.webrtc} over WebRTC`)
  assert.ok(swarm.sent.tcp > 0 && swarm.sent.webrtc > 0)
})
