/*
 * Three fresh pods become a network by two clicks. A video that is uploaded to the third is seen and found on the other two, and
 * watched there: viewers of different pods pass its pieces to each other. Deleted at its origin it is gone everywhere, and a pod
 * that quits forgets what it knew of the others. Their administrators block, follow, quit all, and try again when one was away.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { browser, clip, looks, minute, noBarriers, picture, plays, signedIn, startDemo, startPod, until, wide } from './pod.mjs'

let demo, one, two, three, people, admins
before(async () => {
  demo = await startDemo(3, { SHOAL_TRANSCODING_HEIGHTS: '144' })
  ;[one, two, three] = demo.pods
  people = await Promise.all([browser(), browser()])
  admins = {}
})
after(async () => {
  await Promise.all((people ?? []).map((person) => person.close()))
  const status = await demo?.end()
  assert.equal(status, 0, `the demonstration ends cleanly:\n${demo?.log()}`)
})

const listed = async (pod) => (await pod.json('/api/v1/videos')).data
const sums = (page) =>
  page.evaluate(() => {
    const bytes = (name) => Number(document.querySelector(`[data-stat=${name}]`)?.dataset.bytes ?? 0)
    return { fromPod: bytes('fromPod'), fromPeers: bytes('fromPeers'), toPeers: bytes('toPeers') }
  })

test('two clicks make friends of three pods', async (story) => {
  assert.ok(demo.guide.includes(`${two.address}/admin/network`))
  for (const [pod, clicked, friends] of [[two, 'two', [three]], [one, 'one', [two, three]]]) {
    const page = (admins[clicked] = await signedIn(pod, people[0]))
    await page.goto(`${pod.address}/admin/network`)
    const button = page.locator('[data-do=makefriends]')
    await button.waitFor()
    if (pod === two) await looks(page, 'network-empty')
    const began = Date.now()
    await button.click()
    for (const { host } of friends) {
      await page.locator(`[data-asked="${host}"][data-outcome=friend]`).waitFor({ timeout: 60_000 })
      await page.locator(`[data-pod="${host}"][data-state=friend]`).waitFor({ timeout: 20_000 })
    }
    story.diagnostic(`click on pod ${clicked}: ${friends.length} friend(s) after ${Date.now() - began} ms`)
  }
  for (const pod of demo.pods) {
    await until(`${pod.host} has two friends`, async () => (await pod.json('/api/v1/pods')).total === 2, 20)
  }
})

let video
test('a video of pod 3 appears on pods 1 and 2', async (story) => {
  const { video: sent } = await three.upload(minute(), { name: 'A whale passes by' })
  const arrived = Date.now()
  const published = until('it is listed on pod 3', async () => (await listed(three)).length > 0 && Date.now(), 120)
  const seen = await Promise.all(
    [one, two].map((pod) => until(`it is listed on ${pod.host}`, async () => (await listed(pod)).length > 0 && Date.now(), 140)),
  )
  const origin = await published
  for (const [index, at] of seen.entries()) {
    story.diagnostic(`pod ${index + 1}: ${at - arrived} ms after the upload was answered, ${at - origin} ms after pod 3 listed it`)
    assert.ok(at - origin < 20_000)
  }
  await until('it has all of its files', async () => {
    const now = await three.json(`/api/v1/videos/${sent.uuid}`)
    return now.state.id === 1 && !now.progress
  }, 300)
  video = await three.json(`/api/v1/videos/${sent.uuid}`)
  const count = video.streamingPlaylists[0].files.length
  await until('the others know all of its files', async () => {
    const found = await Promise.all([one, two].map((pod) => pod.json(`/api/v1/videos/${sent.uuid}`)))
    return found.every((one) => one.streamingPlaylists[0].files.length === count)
  }, 60)
})

test('the page of the network says how the friends are', async () => {
  const page = admins.one
  await page.reload()
  const friend = page.locator(`[data-pod="${three.host}"]`)
  await friend.waitFor()
  await until('its video is counted', async () => (await friend.locator('[data-stat=videos]').getAttribute('data-count')) === '1', 20)
  await looks(page, 'network-friends')
  await friend.getByRole('button', { name: 'History' }).click()
  await page.getByRole('dialog').waitFor()
  await page.waitForTimeout(300)
  await noBarriers(page)
  await picture(page, 'network-history')
  await page.keyboard.press('Escape')
})

test('it is found and watched on pods 1 and 2, and viewers of both pass pieces to each other', async (story) => {
  const size = Math.max(...video.streamingPlaylists[0].files.map((file) => file.size))
  const first = await signedIn(one, people[0])
  const told = []
  first.on('request', (request) => {
    if (!request.url().startsWith(three.address)) return
    if (request.headers().authorization || request.headers().cookie || /token/i.test(request.url())) told.push(request.url())
  })
  await first.goto(one.address)
  const card = first.locator(`article:has(a[href="/w/${video.shortUUID}"])`)
  await card.waitFor()
  assert.match(await card.innerText(), new RegExp(`@${three.host}`), 'the card names its pod')
  await looks(first, 'network-home')
  await first.locator('input[type=search]').first().fill('whale')
  await first.keyboard.press('Enter')
  await first.waitForURL(/\/search\?/)
  await first.locator(`article a[href="/w/${video.shortUUID}"]`).last().click()
  await first.waitForURL(`${one.address}/w/${video.shortUUID}`)
  await plays(first, 1)
  await first.getByRole('link', { name: `Watch at ${three.host}` }).waitFor()
  assert.equal(await first.getByRole('link', { name: 'Edit' }).count(), 0, 'it is not for root of this pod to change')
  await looks(first, 'network-watch', '.origin')
  await until('the viewer on pod 1 has nearly all of it', async () => (await sums(first)).fromPod >= size * 0.9)

  const second = await people[1].newPage({ viewport: wide })
  await second.goto(`${two.address}/search?search=whale`)
  await second.locator(`article a[href="/w/${video.shortUUID}"]`).last().click()
  await plays(second, 12)
  const [taken, given] = [await sums(second), await sums(first)]
  story.diagnostic(`viewer on pod 2: ${taken.fromPeers} bytes from the viewer on pod 1, ${taken.fromPod} from pod 3; that one gave ${given.toPeers}`)
  await picture(second, 'network-watch-shared')
  assert.ok(taken.fromPeers > 500_000, 'a good part came from the viewer on the other pod')
  assert.ok(given.toPeers > 500_000, 'who counted it as well')
  assert.deepEqual(told, [], 'nothing of who is signed in went to the other pod')
  assert.deepEqual(first.policies, [])

  await first.getByRole('button', { name: 'Download' }).click()
  const links = first.getByRole('dialog').locator('a[href^=http]')
  await links.first().waitFor()
  assert.ok((await links.evaluateAll((all) => all.map((link) => link.href))).every((href) => href.startsWith(three.address)))
  await noBarriers(first)
  await picture(first, 'network-download')
  await first.keyboard.press('Escape')

  await first.goto(one.address)
  await first.getByRole('link', { name: 'This pod', exact: true }).click()
  await first.getByText('No videos yet').waitFor()
  await first.close()
  await second.close()
})

test('whose video it is has a page on pods 1 and 2, too', async () => {
  const page = await people[1].newPage({ viewport: wide })
  for (const path of [`/c/${video.channel.name}@${three.host}`, `/a/${video.account.name}@${three.host}`]) {
    await page.goto(one.address + path)
    await page.locator(`article a[href="/w/${video.shortUUID}"]`).first().waitFor()
    await page.getByRole('link', { name: `See at ${three.host}` }).waitFor()
    assert.match(await page.locator('h1 + p').innerText(), new RegExp(`@${three.host}`))
    await noBarriers(page)
    await picture(page, `network-${path[1] === 'c' ? 'channel' : 'account'}`)
  }
  await page.close()
})

test('deleted on pod 3, it is gone from pods 1 and 2', async (story) => {
  const headers = { authorization: `Bearer ${await three.signIn('root', 'root-password')}` }
  await three.json(`/api/v1/videos/${video.uuid}`, { method: 'DELETE', headers })
  const began = Date.now()
  for (const pod of [one, two]) {
    await until(`it is gone from ${pod.host}`, async () => (await listed(pod)).length === 0, 20)
    story.diagnostic(`gone from ${pod.host} after ${Date.now() - began} ms`)
    assert.equal((await fetch(`${pod.address}/api/v1/videos/${video.uuid}`)).status, 404)
  }
})

test('a pod that quits forgets what it knew', async () => {
  const short = clip('second.mp4', ['testsrc2=size=320x180:rate=25:duration=1'], '-c:v libx264 -preset ultrafast -pix_fmt yuv420p')
  await three.upload(short, { name: 'Another whale' })
  await Promise.all([one, two].map((pod) => until(`it is listed on ${pod.host}`, async () => (await listed(pod)).length === 1, 140)))
  const page = admins.one
  await page.goto(`${one.address}/admin/network`)
  await page.locator(`[data-pod="${three.host}"]`).getByRole('button', { name: 'More for' }).click()
  await page.getByRole('button', { name: 'Quit', exact: true }).click()
  await page.getByRole('dialog').waitFor()
  await noBarriers(page)
  await picture(page, 'network-quit')
  await page.locator('[data-do=quit]').click()
  await until('it is gone from pod 1', async () => (await listed(one)).length === 0, 20)
  assert.equal((await listed(two)).length, 1, 'pod 2 is still a friend')
  const { data } = await one.json('/api/v1/pods')
  assert.deepEqual(data.map((pod) => pod.host), [two.host])
})

test('a pod is blocked, unblocked, and made a friend again', async () => {
  const page = admins.two
  await page.goto(`${two.address}/admin/network`)
  const card = page.locator(`[data-pod="${three.host}"]`)
  await card.getByRole('button', { name: 'More for' }).click()
  await page.getByRole('button', { name: 'Block', exact: true }).first().click()
  await page.locator('[data-do=block]').click()
  const row = page.locator(`[data-row=blocked][data-name="${three.host}"]`)
  await row.waitFor()
  await until('its videos are gone', async () => (await listed(two)).length === 0, 20)
  await looks(page, 'network-blocked', '[data-row=blocked]')
  await row.getByRole('button').click()
  await row.waitFor({ state: 'detached' })
  // By hand, as for a pod that is not known.
  await page.getByLabel('Host of a pod').fill('pest.example')
  await page.keyboard.press('Enter')
  const other = page.locator('[data-row=blocked][data-name="pest.example"]')
  await other.waitFor()
  await other.getByRole('button').click()
  await other.waitFor({ state: 'detached' })
  await card.getByRole('button', { name: /Make friends/ }).click()
  await page.locator(`[data-pod="${three.host}"][data-state=friend]`).waitFor({ timeout: 60_000 })
})

test('one press quits all friends', async () => {
  const page = admins.two
  await page.getByRole('button', { name: 'Quit the network' }).click()
  await noBarriers(page)
  await page.locator('[data-do=quit]').click()
  for (const { host } of [one, three]) await page.locator(`[data-pod="${host}"][data-state=quit]`).waitFor({ timeout: 20_000 })
  const friends = async (pod) => (await pod.json('/api/v1/pods')).data.map((pod) => pod.host)
  assert.deepEqual(await friends(two), [])
  await until('the others know', async () => (await Promise.all([one, three].map(friends))).every((hosts) => !hosts.includes(two.host)), 20)
})

test('a pod follows another in plain ActivityPub, and no more', async () => {
  const [page, followed] = [admins.two, admins.one]
  await page.getByLabel('Hosts or handles').fill(`http://${one.host}/`)
  await page.keyboard.press('Enter')
  const row = page.locator(`[data-row=following][data-name="${one.host}"]`)
  await row.waitFor()
  await followed.goto(`${one.address}/admin/network`)
  const follower = followed.locator(`[data-row^=follower][data-name="${two.host}"]`)
  await until('the follower is seen', async () => {
    await followed.reload()
    await followed.getByRole('heading', { name: 'Who follows this pod' }).waitFor()
    return follower.first().waitFor({ timeout: 2000 }).then(() => true, () => false)
  }, 30)
  const approve = follower.getByRole('button', { name: 'Approve' })
  if (await approve.count()) await approve.click()
  await followed.locator(`[data-row=follower-accepted][data-name="${two.host}"]`).waitFor({ timeout: 20_000 })
  await looks(followed, 'network-followers', '[data-row^=follower]')
  await row.getByRole('button').click()
  await row.waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Undo' }).click()
  await row.getByRole('button').click()
  await looks(page, 'network-following', 'form:last-of-type')
  await until('it is not followed any more', async () => (await two.json('/api/v1/server/following')).total === 0, 20)
})

test('what waits for a pod that was away is sent at a press', async () => {
  const folders = [mkdtempSync(join(tmpdir(), 'shoal-e2e-')), mkdtempSync(join(tmpdir(), 'shoal-e2e-'))]
  const pods = []
  try {
    for (const folder of folders) pods.push(await startPod({ SHOAL_TRANSCODING_HEIGHTS: '144' }, folder))
    const [here, away] = pods
    const place = { address: away.address, port: new URL(away.address).port }
    const host = new URL(away.address).host
    const page = await signedIn(here, people[0])
    await page.goto(`${here.address}/admin/network`)
    await page.getByLabel('Hosts of pods').fill(host)
    await page.keyboard.press('Enter')
    const card = page.locator(`[data-pod="${host}"]`)
    await page.locator(`[data-pod="${host}"][data-state=friend]`).waitFor({ timeout: 60_000 })
    await away.kill()
    const short = clip('second.mp4', ['testsrc2=size=320x180:rate=25:duration=1'], '-c:v libx264 -preset ultrafast -pix_fmt yuv420p')
    await here.upload(short, { name: 'News' })
    const retry = card.getByRole('button', { name: 'Retry now' })
    await retry.waitFor({ timeout: 120_000 })
    await looks(page, 'network-away', `[data-pod="${host}"]`)
    pods[1] = await startPod({ SHOAL_TRANSCODING_HEIGHTS: '144' }, folders[1], place)
    await retry.click()
    await page.getByText(`It is being sent to ${host} now.`).waitFor()
    await until('it is listed there', async () => (await listed(pods[1])).length === 1, 20)
    await until('nothing waits', async () => (await card.locator('[data-stat=waiting]').getAttribute('data-count')) === '0', 20)
    await page.close()
  } finally {
    for (const pod of pods) await pod.end()
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  }
})
