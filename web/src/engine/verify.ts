/*
 * Hash checks. WebCrypto exists in secure contexts only (https and localhost); where it does not, the engine cannot
 * check pieces and therefore takes none from peers. The blame of a bad piece is worked out here too: when several
 * peers gave blocks to it, the good copy shows whose blocks were wrong.
 */

import type { Bytes } from './bytes'
import { equal } from './bytes'
import type { Metainfo, Sha1 } from './metainfo'
import { pieceHash } from './metainfo'
import { BLOCK } from './wire'

/** WebCrypto's SHA-1, or null where the page may not use it. */
export function browserSha1(): Sha1 | null {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined
  if (subtle === undefined) return null
  return async (data) => new Uint8Array(await subtle.digest('SHA-1', data))
}

/** Says whether these bytes are that piece. */
export async function isGood(meta: Metainfo, index: number, data: Bytes, sha1: Sha1): Promise<boolean> {
  return equal(await sha1(data), pieceHash(meta, index))
}

/** Who gave blocks that differ from the good copy. */
export function liars<Source>(bad: Bytes, sources: readonly (Source | null)[], good: Bytes): Set<Source> {
  const found = new Set<Source>()
  sources.forEach((source, block) => {
    const from = block * BLOCK
    if (source !== null && !equal(bad.subarray(from, from + BLOCK), good.subarray(from, from + BLOCK))) found.add(source)
  })
  return found
}
