/*
 * The one door between the player and the engine that exchanges pieces with other viewers. The engine's code is
 * loaded only when it may be used; when it cannot start (old browser, blocked WebRTC) the player goes on with
 * plain HTTP and nobody notices.
 */
import type { HlsConfig } from 'hls.js'
import type { VideoDetails } from '../api/types'

export interface EngineStats {
  peers: number
  fromPod: number
  /** The part of it that came as from a peer. */
  fromPodByPeer: number
  fromPeers: number
  toPeers: number
  /** Peers that were dropped because they sent bad pieces. */
  dropped: number
  verified: number
  p2p: boolean
  connections: { id: string; client?: string; pod: boolean; down: number; up: number }[]
}

interface EngineFile {
  fileUrl: string
  torrentUrl: string
  infoHash: string
  size: number
  token?: string
}

interface EngineOptions {
  trackers: string[]
  files: EngineFile[]
  p2p: boolean
  onStats: (stats: EngineStats) => void
}

export interface Engine {
  fragmentLoader(): HlsConfig['fLoader']
  setP2P(on: boolean): void
  /** Tells the engine of renditions that appeared after it was started. */
  addFiles?(files: EngineFile[]): void
  destroy(): void
}

interface EngineModule {
  Engine: new (options: EngineOptions) => Engine
}

const engines = import.meta.glob<EngineModule>('../engine/engine.ts')

export function engineFiles(video: VideoDetails, token: string | undefined): EngineFile[] {
  const files = video.streamingPlaylists[0]?.files ?? []
  return files.flatMap((file) =>
    file.infoHash
      ? [{ fileUrl: file.fileUrl, torrentUrl: file.torrentUrl, infoHash: file.infoHash, size: file.size, token }]
      : [],
  )
}

export function trackersOf(video: VideoDetails): string[] {
  return video.trackerUrls.filter((url) => url.startsWith('ws:') || url.startsWith('wss:'))
}

export async function startEngine(
  video: VideoDetails,
  token: string | undefined,
  p2p: boolean,
  onStats: (stats: EngineStats) => void,
): Promise<Engine | undefined> {
  const load = Object.values(engines)[0]
  if (!load) return undefined
  try {
    const { Engine } = await load()
    return new Engine({ trackers: trackersOf(video), files: engineFiles(video, token), p2p, onStats })
  } catch (error) {
    console.warn('playing without peers', error)
    return undefined
  }
}

/** Whether peers may be used at all: the owner, the address and the viewer each can say no. */
export function mayUsePeers(video: VideoDetails, query: URLSearchParams, wanted: boolean): boolean {
  return video.p2pEnabled !== false && query.get('p2p') !== '0' && wanted
}
