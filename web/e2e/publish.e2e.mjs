/*
 * A creator signs in and uploads through the page; somebody else, in a browser of their own and not signed in, watches
 * seconds later, and sees more qualities appear without losing the player.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { browser, minute, noBarriers, picture, playhead, plays, startPod, until } from './pod.mjs'

let pod, creators, viewers
before(async () => {
  pod = await startPod()
  ;[creators, viewers] = await Promise.all([browser(), browser()])
})
after(async () => {
  await Promise.all([creators?.close(), viewers?.close()])
  assert.equal(await pod?.end(), 0, 'the pod stops cleanly')
})

test('a video uploaded through the page is watched by somebody else', async (story) => {
  const creator = await creators.newPage({ viewport: { width: 1280, height: 800 } })
  await creator.goto(`${pod.address}/login`)
  await noBarriers(creator)
  await creator.fill('#name', 'root')
  await creator.fill('#password', 'root-password')
  await creator.keyboard.press('Enter')
  await creator.waitForURL(`${pod.address}/`)
  await picture(creator, 'home-empty')

  await creator.goto(`${pod.address}/videos/upload`)
  let lastByte = 0
  creator.on('response', (answer) => {
    if (answer.url().includes('upload-resumable') && answer.request().method() === 'PUT' && answer.status() === 200) {
      lastByte = Date.now()
    }
  })
  await creator.setInputFiles('#files', minute())
  await picture(creator, 'upload-in-progress')
  await noBarriers(creator)

  // The viewer waits at the door: the list shows the video as soon as it can be watched.
  const viewer = await viewers.newPage({ viewport: { width: 1280, height: 800 } })
  const [listed] = await until('the video is listed', async () => {
    const list = await pod.json('/api/v1/videos')
    return list.total > 0 && list.data
  })
  await viewer.goto(`${pod.address}/w/${listed.shortUUID}`)
  await plays(viewer, 0.2)
  story.diagnostic(`playing ${Date.now() - lastByte} ms after the last byte was answered`)
  await until('nothing turns over a film that plays', () =>
    viewer.evaluate(() => getComputedStyle(document.querySelector('.player .waiting')).display === 'none'))
  await noBarriers(viewer)

  // The same video element goes on playing while renditions are added.
  await viewer.evaluate(() => (document.querySelector('video').dataset.first = 'yes'))
  const full = await until('all renditions are there', async () => {
    const video = await pod.json(`/api/v1/videos/${listed.uuid}`)
    const files = video.streamingPlaylists[0].files
    return files.length >= 5 && files
  }, 300)
  assert.ok(full.some((file) => file.resolution.id === 0), 'sound alone is one of them')
  assert.equal(await viewer.evaluate(() => document.querySelector('video').dataset.first), 'yes')
  const at = await playhead(viewer)
  if (at < 50) await plays(viewer, at + 1)

  // Nothing moves in controls that nobody sees; whoever moves the mouse sees where the film is.
  await viewer.mouse.move(400, 300)
  await viewer.mouse.move(420, 310)
  await until('the clock and the seek bar are right', () => viewer.evaluate(() => {
    const { currentTime, duration } = document.querySelector('video')
    const bar = document.querySelector('seek-bar')
    const [minutes, seconds] = document.querySelector('.player .time').textContent.split('/')[0].trim().split(':').map(Number)
    const right = (time) => Math.abs(time - currentTime) < 1.5
    return right(minutes * 60 + seconds) && right(bar.range.valueAsNumber * duration) && !bar.hasAttribute('quiet')
  }))

  await viewer.goto(pod.address)
  await viewer.waitForSelector(`a[href*="${listed.shortUUID}"]`)
  await noBarriers(viewer)
  await picture(viewer, 'home')
})

test('the pages work in the dark and on a phone', async () => {
  const [video] = (await pod.json('/api/v1/videos')).data
  const context = await viewers.newContext({ viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true })
  const phone = await context.newPage()
  for (const [name, path] of [
    ['phone-home', '/'],
    ['phone-watch', `/w/${video.shortUUID}`],
    ['phone-channel', `/c/${video.channel.name}`],
    ['phone-search', '/search?search=minute'],
  ]) {
    await phone.goto(pod.address + path)
    await phone.waitForSelector('h1')
    await noBarriers(phone)
    await picture(phone, name)
  }
  await context.close()
})

test('search answers while one types, and back keeps the list', async () => {
  const [video] = (await pod.json('/api/v1/videos')).data
  const page = await viewers.newPage({ viewport: { width: 1280, height: 800 } })
  await page.goto(pod.address)
  await page.locator('input[type=search]').first().pressSequentially('minu', { delay: 20 })
  await until('the suggestion appears', () => page.evaluate((id) => document.querySelectorAll(`a[href*="${id}"]`).length > 1, video.shortUUID))
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/search\?search=minu/)
  await page.goBack()
  await page.waitForSelector(`a[href*="${video.shortUUID}"]`)
  await page.close()
})
