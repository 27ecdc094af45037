/*
 * Clients of a swarm that are not ours, and what each has at the end: a site that has nothing to do with the pod with stock
 * WebTorrent on it, and programs for the desktop.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { stockWebTorrent } from './webtorrent.mjs'

/** An empty page and the library, at a port of this machine. */
export async function stockSite() {
  const library = stockWebTorrent()
  const server = createServer((request, answer) => {
    const script = request.url === '/webtorrent.js'
    answer.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html' })
    answer.end(script ? library : '<!doctype html><title>Stock WebTorrent</title>')
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  return { address: `http://localhost:${server.address().port}/`, end: () => server.close() }
}

/** The SHA-256 of what stock WebTorrent has at the end, from a magnet link or from the bytes of a torrent. */
export async function byStockWebTorrent(context, site, source) {
  const page = await context.newPage()
  await page.goto(site.address)
  const got = await page.evaluate(async (source) => {
    const { default: WebTorrent } = await import('/webtorrent.js')
    const client = new WebTorrent({ dht: false, lsd: false })
    const torrent = await new Promise((done, failed) => {
      client.on('error', failed)
      client.add(typeof source === 'string' ? source : new Uint8Array(source), (torrent) => (torrent.done ? done(torrent) : torrent.on('done', () => done(torrent))))
      setTimeout(() => failed(new Error('not within two minutes')), 120_000)
    })
    const bytes = await (await torrent.files[0].blob()).arrayBuffer()
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
  }, source)
  await page.close()
  return got
}

/** Runs a program to its end; what it wrote is told when it fails. */
export function run(program, args) {
  return new Promise((done, failed) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let log = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (log += text))
    const late = setTimeout(() => child.kill(), 120_000)
    child.once('error', failed)
    child.once('exit', (code) => {
      clearTimeout(late)
      if (code === 0) done(log)
      else failed(new Error(`${program} ended with ${code}:\n${log.slice(-4000)}`))
    })
  })
}

/** The SHA-256 of the film in a folder. */
export const filmIn = (folder) => createHash('sha256').update(readFileSync(join(folder, readdirSync(folder).find((name) => name.endsWith('.mp4'))))).digest('hex')

/** The SHA-256 of what aria2, which knows TCP only, has at the end. */
export async function byAria2(folder, file) {
  mkdirSync(folder)
  const torrent = join(folder, 'the.torrent')
  writeFileSync(torrent, Buffer.from(await (await fetch(file.torrentUrl)).arrayBuffer()))
  await run('aria2c', ['--no-conf', '--enable-dht=false', '--bt-enable-lpd=false', '--seed-time=0', '--summary-interval=0', '-d', folder, torrent])
  return filmIn(folder)
}
