/*
 * Two viewers of one video pass pieces to each other, each counted by both pages and by the pod; a liar is dropped; and
 * with P2P off everything comes from the pod.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { browser, minute, noBarriers, picture, plays, startPod, until } from './pod.mjs'

let pod, video, people, size
before(async () => {
  pod = await startPod({ SHOAL_TRANSCODING_HEIGHTS: '144' })
  people = await Promise.all([browser(), browser()])
  video = await pod.publish(minute())
  const { streamingPlaylists } = await pod.json(`/api/v1/videos/${video.uuid}`)
  size = Math.max(...streamingPlaylists[0].files.map((file) => file.size))
})
after(async () => {
  await Promise.all((people ?? []).map((one) => one.close()))
  await pod?.end()
})

/** What the page says about where its bytes came from. */
const sums = (page) =>
  page.evaluate(() => {
    const bytes = (name) => Number(document.querySelector(`[data-stat=${name}]`)?.dataset.bytes ?? 0)
    return { fromPod: bytes('fromPod'), fromPeers: bytes('fromPeers'), toPeers: bytes('toPeers') }
  })

async function watch(person, query = '', prepare = undefined) {
  const page = await person.newPage({ viewport: { width: 1280, height: 800 } })
  if (prepare) await page.addInitScript(prepare)
  await page.goto(`${pod.address}/w/${video.shortUUID}${query}`)
  await plays(page, 1)
  return page
}

/** Leaving the page sends its last report; what the page had counted. */
async function leave(page) {
  const counted = await sums(page)
  await page.goto(`${pod.address}/about`)
  return counted
}

async function traffic() {
  const [day] = await pod.json(`/api/v1/videos/${video.uuid}/stats/traffic`, { headers: video.headers })
  return day ?? { fromPod: 0, fromPeers: 0, toPeers: 0 }
}

test('the second viewer takes pieces from the first', async (story) => {
  const before = await traffic()
  const first = await watch(people[0])
  // Before that the pod gives each of them another part to pass on; now all that the second needs can come from the first.
  await until('the first viewer has nearly all of it', async () => (await sums(first)).fromPod >= size * 0.9)
  const second = await watch(people[1])
  await plays(second, 12)
  await picture(second, 'watch-shared')
  const taken = await leave(second)
  const given = await leave(first)
  story.diagnostic(`second viewer: ${taken.fromPeers} bytes from the first, ${taken.fromPod} from the pod`)
  assert.ok(taken.fromPeers > 500_000, 'a good part came from the other viewer')
  assert.ok(taken.fromPeers > taken.fromPod, 'more from the viewer than from the pod')
  assert.ok(given.toPeers >= taken.fromPeers * 0.9, 'the first page counted what it sent')
  const day = await until('the pod has counted what the pages did', async () => {
    const now = await traffic()
    return now.fromPeers - before.fromPeers >= taken.fromPeers * 0.9 && now
  })
  assert.ok(day.toPeers - before.toPeers >= taken.fromPeers * 0.9)
})

test('a viewer that sends wrong pieces is dropped and playback goes on', async (story) => {
  const liar = await watch(people[0], '', () => {
    // Every piece message of this page leaves with one bit turned.
    const send = RTCDataChannel.prototype.send
    RTCDataChannel.prototype.send = function (message) {
      const bytes = message instanceof ArrayBuffer ? new Uint8Array(message) : ArrayBuffer.isView(message) ? new Uint8Array(message.buffer, message.byteOffset, message.byteLength) : undefined
      if (bytes && bytes.length > 5000) {
        const copy = bytes.slice()
        copy[copy.length - 100] ^= 1
        globalThis.lies = (globalThis.lies ?? 0) + 1
        return send.call(this, copy)
      }
      return send.call(this, message)
    }
  })
  await plays(liar, 8)
  const honest = await watch(people[1])
  await plays(honest, 15)
  await until('lies were told', () => liar.evaluate(() => globalThis.lies > 0))
  const dropped = await until('the liar is dropped', () =>
    honest.evaluate(() => Number(document.querySelector('[data-stat=dropped]')?.dataset.count ?? 0)),
  )
  story.diagnostic(`${dropped} peer(s) dropped`)
  await leave(honest)
  await leave(liar)
})

test('what others can see is said before it happens, once, with the switch beside it', async () => {
  const context = await people[0].newContext({ viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
  await page.addInitScript(() => {
    // What stands on the page at the moment at which the tracker is told of this viewer: before that nobody can hear of it.
    const Socket = globalThis.WebSocket
    globalThis.calls = 0
    globalThis.told = []
    globalThis.WebSocket = class extends Socket {
      constructor(...given) {
        super(...given)
        globalThis.calls += 1
      }

      send(message) {
        globalThis.told.push(document.querySelector('[data-notice=sharing]') !== null)
        super.send(message)
      }
    }
  })
  const notice = page.locator('[data-notice=sharing]')
  const off = () => page.locator('[data-off]').getAttribute('data-off')
  await page.goto(`${pod.address}/w/${video.shortUUID}`)
  await plays(page, 1)
  await until('the tracker was told', () => page.evaluate(() => globalThis.told.length > 0))
  assert.deepEqual(await page.evaluate(() => globalThis.told[0]), true, 'the notice is there first')
  await noBarriers(page)
  await picture(page, 'sharing-notice')
  await notice.getByRole('switch').click()
  await until('nothing is shared', async () => (await off()) === 'viewer')
  await notice.getByRole('switch').click()
  await until('the switch turns back', async () => (await off()) === '')
  await notice.getByRole('button').click()
  await until('it goes', async () => (await notice.count()) === 0)
  await page.reload()
  await plays(page, 1)
  assert.equal(await notice.count(), 0, 'it is said once')
  await page.goto(`${pod.address}/videos/embed/${video.shortUUID}?autoplay=1&p2p=0`)
  await plays(page, 1)
  assert.equal(await page.evaluate(() => globalThis.calls), 0, 'nobody is called')
  await context.close()
})

test('with P2P off everything comes from the pod', async () => {
  const first = await watch(people[0])
  await plays(first, 5)
  const alone = await watch(people[1], '?p2p=0')
  await plays(alone, 8)
  const counted = await leave(alone)
  await leave(first)
  assert.deepEqual([counted.fromPeers, counted.toPeers], [0, 0])
  assert.ok(counted.fromPod > 0)
})
