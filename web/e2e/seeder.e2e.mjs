/*
 * The pod as a peer of browsers: a page whose HTTP to the video's file is blocked plays it to the end from the pod's
 * WebRTC alone, byte by byte right. The admin sees that, and can end it.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assembled, keepPieces, rendition } from './pieces.mjs'
import { browser, minute, noBarriers, picture, plays, startPod, until } from './pod.mjs'

let pod, video, file, viewer, admin
before(async () => {
  // One rendition with pictures, so that there is nothing to switch to.
  pod = await startPod({ SHOAL_TRANSCODING_HEIGHTS: '720' })
  ;[viewer, admin] = await Promise.all([browser(), browser()])
  video = await pod.publish(minute())
  file = await rendition(video.streamingPlaylists[0].files.find((one) => one.resolution.id === 720))
})
after(async () => {
  await Promise.all([viewer, admin].map((one) => one?.close()))
  await pod?.end()
})

const stat = (page, name) => page.evaluate((name) => Number(document.querySelector(`[data-stat=${name}]`)?.dataset.bytes ?? 0), name)
const swarms = () => pod.json('/api/v1/server/swarms?start=0&count=10', { headers: video.headers })
const transport = async (name) => (await swarms()).transports.find((one) => one.name === name)

/** Opens the video in a page that cannot fetch it: `block` does something with each request for a file of a video. */
async function watchWithout(block) {
  const page = await viewer.newPage({ viewport: { width: 1280, height: 800 } })
  const blocked = []
  await page.route(/\.mp4(\?|$)/, (route) => {
    blocked.push(route.request().url())
    return block(route)
  })
  await page.addInitScript(keepPieces)
  await page.goto(`${pod.address}/w/${video.shortUUID}`)
  return { page, blocked }
}

async function swarmsPage() {
  const page = await admin.newPage({ viewport: { width: 1280, height: 1000 } })
  const access = await pod.signIn('root', 'root-password')
  await page.addInitScript((access) => localStorage.setItem('shoal.tokens', JSON.stringify({ access, refresh: '', expires: Date.now() + 3_600_000 })), access)
  await page.goto(`${pod.address}/admin/swarms`)
  await page.locator('[data-transport=webrtc]').waitFor()
  return page
}

test('a page whose requests for the file are refused plays to the end from the pod as a peer', async (story) => {
  const { page, blocked } = await watchWithout((route) => route.abort())
  await plays(page, 1)
  await page.evaluate(() => (document.querySelector('video').playbackRate = 3))
  await until('the video has ended', () => page.evaluate(() => document.querySelector('video').ended), 120)
  const end = await until('the page has every piece', async () => {
    const now = await assembled(page, file)
    return now.missing === 0 && now
  })
  assert.equal(end.sha256, file.sha256)
  await until('the page has counted it', async () => (await stat(page, 'fromPodByPeer')) >= file.size)
  const [fromPod, byPeer, fromPeers] = await Promise.all(['fromPod', 'fromPodByPeer', 'fromPeers'].map((name) => stat(page, name)))
  story.diagnostic(`${byPeer} bytes of a file of ${file.size} over WebRTC; ${blocked.length} requests were refused`)
  assert.equal(fromPod, byPeer, 'nothing came over HTTP')
  assert.equal(fromPeers, 0, 'the pod is not counted as a viewer')
  assert.ok(blocked.length > 0 && blocked.length < 30, `HTTP is tried again, but not all the time: ${blocked.length}`)
  await picture(page, 'watch-from-the-pods-webrtc')

  const board = await swarmsPage()
  const card = board.locator('[data-transport=webrtc]')
  const shown = (scope, name, kind) => scope.locator(`[data-stat=${name}]`).first().getAttribute(`data-${kind}`).then(Number)
  await until('the admin sees the peer', async () => (await shown(card, 'peers', 'count')) === 1)
  assert.ok((await shown(card, 'sent', 'bytes')) >= file.size)
  const row = board.locator(`[data-swarm="${file.infoHash}"]`)
  assert.equal(await shown(row, 'peers', 'count'), 1)
  assert.ok((await shown(row, 'sent', 'bytes')) >= file.size)
  await noBarriers(board)
  await picture(board, 'admin-swarms')

  await card.getByRole('switch').click()
  await picture(board, 'admin-swarms-switch')
  await board.locator('dialog').getByText('1 peer').waitFor()
  await board.locator('dialog .danger').click()
  await until('the peer is gone', async () => (await shown(card, 'peers', 'count')) === 0, 10)
  const closed = await until('the port is given back', async () => (await transport('webrtc')).address === null && transport('webrtc'), 10)
  assert.deepEqual([closed.enabled, closed.peers], [false, 0])
  await board.locator('.toast .action').click()
  await until('it is open again', async () => (await transport('webrtc')).address !== null, 10)
  await board.close()
  await page.close()
})

test('a page whose requests are never answered plays, too', async (story) => {
  const { page, blocked } = await watchWithout(() => undefined)
  const began = Date.now()
  await plays(page, 1, 30)
  story.diagnostic(`it took ${((Date.now() - began) / 1000).toFixed(1)} s to a second of playing`)
  await plays(page, 15)
  assert.equal(await stat(page, 'fromPod'), await stat(page, 'fromPodByPeer'))
  story.diagnostic(`${blocked.length} requests were left without an answer`)
  await page.close()
})

test('a page that loses HTTP in the middle goes on', async (story) => {
  const page = await viewer.newPage({ viewport: { width: 1280, height: 800 } })
  let refused = 0
  await page.route(/\.mp4(\?|$)/, async (route) => {
    const [, start] = /^bytes=(\d+)-/.exec(route.request().headers().range ?? '') ?? []
    if (Number(start ?? 0) < 3_000_000) return route.continue()
    refused += 1
    return route.abort()
  })
  await page.addInitScript(keepPieces)
  await page.goto(`${pod.address}/w/${video.shortUUID}`)
  await plays(page, 1)
  await page.evaluate(() => (document.querySelector('video').playbackRate = 3))
  await plays(page, 50)
  await until('the page has every piece', async () => (await assembled(page, file)).sha256 === file.sha256)
  const [fromPod, byPeer] = await Promise.all(['fromPod', 'fromPodByPeer'].map((name) => stat(page, name)))
  story.diagnostic(`${fromPod - byPeer} bytes over HTTP, ${byPeer} over WebRTC; ${refused} requests were refused`)
  assert.ok(fromPod - byPeer > 2_000_000, 'as long as HTTP works the pod is not asked as a peer')
  assert.ok(byPeer > 2_000_000)
  await page.close()
})
