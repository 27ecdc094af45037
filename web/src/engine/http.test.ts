/*
 * Reading from the pod: ranges, servers that ignore them, tokens and short answers.
 */

import { describe, expect, test } from 'vitest'
import type { Bytes } from './bytes'
import { concat } from './bytes'
import { fetchRange, fetchSmall, HttpError, withToken } from './http'
import { noise, Pod } from './test/world'

const pod = (): Pod => new Pod(noise(100_000), 65_536)
const signal = new AbortController().signal

async function range(from: Pod, start: number, end: number): Promise<Bytes> {
  const chunks: Uint8Array[] = []
  await fetchRange(from.fetcher, 'http://pod/file.mp4', {}, { start, end }, signal, (chunk) => chunks.push(chunk.slice()))
  return concat(...chunks)
}

describe('ranges', () => {
  test.each([206, 200])('status %i', async (status) => {
    const from = pod()
    from.status = status
    expect(Buffer.compare(await range(from, 31_000, 95_000), from.data.subarray(31_000, 95_000))).toBe(0)
    expect(from.ranges).toEqual(['bytes=31000-94999'])
  })

  test('a file that ends too early is an error', async () => {
    await expect(range(pod(), 90_000, 100_001)).rejects.toBeInstanceOf(HttpError)
  })

  test.each([403, 404, 416, 500])('status %i is an error that says so', async (status) => {
    const from = pod()
    from.status = status
    await expect(range(from, 0, 10)).rejects.toMatchObject({ status })
  })

  test('no answer is status 0', async () => {
    const dead: typeof fetch = () => Promise.reject(new TypeError('refused'))
    await expect(fetchRange(dead, 'http://pod/', {}, { start: 0, end: 1 }, signal, () => undefined)).rejects.toMatchObject({ status: 0 })
  })
})

test('another pod gets no cookie and no token', async () => {
  const asked: [string, RequestInit | undefined][] = []
  const fetcher: typeof fetch = (input, init) => {
    asked.push([String(input), init])
    return Promise.resolve(new Response('0123456789'))
  }
  await fetchRange(fetcher, 'https://other.example/file.mp4', {}, { start: 0, end: 10 }, signal, () => undefined)
  await fetchSmall(fetcher, 'https://other.example/file.torrent', {}, 10, signal)
  expect(asked.map(([url]) => url)).toEqual(['https://other.example/file.mp4', 'https://other.example/file.torrent'])
  for (const [, init] of asked) {
    expect(init?.credentials).toBe('same-origin')
    expect(new Headers(init?.headers).has('authorization')).toBe(false)
  }
})

test('a small file that is not small is refused', async () => {
  const from = pod()
  expect(await fetchSmall(from.fetcher, 'http://pod/file.torrent', {}, 10_000, signal)).toEqual(from.torrent)
  await expect(fetchSmall(from.fetcher, 'http://pod/file.torrent', {}, 50, signal)).rejects.toBeInstanceOf(HttpError)
})

test.each([
  ['http://pod/f', undefined, 'http://pod/f'],
  ['http://pod/f', 't', 'http://pod/f?videoFileToken=t'],
  ['http://pod/f?a=1', 't&', 'http://pod/f?a=1&videoFileToken=t%26'],
  ['http://pod/f#x', 't', 'http://pod/f?videoFileToken=t'],
  ['http://pod/f?videoFileToken=u', 't', 'http://pod/f?videoFileToken=u'],
])('%s with token %s', (url, token, expected) => {
  expect(withToken(url, { token })).toBe(expected)
})
