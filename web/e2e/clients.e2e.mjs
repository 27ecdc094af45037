/*
 * Programs that are not ours, against a pod that terminates TLS itself: yt-dlp downloads a video, ffmpeg plays every
 * rendition's playlist, aria2 and libtorrent read the torrents and check the files against them.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { minute, startPod, top } from './pod.mjs'

// The certificate is self-signed: these programs are told not to mind, and so is this one.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
const certificates = join(top, 'crates/shoal/tests/tls')
const folder = mkdtempSync(join(tmpdir(), 'shoal-clients-'))
const run = (program, args) => execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

let pod, video, refused
before(async () => {
  const settings = {
    SHOAL_TLS_CERTIFICATE: join(certificates, 'one.certificate.pem'),
    SHOAL_TLS_KEY: join(certificates, 'one.key.pem'),
    SHOAL_TRANSCODING_HEIGHTS: '144',
  }
  try {
    // yt-dlp's PeerTube reader always asks port 443.
    pod = await startPod(settings, undefined, { port: 443, address: 'https://localhost' })
  } catch (error) {
    refused = `port 443 cannot be used: ${error.message}`
    if (process.getuid() === 0) throw error
    return
  }
  video = await pod.publish(minute())
})
after(async () => {
  await pod?.end()
  rmSync(folder, { recursive: true, force: true })
})

const files = () => video.streamingPlaylists[0].files

/** Every packet's time, size and hash; the lines that begin with # name the container. */
const packets = (input) =>
  run('ffmpeg', ['-v', 'error', '-nostdin', '-i', input, '-map', '0', '-c', 'copy', '-f', 'framemd5', '-'])
    .split('\n')
    .filter((line) => !line.startsWith('#'))

test('yt-dlp downloads the video', (story) => {
  if (refused) return story.skip(refused)
  const packages = process.env.SHOAL_TEST_YT_DLP ?? join(top, '.cache/yt-dlp')
  const output = execFileSync(
    'python3',
    ['-m', 'yt_dlp', '--no-check-certificates', '--no-config', '--no-progress', '--fixup', 'never', '-P', folder, '-o', 'got.%(ext)s', `peertube:localhost:${video.uuid}`],
    { encoding: 'utf8', env: { ...process.env, PYTHONPATH: packages }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  assert.match(output, /Downloading 1 format/)
  const got = join(folder, readdirSync(folder).find((name) => name.startsWith('got.')))
  // What it put together from the playlist's ranges is the largest rendition, packet by packet.
  assert.deepEqual(packets(got), packets(files()[0].fileUrl))
  const streams = run('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_type', '-of', 'csv=p=0', got])
  assert.deepEqual(streams.trim().split('\n').sort(), ['audio', 'video'])
})

test('ffmpeg plays every playlist, and gets what is in the file', (story) => {
  if (refused) return story.skip(refused)
  for (const file of files()) {
    const [direct, played] = [packets(file.fileUrl), packets(file.playlistUrl)]
    assert.ok(direct.length > 100)
    assert.deepEqual(played, direct, file.resolution.label)
  }
  const master = run('ffprobe', ['-v', 'error', '-show_programs', '-of', 'json', video.streamingPlaylists[0].playlistUrl])
  assert.equal(JSON.parse(master).programs.length, files().length, 'the master playlist names every rendition')
})

test('aria2 and libtorrent read the torrents and check the files', async (story) => {
  if (refused) return story.skip(refused)
  const check = `
import sys, hashlib, libtorrent
info = libtorrent.torrent_info(sys.argv[1])
data = open(sys.argv[2], 'rb').read()
assert info.num_files() == 1 and info.total_size() == len(data), 'size'
for i in range(info.num_pieces()):
    start = i * info.piece_length()
    assert hashlib.sha1(data[start:start + info.piece_size(i)]).digest() == info.hash_for_piece(i), i
print(info.info_hash(), info.num_pieces())
`
  for (const file of files()) {
    const place = join(folder, String(file.resolution.id))
    mkdirSync(place)
    const name = file.fileUrl.split('/').pop()
    for (const [url, to] of [[file.fileUrl, join(place, name)], [file.torrentUrl, join(place, 'the.torrent')]]) {
      writeFileSync(to, Buffer.from(await (await fetch(url)).arrayBuffer()))
    }
    const torrent = join(place, 'the.torrent')
    const [infohash, pieces] = run('/usr/bin/python3', ['-c', check, torrent, join(place, name)]).trim().split(' ')
    assert.equal(infohash, file.infoHash)
    assert.equal(Number(pieces), Math.ceil(file.size / 65536))
    run('aria2c', ['--no-conf', '-V', '--hash-check-only=true', '--enable-dht=false', '-d', place, torrent])
    assert.match(run('aria2c', ['--no-conf', '--show-files', torrent]), new RegExp(`Info Hash: ${file.infoHash}`))
    assert.match(file.magnetUri, new RegExp(`xt=urn:btih:${file.infoHash}`))
  }
})
