/*
 * The pages' own router: the address bar is the state, links are plain <a href>, and each entry of the
 * browser's history has a key under which scroll position and loaded lists are kept, so that "back" shows
 * the page as it was left. It knows nothing of what the pages are.
 */
import { tick } from 'svelte'

interface Place {
  path: string
  query: string
  /** Names this entry of the browser's history. */
  key: string
}

/** Paths that the pod answers itself; links to them leave the page. */
const outside = /^\/(api|static|lazy-static|download|services|feeds|tracker|metrics|health)(\/|$)/
const scrolls = new Map<string, number>()
/** When the entry of a page that was just opened gets its key (ms). */
const NAMED_AFTER = 1500

let place = $state.raw<Place>(readPlace())
let moves = $state(0)

export const route = {
  get path() {
    return place.path
  },
  get query() {
    return new URLSearchParams(place.query)
  },
  get href() {
    return place.path + place.query
  },
  get key() {
    return place.key
  },
  /** Counts moves to another page, for those who must act on each (focus, announcements). */
  get moves() {
    return moves
  },
}

function readPlace(): Place {
  if (typeof history === 'undefined') return { path: '/', query: '', key: 'start' }
  return { path: location.pathname, query: location.search, key: keyOfEntry() ?? newKey() }
}

function keyOfEntry(): string | undefined {
  return (history.state as { key?: string } | null)?.key
}

/** Writes the key into the browser's history, where "back" and a reload find it. */
function nameEntry() {
  if (keyOfEntry() === undefined) history.replaceState({ key: place.key }, '')
}

function newKey(): string {
  return Math.random().toString(36).slice(2, 10)
}

/** Goes to another page of this site. */
export function go(href: string, how: { replace?: boolean; keepScroll?: boolean } = {}) {
  const url = new URL(href, location.href)
  const samePath = url.pathname === place.path
  scrolls.set(place.key, scrollY)
  if (how.replace) {
    history.replaceState({ key: place.key }, '', url)
    place = { ...place, path: url.pathname, query: url.search }
  } else {
    nameEntry()
    const key = newKey()
    history.pushState({ key }, '', url)
    place = { path: url.pathname, query: url.search, key }
  }
  if (how.keepScroll) return
  if (!samePath || !how.replace) moves += 1
  scrollTo(0, 0)
}

/** Starts listening to clicks on links and to the browser's back and forward. */
export function startRouter() {
  history.scrollRestoration = 'manual'
  addEventListener('popstate', () => {
    scrolls.set(place.key, scrollY)
    place = readPlace()
    nameEntry()
    moves += 1
    void restoreScroll(place.key)
  })
  addEventListener('click', (event) => {
    const href = hrefToFollow(event)
    if (href === undefined) return
    event.preventDefault()
    if (href !== route.href) go(href)
    else scrollTo({ top: 0, behavior: 'smooth' })
  })
  addEventListener('pagehide', () => keepScrollForReload())
  // To the browser this is a move, and not a cheap one: it waits until a first picture is usually there. An entry without a name is new.
  const known = keyOfEntry() !== undefined
  if (!known) setTimeout(nameEntry, NAMED_AFTER)
  const kept = known ? sessionStorage.getItem(`shoal.scroll.${place.key}`) : null
  if (kept !== null) {
    scrolls.set(place.key, Number(kept))
    void restoreScroll(place.key)
  }
}

function keepScrollForReload() {
  nameEntry()
  sessionStorage.setItem(`shoal.scroll.${place.key}`, String(Math.round(scrollY)))
}

/** Waits until the page is tall enough again, but never fights with a visitor who scrolls already. */
async function restoreScroll(key: string) {
  const wanted = scrolls.get(key) ?? 0
  let overruled = false
  const giveUp = () => (overruled = true)
  addEventListener('wheel', giveUp, { once: true, passive: true })
  addEventListener('touchmove', giveUp, { once: true, passive: true })
  for (let frame = 0; frame < 90 && !overruled && place.key === key; frame += 1) {
    await tick()
    if (document.documentElement.scrollHeight - innerHeight >= wanted) break
    await new Promise(requestAnimationFrame)
  }
  if (!overruled && place.key === key) scrollTo({ top: wanted, behavior: 'instant' })
  removeEventListener('wheel', giveUp)
  removeEventListener('touchmove', giveUp)
}

function hrefToFollow(event: MouseEvent): string | undefined {
  if (event.defaultPrevented || event.button !== 0) return undefined
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return undefined
  const link = (event.target as Element | null)?.closest?.('a[href]')
  if (!(link instanceof HTMLAnchorElement)) return undefined
  if (link.target || link.hasAttribute('download') || link.origin !== location.origin) return undefined
  if (outside.test(link.pathname)) return undefined
  if (link.hash && link.pathname === location.pathname && link.search === location.search) return undefined
  return link.pathname + link.search
}
