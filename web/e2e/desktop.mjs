/*
 * What desktop.e2e.mjs runs in a network of its own: a pod, and clients that download from it, each twice. Prints a line
 * for each download; ends with an error when one of them has not got the file.
 */
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { minute, startPod, until } from './pod.mjs'

const IP = '10.77.0.1'
const folder = mkdtempSync(join(tmpdir(), 'shoal-desktop-'))
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** Runs a client until it ends by itself or `done` says so. */
async function run(command, args, options, done) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let said = ''
  child.stdout.on('data', (text) => (said = (said + text).slice(-4000)))
  child.stderr.on('data', (text) => (said = (said + text).slice(-4000)))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  try {
    await until(`${command} has the file`, () => done() || child.exitCode !== null, 60)
  } catch (error) {
    throw new Error(`${error.message}:\n${said}`)
  } finally {
    if (child.exitCode === null) child.kill('SIGTERM')
    await ended
  }
}

// It takes addresses like this network's for somebody's home, where it calls no tracker whose path is not just /announce; and it
// would take all peers of this network, which have one address, for the same one.
const libtorrent = `
import libtorrent, sys, time
source, folder = sys.argv[1:]
session = libtorrent.session({'listen_interfaces': '${IP}:0', 'enable_dht': False, 'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False, 'ssrf_mitigation': False, 'allow_multiple_connections_per_ip': True})
wanted = libtorrent.parse_magnet_uri(source) if source.startswith('magnet:') else libtorrent.add_torrent_params()
if not source.startswith('magnet:'):
    wanted.ti = libtorrent.torrent_info(source)
wanted.save_path = folder
torrent = session.add_torrent(wanted)
while not torrent.status().is_seeding:
    time.sleep(0.1)
`

/** How each client is told to fetch something into a folder. */
const clients = {
  'transmission-cli': (source, into, whole) => {
    const settings = join(into, '.settings')
    mkdirSync(settings)
    const quiet = { 'dht-enabled': false, 'lpd-enabled': false, 'utp-enabled': false, 'port-forwarding-enabled': false }
    writeFileSync(join(settings, 'settings.json'), JSON.stringify(quiet))
    return run('transmission-cli', ['-M', '-D', '-g', settings, '-w', into, source], {}, whole)
  },
  aria2c: (source, into) => {
    const alone = ['--enable-dht=false', '--bt-enable-lpd=false', '--seed-time=0', '--follow-torrent=mem', '-d', into]
    return run('aria2c', [...alone, source], {}, () => false)
  },
  libtorrent: (source, into) => run('/usr/bin/python3', ['-c', libtorrent, source, into], {}, () => false),
}

const pod = await startPod({}, join(folder, 'pod'), { ip: IP, port: 9000, address: `http://${IP}:9000` })
try {
  const video = await pod.publish(minute())
  const rendition = video.streamingPlaylists[0].files.find((file) => file.hasVideo)
  const expected = sha256(Buffer.from(await (await fetch(rendition.fileUrl)).arrayBuffer()))
  const torrent = join(folder, 'video.torrent')
  writeFileSync(torrent, Buffer.from(await (await fetch(rendition.torrentUrl)).arrayBuffer()))
  // Without the torrent's address and web seeds there is nothing in the link but the infohash and the trackers.
  const magnet = rendition.magnetUri.replace(/&(xs|as|ws)=[^&]*/g, '')
  const swarms = () => pod.json('/api/v1/server/swarms', { headers: video.headers })
  for (const [client, fetchInto] of Object.entries(clients)) {
    for (const [kind, source] of Object.entries({ torrent, magnet })) {
      const into = mkdtempSync(join(folder, `${client}-`))
      const found = () => readdirSync(into).find((name) => name.endsWith('.mp4'))
      const whole = () => found() && sha256(readFileSync(join(into, found()))) === expected
      const before = (await swarms()).transports.find(({ name }) => name === 'tcp').sent
      await fetchInto(source, into, whole)
      if (!whole()) throw new Error(`${client} by ${kind} has not got the video: ${readdirSync(into)}\n${pod.log()}`)
      const sent = (await swarms()).transports.find(({ name }) => name === 'tcp').sent - before
      if (sent < rendition.size) throw new Error(`${client} by ${kind}: the pod has sent only ${sent} of ${rendition.size} bytes`)
      console.log(`${client} by ${kind}: ${rendition.size} bytes, SHA-256 equal, ${sent} bytes sent by the pod`)
    }
  }
  if (execFileSync('transmission-show', [torrent]).includes('url-list')) throw new Error('the torrent has a web seed')
} finally {
  await pod.end()
  rmSync(folder, { recursive: true, force: true })
}
