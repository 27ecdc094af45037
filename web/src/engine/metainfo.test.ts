/*
 * Torrent files: the kind that pods publish, hybrids of both versions, and every way in which one may be wrong.
 */

import { describe, expect, test } from 'vitest'
import type { Value } from './bencode'
import { decode, encode } from './bencode'
import type { Bytes } from './bytes'
import { MetainfoError, parseMetainfo, pieceHash, piecesOf, pieceSize } from './metainfo'
import { noise, sha1, sha1Now, torrentOf } from './test/world'

const data = noise(200_000)
const { torrent, infoHash } = torrentOf(data, 65_536)

test('a hybrid torrent', async () => {
  const meta = await parseMetainfo(torrent, infoHash, sha1)
  expect(meta).toMatchObject({ length: 200_000, pieceLength: 65_536, pieceCount: 4 })
  expect([0, 1, 2, 3].map((index) => pieceSize(meta, index))).toEqual([65_536, 65_536, 65_536, 3392])
  expect(pieceHash(meta, 3)).toEqual(sha1Now(data.subarray(3 * 65_536)))
  expect(piecesOf(meta, 0, 65_536)).toEqual({ first: 0, last: 0 })
  expect(piecesOf(meta, 65_535, 65_537)).toEqual({ first: 0, last: 1 })
  expect(piecesOf(meta, 199_999, 200_000)).toEqual({ first: 3, last: 3 })
})

describe('refuses', () => {
  /** The torrent with its info dictionary changed, and the infohash that fits it. */
  function changed(change: (info: Map<string, Value>) => void): { file: Bytes; hash: Bytes } {
    const whole = decode(torrent) as Map<string, Value>
    const info = whole.get('info') as Map<string, Value>
    change(info)
    return { file: encode(whole), hash: sha1Now(encode(info)) }
  }

  const cases: [string, (info: Map<string, Value>) => void][] = [
    ['no length', (info) => info.delete('length')],
    ['several files', (info) => (info.delete('length'), info.set('files', []))],
    ['no piece length', (info) => info.delete('piece length')],
    ['no version 1 hashes', (info) => info.delete('pieces')],
    ['a length that is text', (info) => info.set('length', new Uint8Array(3))],
    ['an empty file', (info) => info.set('length', 0)],
    ['a negative length', (info) => info.set('length', -5)],
    ['a huge length', (info) => info.set('length', Number.MAX_SAFE_INTEGER)],
    ['a piece length of nothing', (info) => info.set('piece length', 0)],
    ['a tiny piece length', (info) => info.set('piece length', 1024)],
    ['a piece length that is no power of two', (info) => info.set('piece length', 65_537)],
    ['a giant piece length', (info) => info.set('piece length', 2 ** 31)],
    ['a hash too few', (info) => info.set('pieces', new Uint8Array(60))],
    ['half a hash', (info) => info.set('pieces', new Uint8Array(70))],
  ]
  test.each(cases)('%s', async (_name, change) => {
    const { file, hash } = changed(change)
    await expect(parseMetainfo(file, hash, sha1)).rejects.toBeInstanceOf(MetainfoError)
  })

  test('another infohash', async () => {
    await expect(parseMetainfo(torrent, noise(20), sha1)).rejects.toThrow('infohash differs')
  })

  test('a file cut off anywhere', async () => {
    for (let end = 0; end < torrent.length; end += 7) await expect(parseMetainfo(torrent.slice(0, end), infoHash, sha1)).rejects.toThrow()
  })
})
