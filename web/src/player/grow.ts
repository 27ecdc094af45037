/*
 * Adds renditions to a playing hls.js without touching what plays. A second, idle hls.js reads the new master
 * playlist; its levels are merged into the running one and announced with the event that hls.js itself uses
 * when its list of levels changes. As levels are known by their index, fragments that are buffered or on their
 * way get their new index, also in the index of the fragment tracker, which hls.js does not hand out: should a
 * later hls.js keep it elsewhere, nothing is merged and the new renditions wait for the next visit.
 */
import Hls, { Events, type Fragment, type Level } from 'hls.js/light'

interface Tracker {
  fragments: Record<string, { body: Fragment }>
}

/** Reads the levels of a master playlist; undefined when it cannot be read now. */
export function readLevels(url: string): Promise<Level[] | undefined> {
  const reader = new Hls({ autoStartLoad: false, enableWorker: false })
  return new Promise((resolve) => {
    const end = (levels: Level[] | undefined) => {
      resolve(levels)
      reader.destroy()
    }
    reader.on(Events.MANIFEST_PARSED, (_event, data) => end([...data.levels]))
    reader.on(Events.ERROR, (_event, data) => data.fatal && end(undefined))
    reader.loadSource(url)
  })
}

/** The list with everything that plays kept as it is, in the order of the new list. */
export function mergeLevels<T extends { uri: string }>(old: readonly T[], fresh: readonly T[]): T[] | undefined {
  const known = new Map(old.map((level) => [pathOf(level.uri), level]))
  const merged = fresh.map((level) => known.get(pathOf(level.uri)) ?? level)
  const keepsAll = old.every((level) => merged.includes(level))
  return keepsAll && merged.length > old.length ? merged : undefined
}

function pathOf(uri: string): string {
  return uri.split('?')[0] ?? uri
}

export async function grow(hls: Hls, masterUrl: string): Promise<boolean> {
  const fresh = await readLevels(masterUrl)
  const tracker = trackerOf(hls)
  const merged = fresh && mergeLevels(hls.levels, fresh)
  if (!merged || !tracker) return false
  const loading = hls.levels[hls.loadLevel]
  const chosen = hls.levels[hls.manualLevel]
  for (const [index, level] of merged.entries()) {
    for (const fragment of level.details?.fragments ?? []) {
      fragment.level = index
      if (fragment.initSegment) fragment.initSegment.level = index
    }
  }
  tracker.fragments = Object.fromEntries(
    Object.values(tracker.fragments).map((entry) => [
      `${entry.body.type}_${entry.body.level}_${entry.body.sn}`,
      entry,
    ]),
  )
  hls.trigger(Events.LEVELS_UPDATED, { levels: merged })
  if (chosen) {
    hls.loadLevel = merged.indexOf(chosen)
  } else if (loading) {
    hls.nextLoadLevel = merged.indexOf(loading)
    // The line above also pins the next automatic choice; announcing the levels again frees it.
    hls.trigger(Events.LEVELS_UPDATED, { levels: merged })
  }
  return true
}

function trackerOf(hls: Hls): Tracker | undefined {
  const inside = hls as unknown as { streamController?: { fragmentTracker?: Partial<Tracker> } }
  const tracker = inside.streamController?.fragmentTracker
  return tracker?.fragments && typeof tracker.fragments === 'object' ? (tracker as Tracker) : undefined
}
