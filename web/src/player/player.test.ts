/* The parts of the player that decide: keys, previews, merged levels, where to resume, what to report. */
import { describe, expect, it } from 'vitest'
import type { VideoDetails } from '../api/types'
import { commandFor, type Focus } from './keys'
import { storyboardCues } from './storyboard'
import { worthResuming } from './resume'
import { likelyFile, playerState, stunOf } from './p2p'
import { Metrics } from './reports'

describe('keys', () => {
  it.each<[string, Focus, unknown]>([
    [' ', 'page', { do: 'toggle' }],
    [' ', 'button', undefined],
    ['k', 'button', { do: 'toggle' }],
    ['K', 'page', { do: 'toggle' }],
    ['j', 'page', { do: 'seekBy', seconds: -10 }],
    ['l', 'page', { do: 'seekBy', seconds: 10 }],
    ['ArrowRight', 'page', { do: 'seekBy', seconds: 5 }],
    ['ArrowRight', 'slider', undefined],
    ['ArrowUp', 'page', { do: 'volumeBy', share: 0.05 }],
    ['0', 'page', { do: 'seekTo', share: 0 }],
    ['9', 'page', { do: 'seekTo', share: 0.9 }],
    ['9', 'field', undefined],
    ['m', 'page', { do: 'mute' }],
    ['f', 'page', { do: 'fullscreen' }],
    ['x', 'page', undefined],
  ])('%s on %s', (key, focus, expected) => expect(commandFor({ key }, focus)).toEqual(expected))

  it('leaves the browser its own shortcuts', () => {
    expect(commandFor({ key: 'f', ctrlKey: true }, 'page')).toBeUndefined()
    expect(commandFor({ key: 'l', metaKey: true }, 'page')).toBeUndefined()
  })
})

describe('storyboard', () => {
  const board = {
    storyboardPath: '/lazy-static/storyboards/a.jpg',
    totalWidth: 384,
    totalHeight: 216,
    spriteWidth: 192,
    spriteHeight: 108,
    spriteDuration: 2,
  }
  it('makes a cue for each small picture', () => {
    const text = storyboardCues(board, 5.5, 'http://pod.example')
    expect(text).toBe(
      'WEBVTT\n\n' +
        '00:00:00.000 --> 00:00:02.000\nhttp://pod.example/lazy-static/storyboards/a.jpg#xywh=0,0,192,108\n\n' +
        '00:00:02.000 --> 00:00:04.000\nhttp://pod.example/lazy-static/storyboards/a.jpg#xywh=192,0,192,108\n\n' +
        '00:00:04.000 --> 00:00:05.500\nhttp://pod.example/lazy-static/storyboards/a.jpg#xywh=0,108,192,108\n',
    )
  })
  it('never makes more cues than there are pictures, and none of nonsense', () => {
    expect(storyboardCues(board, 900, 'http://p.example').match(/-->/g)).toHaveLength(4)
    expect(storyboardCues({ ...board, spriteWidth: 0 }, 9, 'http://p.example')).toBe('WEBVTT\n')
  })
})

it.each([
  [2, 100, false],
  [30, 100, true],
  [97, 100, false],
  [3590, 3600, false],
  [3400, 3600, true],
])('worthResuming(%d of %d)', (at, duration, expected) => expect(worthResuming(at, duration)).toBe(expected))

it('reports differences and is quiet when nothing happened', () => {
  const metrics = new Metrics('v')
  const stats = {
    peers: 2,
    fromPod: 100,
    fromPodByPeer: 40,
    fromPodGranted: 0,
    fromPodInstant: 0,
    fromPodRescued: 0,
    fromPeers: 50,
    toPeers: 20,
    dropped: 0,
    verified: 3,
    playhead: 4,
    lead: 10,
    conducted: false,
    p2p: true,
    connections: [],
  }
  const measured = { height: 720, fps: 25, p2p: true, stats, counts: { stalls: 1, errors: 0, switches: 2 } }
  expect(metrics.next(measured)).toMatchObject({ downloadedBytesHTTP: 100, downloadedBytesPodPeer: 40, bufferStalls: 1, resolutionChanges: 2 })
  expect(metrics.next(measured)).toBeUndefined()
  expect(metrics.next({ ...measured, stats: { ...stats, fromPeers: 80 } })).toMatchObject({
    downloadedBytesP2P: 30,
    downloadedBytesHTTP: 0,
    videoId: 'v',
  } satisfies Partial<Record<string, unknown>>)
})

