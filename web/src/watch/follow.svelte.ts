/*
 * Keeps a video's data fresh while something about it is still changing: every two seconds while it is being published,
 * more slowly for a while after, because other viewers are not told of the work that goes on, and while it is waited for that
 * enough people watch to share. A hidden page does not ask.
 */
import * as api from '../api/api'
import { Failure } from '../api/failure'
import { published, transcodingFailed, type VideoDetails } from '../api/types'

/** How long to wait before asking again, in seconds; undefined when nothing will change. */
export function pauseBeforeNext(video: VideoDetails, now: number): number | undefined {
  if (video.state?.id === transcodingFailed) return undefined
  const hasFiles = (video.streamingPlaylists[0]?.files.length ?? 0) > 0
  if (!hasFiles) return 1.5
  if (video.progress || (video.state && video.state.id !== published)) return 3
  const minutes = (now - Date.parse(video.publishedAt)) / 60_000
  if (minutes < 60) return Math.max(10, Math.min(60, 2 * minutes))
  // Sharing begins when enough watch.
  return video.p2pOff === 'few' ? 20 : undefined
}

export function watchable(video: VideoDetails): boolean {
  return (video.streamingPlaylists[0]?.files.length ?? 0) > 0 && video.state?.id !== transcodingFailed
}

export class FollowedVideo {
  video = $state.raw<VideoDetails | undefined>(undefined)
  problem = $state.raw<unknown>(undefined)
  private timer: ReturnType<typeof setTimeout> | undefined
  private ended = false

  constructor(readonly id: string) {
    void this.load()
  }

  async load() {
    try {
      this.video = await api.video(this.id)
      this.problem = undefined
    } catch (error) {
      const gone = error instanceof Failure && [401, 403, 404].includes(error.status)
      if (!this.video || gone) this.problem = error
    }
    this.plan()
  }

  end() {
    this.ended = true
    clearTimeout(this.timer)
  }

  private plan() {
    clearTimeout(this.timer)
    if (this.ended || !this.video) return
    const pause = pauseBeforeNext(this.video, Date.now())
    if (pause === undefined) return
    this.timer = setTimeout(() => {
      if (document.hidden) this.plan()
      else void this.load()
    }, pause * 1000)
  }
}
