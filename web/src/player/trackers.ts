/*
 * The trackers of a video that a browser can speak with.
 */
import type { VideoDetails } from '../api/types'

export function trackersOf(video: VideoDetails): string[] {
  return video.trackerUrls.filter((url) => url.startsWith('ws:') || url.startsWith('wss:'))
}

/** The trackers that are this pod's own, which conducts the swarms of its own videos. */
export function ownTrackers(video: VideoDetails, host: string): string[] {
  return video.isLocal === false ? [] : trackersOf(video).filter((url) => url.split('/')[2] === host)
}
