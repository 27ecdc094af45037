/*
 * The page in which hls.js plays alone, and with p2p-media-loader as PeerTube sets it up for uploaded videos. The page's
 * address says which: /hls or /p2pml. Runs in the browser, as it is; its imports are named by the page.
 */
import Hls from 'hls.js'

const query = new URLSearchParams(location.search)
const video = document.querySelector('video')
const alone = location.pathname === '/hls'

globalThis.engineStats = { fromPod: 0, fromPeers: 0, toPeers: 0, peers: 0 }

const common = { capLevelToPlayerSize: true, abrEwmaDefaultEstimate: 20_000_000, testBandwidth: false }

async function make() {
  if (alone) return new Hls(common)
  const { HlsJsP2PEngine } = await import('p2p-media-loader-hlsjs')
  const WithPeers = HlsJsP2PEngine.injectMixin(Hls)
  return new WithPeers({
    ...common,
    autoStartLoad: false,
    liveSyncDurationCount: 5,
    backBufferLength: 90,
    p2p: {
      core: {
        swarmId: query.get('playlist'),
        announceTrackers: [query.get('tracker')],
        // There is no STUN server here, and without one in the list nothing waits for it.
        rtcConfig: { iceServers: [] },
        highDemandTimeWindow: 15,
        segmentMemoryStorageLimit: 1024,
      },
      onHlsJsCreated: ({ p2pEngine }) => count(p2pEngine),
    },
  })
}

function count(engine) {
  const stats = globalThis.engineStats
  engine.addEventListener('onChunkDownloaded', (bytes, source) => (stats[source === 'p2p' ? 'fromPeers' : 'fromPod'] += bytes))
  engine.addEventListener('onChunkUploaded', (bytes) => (stats.toPeers += bytes))
  engine.addEventListener('onPeerConnect', () => (stats.peers += 1))
  engine.addEventListener('onPeerClose', () => (stats.peers -= 1))
}

const hls = await make()
hls.on(Hls.Events.MANIFEST_PARSED, () => {
  if (!alone) hls.startLoad()
  void video.play()
})
// What its makers recommend for errors that end playback.
hls.on(Hls.Events.ERROR, (_event, { fatal, type }) => {
  if (!fatal) return
  if (type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError()
  else setTimeout(() => hls.startLoad(), 1000)
})
globalThis.choose = (height) => {
  hls.nextLevel = hls.levels.findIndex((level) => level.height === height)
}
hls.loadSource(query.get('playlist'))
hls.attachMedia(video)
