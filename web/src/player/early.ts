/*
 * The first thing that a page with a film does: where the film will be shared, it opens the way to the tracker while the rest of
 * the page is still being made.
 */
import type { VideoDetails } from '../api/types'
import { openEarly } from '../engine/early-socket'
import { peekFirstAnswer } from '../first-data'
import { route } from '../router.svelte'
import { playerSettings } from './settings.svelte'
import { sharingOff } from './sharing'
import { ownTrackers } from './trackers'

/** Opens the way to the tracker of the video that the pod has told of in the page. */
export function hurryToTracker(id: string | undefined) {
  const video = id && (peekFirstAnswer(`/api/v1/videos/${id}`) as VideoDetails | undefined)
  if (!video || sharingOff(video, route.query, playerSettings.p2p)) return
  const [url] = ownTrackers(video, location.host)
  if (url) openEarly(url)
}
