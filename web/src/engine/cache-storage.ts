/*
 * Cache Storage as a place to keep pieces: one cache per rendition, one answer per piece. It is there in secure contexts
 * only; some browsers refuse it in private windows, which shows at the first call. Addresses in it are made up and are
 * never fetched.
 */

import type { Bytes } from './bytes'
import type { Box, Keep } from './kept'

const BASE = 'https://pieces.invalid/'

/** The browser's cache storage; null where there is none. */
export function cacheStorage(): Keep | null {
  let storage: CacheStorage | undefined
  try {
    storage = globalThis.caches as CacheStorage | undefined
  } catch {
    return null
  }
  if (storage === undefined) return null
  const caches = storage
  return {
    names: () => caches.keys(),
    open: async (name) => boxOf(await caches.open(name)),
    remove: async (name) => void (await caches.delete(name)),
  }
}

function boxOf(cache: Cache): Box {
  return {
    keys: async () => (await cache.keys()).map(({ url }) => url.slice(BASE.length)),
    read: async (key): Promise<Bytes | null> => {
      const answer = await cache.match(BASE + key)
      return answer === undefined ? null : new Uint8Array(await answer.arrayBuffer())
    },
    write: (key, data) => cache.put(BASE + key, new Response(data)),
    remove: async (key) => void (await cache.delete(BASE + key)),
  }
}
