/*
 * A server for the bare pages of the engines that are not ours, and the tracker that one of them needs: the npm package
 * that WebTorrent's users run, because a pod's tracker knows its own swarms only. Every file is packed once, at the start.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import TrackerServer from 'bittorrent-tracker/server'

const here = dirname(fileURLToPath(import.meta.url))
const modules = {
  'hls.js': 'node_modules/hls.js/dist/hls.min.mjs',
  'p2p-media-loader-hlsjs': 'node_modules/p2p-media-loader-hlsjs/dist/p2p-media-loader-hlsjs.es.min.js',
  'p2p-media-loader-core': 'node_modules/p2p-media-loader-core/dist/p2p-media-loader-core.es.min.js',
}

/** A page that imports these modules, all of them asked for at once, as a bundle would have them. */
function page(names) {
  const at = (name) => `/${name}/index.js`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>A viewer</title>
<link rel="icon" href="data:,">
<style>body { margin: 0 } video { width: 480px; height: 270px; background: #000 }</style>
<script type="importmap">${JSON.stringify({ imports: Object.fromEntries(names.map((name) => [name, at(name)])) })}</script>
${names.map((name) => `<link rel="modulepreload" href="${at(name)}">`).join('\n')}
<script type="module" src="/watch.js"></script>
<video playsinline></video>
</html>
`
}

const listening = (server, ...where) => new Promise((done) => server.listen(...where, done))
const closed = (server) => new Promise((done) => server.close(done))

/** Starts the server of the pages: its port, and how to end it. */
export async function startSite() {
  const files = new Map()
  const add = (path, type, body) => files.set(path, { type, body: gzipSync(body, { level: 9 }) })
  add('/hls', 'text/html', page(['hls.js']))
  add('/p2pml', 'text/html', page(Object.keys(modules)))
  add('/watch.js', 'text/javascript', readFileSync(join(here, 'watch.js')))
  for (const [name, path] of Object.entries(modules)) add(`/${name}/index.js`, 'text/javascript', readFileSync(join(here, path)))
  const server = createServer((request, answer) => {
    const file = files.get(request.url.split('?', 1)[0])
    if (!file) return answer.writeHead(404).end()
    const headers = { 'content-type': file.type, 'content-encoding': 'gzip', 'content-length': file.body.length, 'cache-control': 'max-age=3600' }
    return answer.writeHead(200, headers).end(file.body)
  })
  await listening(server, 0, '127.0.0.1')
  const end = () => {
    server.closeAllConnections()
    return closed(server)
  }
  return { port: server.address().port, end }
}

/** Starts the tracker: its port, and how to end it. */
export async function startTracker() {
  const server = new TrackerServer({ udp: false, http: false, ws: true, stats: false, trustProxy: false })
  server.on('warning', () => undefined)
  await listening(server, 0, '127.0.0.1')
  return { port: server.http.address().port, end: () => closed(server) }
}
