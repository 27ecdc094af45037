/*
 * The one door between the player and the engine that exchanges pieces with other viewers. When it cannot start (old
 * browser, blocked WebRTC) the player goes on with plain HTTP and nobody notices.
 */
import type { HlsConfig } from 'hls.js'
import type { VideoDetails } from '../api/types'
import { Engine as PieceEngine } from '../engine/engine'
import { needsToken } from '../remote'
import { ownTrackers, trackersOf } from './trackers'

export interface EngineStats {
  peers: number
  fromPod: number
  /** The part of it that came as from a peer. */
  fromPodByPeer: number
  /** Parts of it over HTTP: what the pod wanted spread, the beginning after a start or a seek, what peers did not bring in time. */
  fromPodGranted: number
  fromPodInstant: number
  fromPodRescued: number
  fromPeers: number
  toPeers: number
  /** Peers that were dropped because they sent bad pieces. */
  dropped: number
  verified: number
  /** Seconds of media: where the player is, and what it holds from there. */
  playhead: number
  lead: number
  /** The pod conducts the swarm of what plays. */
  conducted: boolean
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

/** The player at a moment; seconds of media. */
interface PlayerState {
  position: number
  ahead: number
  paused: boolean
  rate: number
}

export interface Engine {
  fragmentLoader(): HlsConfig['fLoader']
  setP2P(on: boolean): void
  /** Tells the engine of renditions that appeared after it was started. */
  addFiles?(files: EngineFile[]): void
  destroy(): void
}

export function engineFiles(video: VideoDetails, given: string | undefined): EngineFile[] {
  const token = needsToken(video) ? given : undefined
  const files = video.streamingPlaylists[0]?.files ?? []
  return files.flatMap((file) =>
    file.infoHash
      ? [{ fileUrl: file.fileUrl, torrentUrl: file.torrentUrl, infoHash: file.infoHash, size: file.size, token }]
      : [],
  )
}

/**
 * STUN servers, which tell browsers behind NAT their addresses: every pod answers STUN at the port of its UDP tracker. On this
 * machine's own pod nobody is behind anything, and asking only takes time.
 */
export function stunOf(video: VideoDetails): RTCIceServer[] {
  const places = video.trackerUrls.flatMap((url) => /^udp:\/\/([^/?#@]+)/.exec(url)?.[1] ?? [])
  const elsewhere = places.filter((place) => !/^(localhost|.*\.localhost|127\..*|\[::1\]):/.test(place))
  return elsewhere.length > 0 ? [{ urls: elsewhere.map((place) => `stun:${place}`) }] : []
}

/** What a video element plays and holds. Gaps that hls.js jumps over are no gaps. */
export function playerState(element: Pick<HTMLVideoElement, 'currentTime' | 'buffered' | 'paused' | 'playbackRate'>): PlayerState {
  const { currentTime: position, buffered, paused, playbackRate } = element
  let end = position
  for (let i = 0; i < buffered.length; i++) if (buffered.start(i) <= end + 0.3) end = Math.max(end, buffered.end(i))
  return { position, ahead: end - position, paused, rate: playbackRate > 0 ? playbackRate : 1 }
}

/**
 * The file that hls.js will begin with, most likely: the best that the line allows and the screen can show. A wrong
 * guess costs a torrent that nobody needed.
 */
export function likelyFile(video: VideoDetails, bitsPerSecond: number, lines: number): string | undefined {
  const files = (video.streamingPlaylists[0]?.files ?? []).filter((file) => file.resolution.id > 0)
  files.sort((a, b) => a.resolution.id - b.resolution.id)
  const fits = files.filter((file) => (file.size * 8) / Math.max(1, video.duration) <= bitsPerSecond)
  const enough = files.findIndex((file) => file.resolution.id >= lines)
  const most = enough < 0 ? files.length - 1 : enough
  return files[Math.max(0, Math.min(fits.length - 1, most))]?.fileUrl
}

/** Where the engine finds the player, and what it may expect of it. */
interface Surroundings {
  player: () => PlayerState
  likely?: string | undefined
  keepBytes?: number | undefined
}

export function startEngine(
  video: VideoDetails,
  token: string | undefined,
  p2p: boolean,
  onStats: (stats: EngineStats) => void,
  surroundings: Surroundings,
): Engine | undefined {
  try {
    return new PieceEngine({ trackers: trackersOf(video), conducting: ownTrackers(video, location.host), files: engineFiles(video, token), p2p, onStats, iceServers: stunOf(video), ...surroundings })
  } catch (error) {
    console.warn('playing without peers', error)
    return undefined
  }
}
