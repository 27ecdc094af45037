/*
 * What can be taken along of a video: its renditions, best first, each as a file, and as a torrent only where the video
 * takes part in peer-to-peer. It does not ask whether downloads are allowed at all: then there is no dialog.
 */
import type { VideoDetails, VideoFile } from '../api/types'

export interface OfferedFile {
  file: VideoFile
  torrent?: string
  magnet?: string
}

export function offered(video: Pick<VideoDetails, 'streamingPlaylists' | 'p2pEnabled'>): OfferedFile[] {
  const files = [...(video.streamingPlaylists[0]?.files ?? [])].sort((a, b) => b.resolution.id - a.resolution.id)
  return files.map((file) => {
    const shared = video.p2pEnabled !== false && file.magnetUri
    return shared ? { file, torrent: file.torrentDownloadUrl || file.torrentUrl, magnet: file.magnetUri ?? undefined } : { file }
  })
}
