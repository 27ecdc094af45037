/*
 * What a viewer sees, noted inside the page, the same for every engine: when the first picture came, when playback stood
 * still although it should not have, and how long each seek took. Playwright runs the function before the page's own
 * scripts. It looks at the <video> alone; what engines say of themselves is not asked here.
 */

/** Installs `globalThis.viewing`. Times are milliseconds since the navigation began. */
export function record() {
  const LOOK_MS = 100
  // Playback that stands still for less is nothing that anybody sees.
  const STILL_MS = 250
  const seen = { start: null, stalls: [], seeks: [], ended: false }
  let video = null
  let position = 0
  let moved = 0
  let stall = null
  let seek = null
  let watched = 0

  const attach = (found) => {
    video = found
    video.requestVideoFrameCallback(() => (seen.start ??= performance.now()))
    video.addEventListener('waiting', () => {
      if (seen.start !== null && seek === null && !video.seeking && stall === null) stall = performance.now()
    })
    video.addEventListener('seeking', () => {
      close()
      if (seen.start !== null) seek ??= performance.now()
    })
    video.addEventListener('pause', close)
    video.addEventListener('ended', () => {
      close()
      seen.ended = true
    })
  }

  /** Ends a stall that is under way. */
  const close = () => {
    const now = performance.now()
    if (stall !== null && now - stall >= STILL_MS) seen.stalls.push({ at: stall, ms: now - stall, position })
    stall = null
  }

  const look = () => {
    const found = document.querySelector('video')
    if (found && found !== video) attach(found)
    if (!video) return
    const now = performance.now()
    const before = position
    position = video.currentTime
    const moving = position !== before
    if (moving) moved = now
    if (video.paused || video.ended || seen.start === null) {
      moved = now
      return
    }
    if (seek !== null) {
      if (moving && !video.seeking && video.readyState > 2) {
        seen.seeks.push({ at: seek, ms: now - seek, to: position })
        seek = null
      }
      return
    }
    if (moving) {
      if (position > before) watched += Math.min(1, position - before)
      close()
    } else if (stall === null && now - moved >= STILL_MS) stall = moved
  }
  setInterval(look, LOOK_MS)

  globalThis.viewing = {
    done: () => seen.ended,
    summary: () => {
      const open = stall !== null ? [{ at: stall, ms: performance.now() - stall, position }] : []
      const waiting = seek !== null ? [{ at: seek, ms: performance.now() - seek, to: null }] : []
      return {
        ...seen,
        stalls: [...seen.stalls, ...open.filter(({ ms }) => ms >= STILL_MS)],
        seeks: [...seen.seeks, ...waiting],
        position,
        watched,
        height: video?.videoHeight ?? 0,
        frames: video?.getVideoPlaybackQuality().totalVideoFrames ?? 0,
        dropped: video?.getVideoPlaybackQuality().droppedVideoFrames ?? 0,
      }
    },
  }
}
