/*
 * The pod conducts real pages: three viewers who begin at the same time take little more than one copy of what they play,
 * each is told by the pod what to bring in, and a viewer whose browser knows no WebRTC plays beside them undisturbed.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { browser, minute, playhead, plays, startPod, until } from './pod.mjs'

let pod, video, people
before(async () => {
  pod = await startPod({ SHOAL_TRANSCODING_HEIGHTS: '144' })
  people = await Promise.all([browser(), browser(), browser()])
  video = await pod.publish(minute())
})
after(async () => {
  await Promise.all((people ?? []).map((one) => one.close()))
  await pod?.end()
})

/** Notes the kinds of binary messages on every WebSocket of the page, and what the page fetches of files. */
function listen() {
  globalThis.told = []
  globalThis.heard = []
  globalThis.WebSocket = class extends WebSocket {
    constructor(...address) {
      super(...address)
      this.addEventListener('message', ({ data }) => data instanceof ArrayBuffer && globalThis.heard.push(new Uint8Array(data)[0]))
    }
    send(message) {
      if (typeof message !== 'string') globalThis.told.push(new Uint8Array(message.buffer ?? message)[0])
      super.send(message)
    }
  }
}

async function watch(person, prepare = undefined) {
  const page = await person.newPage({ viewport: { width: 1280, height: 800 } })
  await page.addInitScript(listen)
  if (prepare) await page.addInitScript(prepare)
  await page.goto(`${pod.address}/w/${video.shortUUID}`)
  return page
}

const sums = (page) =>
  page.evaluate(() => {
    const bytes = (name) => Number(document.querySelector(`[data-stat=${name}]`)?.dataset.bytes ?? 0)
    return { fromPod: bytes('fromPod'), fromPeers: bytes('fromPeers'), toPeers: bytes('toPeers'), told: globalThis.told, heard: globalThis.heard }
  })

const count = (list, kind) => list.filter((one) => one === kind).length

test('three who begin at the same time share what the pod gives once', async (story) => {
  const pages = await Promise.all(people.map((person) => watch(person)))
  await Promise.all(pages.map((page) => plays(page, 20, 90)))
  const all = await Promise.all(pages.map(sums))
  for (const { fromPod, fromPeers, told, heard } of all) {
    story.diagnostic(`from the pod ${fromPod}, from viewers ${fromPeers}; hello ${count(told, 1)}, reports ${count(told, 2)}; welcome ${count(heard, 1)}, grants ${count(heard, 2)}, settings ${count(heard, 3)}`)
  }
  assert.ok(all.every(({ told, heard }) => count(told, 1) > 0 && count(told, 2) > 0 && count(heard, 1) > 0), 'everybody was welcomed')
  assert.ok(all.some(({ heard }) => count(heard, 2) > 0), 'pieces were granted')
  const pod_ = all.reduce((sum, { fromPod }) => sum + fromPod, 0)
  const peers = all.reduce((sum, { fromPeers }) => sum + fromPeers, 0)
  story.diagnostic(`together ${pod_} from the pod and ${peers} from viewers`)
  assert.ok(peers > pod_, 'more came from viewers than from the pod')
  await Promise.all(pages.map((page) => page.close()))
})

test('without WebRTC it plays, and the others do not notice', async (story) => {
  const first = await watch(people[0])
  await plays(first, 5)
  const deaf = await watch(people[1], () => {
    delete globalThis.RTCPeerConnection
  })
  await plays(deaf, 10)
  const counted = await sums(deaf)
  story.diagnostic(`from the pod ${counted.fromPod}`)
  assert.equal(counted.fromPeers, 0)
  const before = await playhead(first)
  await until('the first goes on', async () => (await playhead(first)) > before + 3)
  await Promise.all([first.close(), deaf.close()])
})
