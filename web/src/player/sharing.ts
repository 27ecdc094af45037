/*
 * Whether this page shares pieces of a video, and if not, why: the pod, the owner, the address, and the viewer each can say no. The
 * pod's own word counts for all that depends on the video; what is here is what only the page knows.
 */
import type { VideoDetails } from '../api/types'

/** Who or what keeps this page from sharing. */
export type SharingOff = NonNullable<VideoDetails['p2pOff']> | 'address' | 'viewer'

type Shared = Pick<VideoDetails, 'p2pEnabled' | 'p2pOff'>

/** Why the page does not share; undefined when it does. What lasts comes before what changes while one watches. */
export function sharingOff(video: Shared, query: URLSearchParams, wanted: boolean): SharingOff | undefined {
  if (video.p2pOff && video.p2pOff !== 'few') return video.p2pOff
  if (video.p2pEnabled === false) return 'owner'
  if (query.get('p2p') === '0') return 'address'
  if (!wanted) return 'viewer'
  return video.p2pOff ?? undefined
}

/** Whether the viewer's own switch decides anything for this video on this page. */
export function mayChoose(off: SharingOff | undefined): boolean {
  return off === undefined || off === 'viewer' || off === 'few'
}

/** Bytes by where they came from, and how much of it other viewers brought (0 to 1). */
export function sources(stats: { fromPod: number; fromPeers: number } | undefined) {
  const [fromPod, fromPeers] = [stats?.fromPod ?? 0, stats?.fromPeers ?? 0]
  const all = fromPod + fromPeers
  return { fromPod, fromPeers, all, share: all > 0 ? fromPeers / all : 0 }
}
