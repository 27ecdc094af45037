/*
 * Remembers in this browser where a visitor stopped in each video, for the last few hundred videos. A video that
 * was watched to its end, or hardly begun, is forgotten.
 */
const key = 'shoal.positions'
const most = 300

type Positions = Record<string, { at: number; seen: number }>

let cached: Positions | undefined

function positions(): Positions {
  if (cached) return cached
  try {
    cached = JSON.parse(localStorage.getItem(key) ?? '{}') as Positions
  } catch {
    cached = {}
  }
  return cached
}

export function keptPosition(uuid: string): number | undefined {
  return positions()[uuid]?.at
}

/** Whether it is worth coming back to this second of a video. */
export function worthResuming(at: number, duration: number): boolean {
  return at >= 5 && at < duration - Math.max(5, duration * 0.03)
}

export function keepPosition(uuid: string, at: number, duration: number, now: number) {
  const all = positions()
  if (worthResuming(at, duration)) all[uuid] = { at: Math.floor(at), seen: now }
  else delete all[uuid]
  const names = Object.keys(all)
  if (names.length > most) {
    const oldest = names.sort((a, b) => (all[a]?.seen ?? 0) - (all[b]?.seen ?? 0))
    for (const name of oldest.slice(0, names.length - most)) delete all[name]
  }
  try {
    localStorage.setItem(key, JSON.stringify(all))
  } catch {
    cached = all
  }
}