describe('which video is asked for again, and when', async () => {
  const { pauseBeforeNext } = await import('../watch/follow.svelte')
  const now = Date.parse('2026-03-01T12:00:00Z')
  const video = (part: Partial<VideoDetails>) =>
    ({ state: { id: 1, label: '' }, publishedAt: '2026-02-01T00:00:00Z', streamingPlaylists: [{ files: [{}] }], ...part }) as VideoDetails
  it.each<[string, Partial<VideoDetails>, number | undefined]>([
    ['published long ago', {}, undefined],
    ['nothing to play yet', { streamingPlaylists: [] }, 1.5],
    ['more is coming', { progress: { step: 'transcode', percent: 1, done: 0, total: 2 } }, 3],
    ['waiting for all qualities', { state: { id: 2, label: '' } }, 3],
    ['just published', { publishedAt: '2026-03-01T11:59:00Z' }, 10],
    ['published a while ago', { publishedAt: '2026-03-01T11:40:00Z' }, 40],
    ['failed', { state: { id: 7, label: '' }, streamingPlaylists: [] }, undefined],
  ])('%s', (_name, part, expected) => expect(pauseBeforeNext(video(part), now)).toBe(expected))
})

it.each<[string, number, [number, number][], number]>([
  ['nothing buffered', 5, [], 0],
  ['in the middle of what is buffered', 5, [[0, 12]], 7],
  ['after a gap that is jumped over', 5, [[0, 8], [8.2, 20]], 15],
  ['before a real gap', 5, [[0, 8], [9, 20]], 3],
  ['outside', 5, [[9, 20]], 0],
])('what the player holds: %s', (_name, currentTime, ranges, ahead) => {
  const buffered = { length: ranges.length, start: (i: number) => ranges[i]?.[0] ?? 0, end: (i: number) => ranges[i]?.[1] ?? 0 }
  expect(playerState({ currentTime, buffered, paused: false, playbackRate: 1.5 })).toEqual({ position: currentTime, ahead, paused: false, rate: 1.5 })
})

it.each<[number, number, string | undefined]>([
  [100, 2000, '/144'],
  [2_000_000, 2000, '/720'],
  [2_000_000, 300, '/480'],
  [9e9, 2000, '/1080'],
])('which file is likely to play first at %i bits per second on %i lines', (bits, lines, expected) => {
  const files = [1080, 144, 480, 720, 0].map((id) => ({ resolution: { id }, size: id * 25_000, fileUrl: `/${id}` }))
  expect(likelyFile({ duration: 100, streamingPlaylists: [{ files }] } as unknown as VideoDetails, bits, lines)).toBe(expected)
  expect(likelyFile({ duration: 0, streamingPlaylists: [] } as unknown as VideoDetails, bits, lines)).toBeUndefined()
})

it.each([
  [['wss://pod.example/tracker/socket', 'udp://pod.example:29000/announce'], ['stun:pod.example:29000']],
  [['udp://[2001:db8::1]:29000/announce', 'udp://other.example:1/announce'], ['stun:[2001:db8::1]:29000', 'stun:other.example:1']],
  [['udp://localhost:29000/announce', 'udp://127.0.0.1:29000/announce', 'udp://[::1]:29000/announce'], []],
  [['wss://pod.example/tracker/socket'], []],
])('asks the trackers %j for addresses', (trackerUrls, urls) => {
  expect(stunOf({ trackerUrls } as unknown as VideoDetails)).toEqual(urls.length > 0 ? [{ urls }] : [])
})
