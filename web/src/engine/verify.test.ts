/*
 * Who spoilt a piece: the good copy tells, block by block.
 */

import { expect, test } from 'vitest'
import { parseMetainfo } from './metainfo'
import { noise, sha1, torrentOf } from './test/world'
import { isGood, liars } from './verify'

test('the hash decides', async () => {
  const data = noise(100_000)
  const { torrent, infoHash } = torrentOf(data, 65_536)
  const meta = await parseMetainfo(torrent, infoHash, sha1)
  const last = data.slice(65_536)
  expect(await isGood(meta, 1, last, sha1)).toBe(true)
  expect(await isGood(meta, 0, last, sha1)).toBe(false)
  last[0] = (last[0] ?? 0) ^ 1
  expect(await isGood(meta, 1, last, sha1)).toBe(false)
})

test('only those whose blocks differ are liars', () => {
  const good = noise(40_000)
  const bad = good.slice()
  bad[20_000] = (bad[20_000] ?? 0) ^ 1
  expect([...liars(bad, ['honest', 'liar', 'honest'], good)]).toEqual(['liar'])
  expect([...liars(bad, ['a', null, 'a'], good)]).toEqual([])
})
