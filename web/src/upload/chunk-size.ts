/*
 * How many bytes to send in one request: large enough that requests cost nothing, small enough that a broken line
 * loses little. It follows the line: a chunk should take some seconds.
 */
const mebibyte = 1024 * 1024
export const smallest = mebibyte
export const largest = 32 * mebibyte
export const first = 4 * mebibyte

const quick = 3
const slow = 12

export function nextChunkSize(size: number, seconds: number, whole: boolean): number {
  if (!whole) return size
  if (seconds < quick) return Math.min(largest, size * 2)
  if (seconds > slow) return Math.max(smallest, Math.floor(size / 2))
  return size
}

export function chunkSizeAfterFailure(size: number): number {
  return Math.max(smallest, Math.floor(size / 2))
}
