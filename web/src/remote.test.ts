/*
 * What is of another pod: its names, its home, and that nothing of the visitor goes there.
 */
import { expect, test } from 'vitest'
import type { VideoDetails } from './api/types'
import { engineFiles } from './player/p2p'
import { handleOf, namesAfar, needsToken, originOf } from './remote'

test.each([
  ['pod.example', 'pod.example', 'alice'],
  ['Pod.Example', 'pod.example', 'alice'],
  ['', 'pod.example', 'alice'],
  ['other.example', 'pod.example', 'alice@other.example'],
  ['localhost:9003', 'localhost:9001', 'alice@localhost:9003'],
])('alice of %s on %s is %s', (host, ours, expected) => {
  expect(handleOf({ name: 'alice', host }, ours)).toBe(expected)
})

test.each([
  ['https://other.example/w/1', 'other.example', 'https://other.example/w/1'],
  ['http://localhost:9003/w/1', 'localhost:9003', 'http://localhost:9003/w/1'],
  ['https://pod.example/w/1', 'pod.example', undefined],
  ['https://evil.example/w/1', 'other.example', undefined],
  ['https://other.example@evil.example/', 'other.example', undefined],
  ['javascript:alert(1)', 'other.example', undefined],
  ['/w/1', 'other.example', undefined],
  ['', 'other.example', undefined],
])('%s of %s is at home at %s', (url, host, href) => {
  expect(originOf({ url }, host, 'pod.example')).toEqual(href === undefined ? undefined : { host, href })
})

test.each([
  [true, 1, false],
  [true, 2, false],
  [true, 3, true],
  [true, 5, true],
  [false, 1, false],
  // Whatever another pod claims.
  [false, 3, false],
])('of this pod: %s, privacy %d, token: %s', (isLocal, id, expected) => {
  expect(needsToken({ isLocal, privacy: { id, label: '' } })).toBe(expected)
  const file = { fileUrl: 'https://other.example/1.mp4', torrentUrl: 'https://other.example/1.torrent', infoHash: 'ab', size: 1 }
  const video = { isLocal, privacy: { id, label: '' }, streamingPlaylists: [{ files: [file] }] } as unknown as VideoDetails
  expect(engineFiles(video, 'secret')[0]?.token).toBe(expected ? 'secret' : undefined)
})

test.each<[string, boolean]>([
  ['whale', false],
  ['whale @ sea', false],
  ['sea@tube.example', true],
  ['@sea@tube.example', true],
  ['sea@localhost:9001', true],
  ['https://tube.example/w/abc', true],
  ['look https://tube.example/w/abc', false],
])('%s leads elsewhere: %s', (text, expected) => expect(namesAfar(text)).toBe(expected))
