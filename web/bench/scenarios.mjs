/*
 * What viewers do, as data: when each comes, how long it stays (until everybody is through when nothing is said) and
 * what it does meanwhile. Seconds throughout; those of `acts` count from the viewer's coming. Nothing is left to chance.
 */

/** Uplinks in Mbit/s, dealt in turn. */
export const UPLINKS = [6, 3, 10, 4, 16, 5, 24, 8]

/** How long people stay who leave before the end. */
const STAYS = [87, 24, 52, 9, 70, 38, 6, 61, 17, 45, 80, 12, 33, 28]
const PLACES = 6

const crowd = (count, viewer) => Array.from({ length: count }, (_, n) => ({ at: 0, acts: [], ...viewer(n) }))
const every = (nth, act) => (n) => (n % 2 === nth ? { acts: [act] } : {})

/** Six at a time: whoever leaves makes room for the next. */
function churn() {
  const free = Array(PLACES).fill(0)
  return STAYS.map((stay) => {
    const place = free.indexOf(Math.min(...free))
    const at = free[place]
    // Somebody else comes two seconds later.
    free[place] += stay + 2
    return { at, stay, acts: [] }
  })
}

/**
 * Every scenario: `viewers` for a number of them, `heights` of the renditions, and `least`: the bytes that have to leave
 * the pod at least, in files, given the sizes of the renditions.
 */
export const scenarios = {
  'at-once': { label: 'at once', viewers: (count) => crowd(count, () => ({})) },
  staggered: { label: 'one per 8 s', viewers: (count) => crowd(count, (n) => ({ at: n * 8 })) },
  churn: { label: '14 come and go', viewers: churn },
  // Half of them jump to where nobody has been; the others go on.
  seek: { label: 'half seek to 80 s', viewers: (count) => crowd(count, every(0, { at: 6, does: 'seek', to: 80 })) },
  pause: {
    label: 'half pause for 30 s',
    viewers: (count) => crowd(count, (n) => (n % 2 ? {} : { acts: [{ at: 20, does: 'pause' }, { at: 50, does: 'play' }] })),
  },
  // Half of them take the smaller rendition after 20 s, for the rest of the film; the others stay with the larger one.
  quality: {
    label: 'half switch at 20 s',
    heights: [240, 144],
    viewers: (count) => crowd(count, (n) => ({ acts: [{ at: 20, does: 'choose', to: n % 2 ? 240 : 144 }] })),
    least: ([large, small]) => large + (small * 100) / 120,
  },
  double: { label: 'at once', viewers: (count) => crowd(2 * count, () => ({})) },
}
