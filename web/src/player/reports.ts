/*
 * Tells the pod that somebody watches: where the playhead is (views and resuming) and what the player measured
 * since the last report (metrics). Reports that fail are not repeated; they must never disturb watching.
 */
import { send } from '../api/http'
import type { EngineStats } from './p2p'

export interface Measured {
  height: number | undefined
  fps: number | undefined
  p2p: boolean
  stats: EngineStats | undefined
  counts: { stalls: number; errors: number; switches: number }
}

const sessionId = Math.random().toString(36).slice(2, 14)

export function reportView(id: string, currentTime: number, viewEvent?: 'seek') {
  post(`/api/v1/videos/${id}/views`, { currentTime: Math.floor(currentTime), viewEvent, sessionId })
}

/** Makes the report of one interval from the running totals, and remembers them for the next. */
export class Metrics {
  private last = { fromPod: 0, fromPodByPeer: 0, fromPeers: 0, toPeers: 0, stalls: 0, errors: 0, switches: 0 }

  constructor(private readonly videoId: string) {}

  next(measured: Measured): Record<string, unknown> | undefined {
    const { stats, counts } = measured
    const now = {
      fromPod: stats?.fromPod ?? 0,
      fromPodByPeer: stats?.fromPodByPeer ?? 0,
      fromPeers: stats?.fromPeers ?? 0,
      toPeers: stats?.toPeers ?? 0,
      ...counts,
    }
    const last = this.last
    const quiet = (Object.keys(now) as (keyof typeof now)[]).every((key) => now[key] === last[key])
    this.last = now
    if (quiet) return undefined
    return {
      playerMode: 'p2p-media-loader',
      resolution: measured.height,
      fps: measured.fps === undefined ? undefined : Math.round(measured.fps),
      p2pEnabled: measured.p2p,
      p2pPeers: stats?.peers ?? 0,
      resolutionChanges: now.switches - last.switches,
      errors: now.errors - last.errors,
      bufferStalls: now.stalls - last.stalls,
      downloadedBytesP2P: now.fromPeers - last.fromPeers,
      downloadedBytesHTTP: now.fromPod - last.fromPod,
      downloadedBytesPodPeer: now.fromPodByPeer - last.fromPodByPeer,
      uploadedBytesP2P: now.toPeers - last.toPeers,
      videoId: this.videoId,
    }
  }

  report(measured: Measured) {
    const body = this.next(measured)
    if (body) post('/api/v1/metrics/playback', body)
  }
}

function post(path: string, body: unknown) {
  send(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    keepalive: true,
  }).catch(() => undefined)
}
