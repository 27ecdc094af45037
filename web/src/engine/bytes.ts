/*
 * Byte strings: the few conversions the engine needs. Hashes and peer ids travel as raw bytes on the wire, as
 * Latin-1 text in the tracker's JSON and as hex on the page, so all three spellings live here and nowhere else.
 * Not a general toolbox: what only one module needs stays in that module.
 */

/** Bytes that own a plain ArrayBuffer, which is what WebCrypto and data channels accept. */
export type Bytes = Uint8Array<ArrayBuffer>

/** Reads text whose characters are bytes (U+0000 to U+00FF); null when a character is no byte. */
export function fromLatin1(text: string): Bytes | null {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0xff) return null
    bytes[i] = code
  }
  return bytes
}

/** Writes bytes as text with one character per byte. Meant for short strings such as hashes and dictionary keys. */
export function toLatin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

/** Writes bytes as lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

/** Reads hex of either case; null when it is not hex or has an odd number of digits. */
export function fromHex(text: string): Bytes | null {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return null
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(text.slice(i * 2, i * 2 + 2), 16)
  return bytes
}

/** Says whether two byte strings are the same. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Joins byte strings into a new one. */
export function concat(...parts: Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
