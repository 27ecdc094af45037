/*
 * What a page really got: every piece that its engine hashed is kept, and put together in the torrent's order they must
 * be the file, byte by byte. The page's own figures say only how much came from where.
 */
import { createHash } from 'node:crypto'

/** A rendition as everybody may read it: its bytes, their checksum, and the hashes of its pieces. */
export async function rendition(file) {
  const [bytes, torrent] = await Promise.all([file.fileUrl, file.torrentUrl].map(async (url) => Buffer.from(await (await fetch(url)).arrayBuffer())))
  const text = torrent.toString('latin1')
  const length = Number(/12:piece lengthi(\d+)e/.exec(text)[1])
  const pieces = []
  for (let at = 0; at < bytes.length; at += length) pieces.push(createHash('sha1').update(bytes.subarray(at, at + length)).digest('hex'))
  if (!text.includes(Buffer.from(pieces.join(''), 'hex').toString('latin1'))) throw new Error('the torrent is not of this file')
  return { ...file, bytes, pieces, sha256: createHash('sha256').update(bytes).digest('hex') }
}

/** To be run in a page before its own scripts: keeps what is hashed. */
export function keepPieces() {
  const kept = (globalThis.keptPieces = new Map())
  const digest = SubtleCrypto.prototype.digest
  SubtleCrypto.prototype.digest = async function (algorithm, data) {
    const copy = new Uint8Array(data.buffer ? data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) : data.slice(0))
    const hash = await digest.call(this, algorithm, data)
    if (algorithm === 'SHA-1') kept.set(Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join(''), copy)
    return hash
  }
}

/** How many pieces of a rendition a page lacks, and the SHA-256 of the file that it has when it lacks none. */
export const assembled = (page, { pieces, bytes }) =>
  page.evaluate(
    async ({ pieces, size }) => {
      const parts = pieces.map((hash) => globalThis.keptPieces.get(hash))
      const missing = parts.filter((part) => part === undefined).length
      if (missing > 0) return { missing }
      const whole = new Uint8Array(size)
      let at = 0
      for (const part of parts) {
        whole.set(part, at)
        at += part.length
      }
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', whole))
      return { missing, sha256: Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('') }
    },
    { pieces, size: bytes.length },
  )
