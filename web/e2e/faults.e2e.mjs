/*
 * What goes wrong on real machines: the pod is killed in the middle of publishing, and the disk is full. Nothing is lost,
 * nothing is published twice, and the pod says what it waits for.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { clip, startPod, until } from './pod.mjs'

const settings = { SHOAL_TRANSCODING_HEIGHTS: '144,240', SHOAL_TRANSCODING_JOBS: '1' }

/** Twenty seconds whose sound must be encoded and whose pictures fit. */
const mixed = () =>
  clip(
    'mixed.mkv',
    ['testsrc2=size=640x480:rate=25:duration=20', 'sine=frequency=200:duration=20'],
    '-c:v libx264 -preset ultrafast -b:v 2M -pix_fmt yuv420p -g 50 -c:a libmp3lame',
  )

const ended = []
after(() => ended.forEach((end) => end()))

test('killed at every step of publishing, a video ends published once', async (story) => {
  const steps = ['upload', 'audio', 'remux', 'thumbnail', 'transcode', 'storyboard']
  const data = mkdtempSync(join(tmpdir(), 'shoal-kill-'))
  ended.push(() => rmSync(data, { recursive: true, force: true }))
  let pod = await startPod(settings, data)
  let kills = 0
  for (const step of steps) {
    const { video, headers } = await pod.upload(mixed(), { name: `Killed at ${step}` })
    // A step may be over before it is seen; the video must end published all the same.
    const seen = await until(`the step ${step}`, async () => {
      if (step === 'upload') return 'upload'
      const now = await pod.json(`/api/v1/videos/${video.uuid}`, { headers })
      return now.progress ? now.progress.step === step && step : 'over'
    }, 120)
    if (seen === step) kills += 1
    await pod.kill()
    pod = await startPod(settings, data)
    const token = { authorization: `Bearer ${await pod.signIn('root', 'root-password')}` }
    const done = await until(`"${step}" is published`, async () => {
      const now = await pod.json(`/api/v1/videos/${video.uuid}`, { headers: token })
      assert.notEqual(now.state.id, 7, now.failure)
      return now.state.id === 1 && !now.progress && now
    }, 120)
    const files = done.streamingPlaylists[0].files
    assert.deepEqual(files.map((file) => file.resolution.id), [480, 240, 144, 0], step)
    assert.ok(done.thumbnailPath && done.previewPath, step)
    const folder = readdirSync(join(data, 'files/hls', video.uuid))
    assert.equal(folder.length, files.length * 2, `${step}: ${folder}`)
  }
  story.diagnostic(`killed while the step was running: ${kills} of ${steps.length}`)
  assert.ok(kills >= 4)
  const list = await pod.json('/api/v1/videos')
  assert.equal(list.total, steps.length)
  for (const kind of ['thumbnails', 'previews', 'storyboards']) {
    assert.equal(readdirSync(join(data, 'files', kind)).length, steps.length, kind)
  }
  for (const kind of ['uploads', 'work']) assert.equal(readdirSync(join(data, 'files', kind)).length, 0, kind)
  assert.equal(await pod.end(), 0)
})

test('an upload goes on after the pod was killed in the middle of it', async () => {
  const data = mkdtempSync(join(tmpdir(), 'shoal-kill-'))
  ended.push(() => rmSync(data, { recursive: true, force: true }))
  let pod = await startPod(settings, data)
  const bytes = await import('node:fs').then((fs) => fs.readFileSync(mixed()))
  let headers = { authorization: `Bearer ${await pod.signIn('root', 'root-password')}` }
  const me = await pod.json('/api/v1/users/me', { headers })
  const begun = await fetch(`${pod.address}/api/v1/videos/upload-resumable`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', 'x-upload-content-length': bytes.length },
    body: JSON.stringify({ channelId: me.videoChannels[0].id, filename: 'mixed.mkv', name: 'In two lives' }),
  })
  const path = begun.headers.get('location').replace(/^\/\/[^/]+/, '')
  const part = (first, last) => ({
    method: 'PUT',
    headers: { ...headers, 'content-range': `bytes ${first}-${last - 1}/${bytes.length}` },
    body: bytes.subarray(first, last),
    redirect: 'manual',
  })
  const half = bytes.length >> 1
  const answer = await fetch(pod.address + path, part(0, half))
  assert.deepEqual([answer.status, answer.headers.get('range')], [308, `bytes=0-${half - 1}`])
  await pod.kill()
  pod = await startPod(settings, data)
  headers = { authorization: `Bearer ${await pod.signIn('root', 'root-password')}` }
  const asked = await fetch(pod.address + path, {
    method: 'PUT',
    headers: { ...headers, 'content-range': `bytes */${bytes.length}` },
    redirect: 'manual',
  })
  assert.deepEqual([asked.status, asked.headers.get('range')], [308, `bytes=0-${half - 1}`])
  const done = await fetch(pod.address + path, part(half, bytes.length))
  assert.equal(done.status, 200, await done.clone().text())
  await pod.end()
})

test('a full disk stops nothing for good', async (story) => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-full-'))
  const files = join(folder, 'files')
  mkdirSync(files)
  const size = (text) => execFileSync('mount', ['-t', 'tmpfs', '-o', text, 'tmpfs', files], { stdio: 'pipe' })
  try {
    size('size=20m')
  } catch {
    rmSync(folder, { recursive: true })
    story.skip('only root may make a small disk')
    return
  }
  ended.push(() => {
    execFileSync('umount', ['-l', files])
    rmSync(folder, { recursive: true, force: true })
  })
  const pod = await startPod({ ...settings, SHOAL_FILES: `file:${files}` }, folder)
  const headers = { authorization: `Bearer ${await pod.signIn('root', 'root-password')}` }
  const me = await pod.json('/api/v1/users/me', { headers })
  const draft = { channelId: me.videoChannels[0].id, filename: 'big.mp4', name: 'Too big' }

  // What will not fit is refused before the first byte, in words.
  const refused = await fetch(`${pod.address}/api/v1/videos/upload-resumable`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', 'x-upload-content-length': 30_000_000 },
    body: JSON.stringify(draft),
  })
  assert.equal(refused.status, 503)
  assert.match((await refused.json()).detail, /disk has no room/)
  assert.ok(refused.headers.get('retry-after'))

  // The upload fits, what is made of it does not: the job waits and says for what.
  const { video } = await pod.upload(mixed(), { name: 'A tight fit' })
  const filler = join(files, 'work', 'filler')
  try {
    execFileSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k'], { stdio: 'pipe' })
  } catch {
    // That is the point: the disk is full now.
  }
  const waiting = await until('publishing waits for room', async () => {
    const now = await pod.json(`/api/v1/videos/${video.uuid}`, { headers })
    if (now.state.id === 1 && !now.progress) throw new Error('published although the disk was full')
    return now.progress?.waiting
  })
  story.diagnostic(waiting)
  assert.match(waiting, /disk is full/)
  assert.ok((await fetch(`${pod.address}/health`)).ok)
  assert.equal((await pod.json('/api/v1/videos')).total >= 0, true)

  rmSync(filler)
  execFileSync('mount', ['-o', 'remount,size=200m', files])
  await until('publishing goes on when there is room', async () => {
    const now = await pod.json(`/api/v1/videos/${video.uuid}`, { headers })
    assert.notEqual(now.state.id, 7, now.failure)
    return now.state.id === 1 && !now.progress
  }, 90)
  assert.equal(await pod.end(), 0)
})
