/*
 * Where the runs take place: a pod with its video behind a proxy that counts, and for the engines that are not ours
 * their pages and their tracker, each behind one, too. The pod is filled once and started anew for every run, so that
 * what it counts begins at nothing and no swarm is left over.
 */
import { createServer } from 'node:net'
import { mkdirSync } from 'node:fs'
import { startPod } from '../e2e/pod.mjs'
import { DOWNLINK } from './browsers.mjs'
import { Proxy } from './proxy.mjs'
import { startSite, startTracker } from './site.mjs'

const RATE = (DOWNLINK * 1_000_000) / 8

async function freePort() {
  const server = createServer()
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address()
  await new Promise((done) => server.close(done))
  return port
}

/** A pod with one video in renditions of these heights. */
export class Stage {
  /** The video as the API tells it. */
  video

  static async make(folder, clip, heights) {
    mkdirSync(folder, { recursive: true })
    const stage = new Stage()
    stage.port = await freePort()
    stage.proxy = await Proxy.start(stage.port, RATE)
    stage.folder = folder
    stage.heights = heights
    const pod = await stage.pod()
    try {
      stage.video = await pod.publish(clip, { name: 'Two minutes' })
    } finally {
      await pod.end()
    }
    return stage
  }

  /** Starts the pod. */
  pod() {
    const settings = { SHOAL_TRANSCODING_HEIGHTS: this.heights.join(',') }
    return startPod(settings, this.folder, { port: this.port, address: `http://localhost:${this.proxy.port}` })
  }

  /** Bytes of the renditions with pictures, the largest first. */
  get sizes() {
    const files = this.video.streamingPlaylists[0].files.filter((file) => file.hasVideo)
    return files.sort((a, b) => b.resolution.id - a.resolution.id).map((file) => file.size)
  }

  /** Opens for one run. `take()` closes the sums of the run and tells them. */
  async open() {
    const ends = []
    try {
      const pod = await this.pod()
      ends.push(() => pod.end())
      const site = await startSite()
      ends.push(site.end)
      const tracker = await startTracker()
      ends.push(tracker.end)
      const siteProxy = await Proxy.start(site.port, RATE)
      ends.push(() => siteProxy.end())
      const trackerProxy = await Proxy.start(tracker.port, RATE)
      ends.push(() => trackerProxy.end())
      this.proxy.take()
      const direct = `http://127.0.0.1:${this.port}`
      return {
        places: {
          watch: `http://localhost:${this.proxy.port}/w/${this.video.shortUUID}`,
          site: `http://localhost:${siteProxy.port}`,
          tracker: `ws://localhost:${trackerProxy.port}`,
          playlist: this.video.streamingPlaylists[0].playlistUrl,
        },
        take: async () => {
          const tallies = [this.proxy.take(), siteProxy.take(), trackerProxy.take()]
          return { ...sums(tallies), parts: tallies[0].parts, paths: Object.fromEntries(tallies[0].paths), ...(await podNumbers(direct, this.video.headers)) }
        },
        end: async () => {
          for (const end of ends.reverse()) await end()
        },
      }
    } catch (error) {
      for (const end of ends.reverse()) await end()
      throw error
    }
  }
}

/** What went over the counted lines, by kind, whoever sent it. */
function sums(tallies) {
  const kinds = {}
  for (const tally of tallies) {
    for (const [kind, { requests, heads, bodies, received }] of tally.kinds) {
      const sum = (kinds[kind] ??= { requests: 0, heads: 0, bodies: 0, received: 0 })
      sum.requests += requests
      sum.heads += heads
      sum.bodies += bodies
      sum.received += received
    }
  }
  return { kinds }
}

/** What only the pod can count: what it sent over UDP. And what it cost. Asked past the proxies. */
async function podNumbers(direct, headers) {
  const numbers = {}
  const text = await (await fetch(`${direct}/metrics`)).text()
  for (const line of text.split('\n')) {
    const [, name, value] = /^((?:shoal|process_cpu)_[^ ]*) ([-+.\deE]+)$/.exec(line) ?? []
    if (name && !name.includes('_bucket')) numbers[name] = Number(value)
  }
  const swarms = await (await fetch(`${direct}/api/v1/server/swarms`, { headers })).json()
  const webrtc = swarms.transports.find(({ name }) => name === 'webrtc')?.sent ?? 0
  return { webrtc, cpuPod: numbers.process_cpu_seconds_total ?? 0, numbers }
}
