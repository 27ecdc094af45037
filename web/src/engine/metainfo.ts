/*
 * A torrent file, as far as the page needs it: the version 1 part of a single-file torrent. Whatever else it holds is passed over.
 * Nothing in it is believed before the SHA-1 of the raw info dictionary equals the infohash that the pod named for
 * the rendition; the sizes must agree with each other as well. The version 2 part and trackers in it are not read.
 */

import { bytesAt, decodeWithRaw, dictionaryAt, integerAt } from './bencode'
import type { Bytes } from './bytes'
import { equal } from './bytes'

/** SHA-1 of some bytes; WebCrypto's is asynchronous. */
export type Sha1 = (data: Bytes) => Promise<Bytes>

/** What a rendition's torrent says. */
export interface Metainfo {
  infoHash: Bytes
  /** The info dictionary as it stands in the file; other peers may ask for it. */
  info: Bytes
  length: number
  pieceLength: number
  pieceCount: number
  /** The concatenated SHA-1 hashes of all pieces. */
  hashes: Bytes
}

/** The largest torrent file that is read: the hashes of 400 000 pieces. */
export const MAX_TORRENT_BYTES = 8 * 1024 * 1024
const MIN_PIECE = 16 * 1024
const MAX_PIECE = 32 * 1024 * 1024

/** Says what is wrong with a torrent file. */
export class MetainfoError extends Error {}

/** Reads a torrent file and proves that it is the one with this infohash. */
export async function parseMetainfo(file: Bytes, infoHash: Bytes, sha1: Sha1): Promise<Metainfo> {
  if (file.length > MAX_TORRENT_BYTES) throw new MetainfoError('torrent too large')
  const { value, raw } = decodeWithRaw(file, 'info')
  const info = dictionaryAt(value, 'info')
  if (info === null || raw === null) throw new MetainfoError('no info dictionary')
  if (!equal(await sha1(raw), infoHash)) throw new MetainfoError('infohash differs')
  const length = integerAt(info, 'length')
  const pieceLength = integerAt(info, 'piece length')
  const hashes = bytesAt(info, 'pieces')
  if (length === null || pieceLength === null || hashes === null) throw new MetainfoError('not a single-file torrent with version 1 hashes')
  if (length <= 0) throw new MetainfoError('empty file')
  if (pieceLength < MIN_PIECE || pieceLength > MAX_PIECE || (pieceLength & (pieceLength - 1)) !== 0) throw new MetainfoError('odd piece length')
  const pieceCount = Math.ceil(length / pieceLength)
  if (hashes.length !== pieceCount * 20) throw new MetainfoError('wrong number of hashes')
  return { infoHash, info: raw, length, pieceLength, pieceCount, hashes }
}

/** The length of one piece; the last one is usually shorter. */
export function pieceSize(meta: Metainfo, index: number): number {
  return index === meta.pieceCount - 1 ? meta.length - index * meta.pieceLength : meta.pieceLength
}

/** The expected SHA-1 of one piece. */
export function pieceHash(meta: Metainfo, index: number): Bytes {
  return meta.hashes.subarray(index * 20, index * 20 + 20)
}

/** The first and the last piece that touch the bytes [start, end). */
export function piecesOf(meta: Metainfo, start: number, end: number): { first: number; last: number } {
  return { first: Math.floor(start / meta.pieceLength), last: Math.floor((end - 1) / meta.pieceLength) }
}
