/*
 * The viewers' browser: one process of Debian's Chromium for all of them, a context for each, with its own cache,
 * sockets and line. Lines are set by the developer tools' network conditions, which hold back data channels as well
 * (`measureLine` shows how much of the nominal speed is left of it). Downwards that is done by the proxies.
 */
import { chromium } from 'playwright-core'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--mute-audio',
  '--autoplay-policy=no-user-gesture-required',
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
]

export const DOWNLINK = 20
const LATENCY_MS = 20
const BITS = 1_000_000

/** Starts the browser: `process` is its first process, `viewer()` opens a page behind a line of its own. */
export async function startBrowser() {
  const server = await chromium.launchServer({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: FLAGS,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  })
  try {
    const browser = await chromium.connect(server.wsEndpoint())
    return {
      process: server.process().pid,
      viewer: (uplink, scripts) => openViewer(browser, uplink, scripts),
      end: async () => {
        await Promise.race([server.close(), new Promise((done) => setTimeout(done, 10_000))])
        await server.kill()
      },
    }
  } catch (error) {
    await server.kill()
    throw error
  }
}

/** A page behind a line of `uplink` Mbit/s upwards; `scripts` run before the page's own. */
async function openViewer(browser, uplink, scripts) {
  const context = await browser.newContext({ viewport: { width: 480, height: 640 } })
  const page = await context.newPage()
  for (const script of scripts) await context.addInitScript(script)
  if (uplink) {
    const session = await context.newCDPSession(page)
    await session.send('Network.enable')
    await session.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: LATENCY_MS,
      // Downwards the proxies hold back. Chromium's own way stalls pages for many seconds that ask for several modules at once.
      downloadThroughput: -1,
      uploadThroughput: (uplink * BITS) / 8,
    })
  }
  return page
}

/** What a data channel carries between two pages in Mbit/s when the sender's uplink is `uplink` (nothing: as it is). */
export async function measureLine(browser, address, uplink) {
  const [sender, receiver] = await Promise.all([browser.viewer(uplink, []), browser.viewer(undefined, [])])
  try {
    await Promise.all([sender, receiver].map((page) => page.goto(address)))
    const offer = await sender.evaluate(async () => {
      const peer = (globalThis.peer = new RTCPeerConnection())
      const channel = peer.createDataChannel('line')
      channel.binaryType = 'arraybuffer'
      const block = new Uint8Array(16_384)
      const fill = () => {
        while (channel.bufferedAmount < 1_000_000) channel.send(block)
      }
      channel.bufferedAmountLowThreshold = 500_000
      channel.onbufferedamountlow = fill
      channel.onopen = fill
      await peer.setLocalDescription()
      await new Promise((done) => (peer.iceGatheringState === 'complete' ? done() : (peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && done())))
      return peer.localDescription.sdp
    })
    const answer = await receiver.evaluate(async (sdp) => {
      const peer = (globalThis.peer = new RTCPeerConnection())
      globalThis.received = 0
      peer.ondatachannel = ({ channel }) => {
        channel.binaryType = 'arraybuffer'
        channel.onmessage = ({ data }) => (globalThis.received += data.byteLength)
      }
      await peer.setRemoteDescription({ type: 'offer', sdp })
      await peer.setLocalDescription()
      await new Promise((done) => (peer.iceGatheringState === 'complete' ? done() : (peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && done())))
      return peer.localDescription.sdp
    }, offer)
    await sender.evaluate((sdp) => globalThis.peer.setRemoteDescription({ type: 'answer', sdp }), answer)
    return await receiver.evaluate(async () => {
      const pause = (ms) => new Promise((done) => setTimeout(done, ms))
      await pause(3000)
      const [began, before] = [performance.now(), globalThis.received]
      await pause(4000)
      return ((globalThis.received - before) * 8) / (performance.now() - began) / 1000
    })
  } finally {
    await Promise.all([sender, receiver].map((page) => page.context().close()))
  }
}
