/*
 * Which links the download dialog has.
 */
import { expect, test } from 'vitest'
import type { VideoDetails, VideoFile } from '../api/types'
import { offered } from './offered'

const file = (id: number, changes: Partial<VideoFile> = {}): VideoFile =>
  ({ id, resolution: { id, label: `${id}p` }, magnetUri: `magnet:${id}`, torrentUrl: `/t/${id}`, torrentDownloadUrl: `/dt/${id}`, ...changes }) as VideoFile
const video = (p2pEnabled: boolean | undefined, ...files: VideoFile[]) =>
  ({ p2pEnabled, streamingPlaylists: files.length > 0 ? [{ files }] : [] }) as unknown as VideoDetails

test.each<[string, VideoDetails, unknown[]]>([
  ['the best first, sound last', video(true, file(0), file(720), file(1080)), [{ torrent: '/dt/1080', magnet: 'magnet:1080' }, { torrent: '/dt/720' }, { torrent: '/dt/0' }]],
  ['an older pod without a download address', video(true, file(720, { torrentDownloadUrl: '' })), [{ torrent: '/t/720', magnet: 'magnet:720' }]],
  ['no peer-to-peer for this video', video(false, file(720)), [{ torrent: undefined, magnet: undefined }]],
  ['a file without a swarm', video(true, file(720, { magnetUri: null })), [{ torrent: undefined, magnet: undefined }]],
  ['nothing published yet', video(true), []],
])('%s', (_name, given, expected) => {
  expect(offered(given).map(({ torrent, magnet }) => ({ torrent, magnet }))).toMatchObject(expected)
  expect(offered(given)).toHaveLength(expected.length)
})
