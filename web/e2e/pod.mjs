/*
 * A pod of its own for browser stories, the people in it, and their browsers. The pod is the real program on a free
 * port with an empty data folder; browsers are Debian's Chromium. Everything is ended and removed afterwards.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const here = dirname(fileURLToPath(import.meta.url))
export const top = join(here, '../..')
const program = process.env.SHOAL_TEST_PROGRAM ?? join(top, 'target/debug/shoal')
const clips = join(top, 'target/test-clips')
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
export const pictures = process.env.E2E_PICTURES

/** A clip made by ffmpeg once: inputs, arguments, name. */
export function clip(name, inputs, args) {
  mkdirSync(clips, { recursive: true })
  const path = join(clips, name)
  if (!existsSync(path)) {
    const partial = join(clips, `partial-${process.pid}-${name}`)
    const given = inputs.flatMap((input) => ['-f', 'lavfi', '-i', input])
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...given, ...args.split(' '), partial])
    renameSync(partial, path)
  }
  return path
}

/** A minute of H.264 and AAC that a pod publishes as it is. */
export const minute = () =>
  clip(
    'minute.mp4',
    ['testsrc2=size=1280x720:rate=25:duration=60', 'sine=frequency=330:duration=60'],
    '-c:v libx264 -preset ultrafast -b:v 1500k -maxrate 1500k -bufsize 3M -pix_fmt yuv420p -g 50 -c:a aac -b:a 96k -movflags +faststart',
  )

async function freePort() {
  const server = createServer()
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address()
  await new Promise((done) => server.close(done))
  return port
}

/** Waits until `ask` gives something true; fails with `what` after `seconds`. */
export async function until(what, ask, seconds = 60) {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`)
    await new Promise((done) => setTimeout(done, 100))
  }
}

/** What people do with the pod at an address through its API. */
function client(address) {
  const json = async (path, init) => {
    const ask = () => fetch(address + path, init)
    // A kept connection may be closed at the very moment it is used again; what only reads is asked once more.
    const answer = await ask().catch((error) => (init?.method ? Promise.reject(error) : ask()))
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
    return text && JSON.parse(text)
  }
  const signIn = async (name, password) => {
    const client = await json('/api/v1/oauth-clients/local')
    const body = new URLSearchParams({ ...client, grant_type: 'password', username: name, password })
    return (await json('/api/v1/users/token', { method: 'POST', body })).access_token
  }
  return {
    address,
    json,
    signIn,
    /** Uploads a file as root through the API; the video's names and root's header. */
    async upload(path, fields = {}) {
      const headers = { authorization: `Bearer ${await signIn('root', 'root-password')}` }
      const me = await json('/api/v1/users/me', { headers })
      const form = new FormData()
      const all = { name: 'A minute of pictures', privacy: 1, channelId: me.videoChannels[0].id, ...fields }
      for (const [name, value] of Object.entries(all)) form.append(name, String(value))
      form.append('videofile', new Blob([readFileSync(path)]), basename(path))
      const { video } = await json('/api/v1/videos/upload', { method: 'POST', headers, body: form })
      return { video, headers }
    },
    /** The same, and waits until it is published with all its renditions. */
    async publish(path, fields = {}) {
      const { video, headers } = await this.upload(path, fields)
      const found = await until('the video is published', async () => {
        const now = await json(`/api/v1/videos/${video.uuid}`, { headers })
        return now.state.id === 1 && !now.progress && now
      }, 300)
      return { ...found, headers }
    },
  }
}

/**
 * Starts a pod; `end()` stops it. `settings` are SHOAL_... variables. Without a folder of the caller's it gets one that
 * is removed at the end; without an address, one on a free port.
 */
export async function startPod(settings = {}, folder = undefined, place = undefined) {
  const port = place?.port ?? (await freePort())
  const data = folder ?? mkdtempSync(join(tmpdir(), 'shoal-e2e-'))
  const address = place?.address ?? `http://localhost:${port}`
  // Settings of the surroundings are not this pod's.
  const others = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('SHOAL_')))
  const child = spawn(program, ['serve', '--listen', `${place?.ip ?? '127.0.0.1'}:${port}`, '--data', data, '--public-url', address], {
    env: { ...others, SHOAL_ADMIN_PASSWORD: 'root-password', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  child.stdout.on('data', (text) => (log += text))
  child.stderr.on('data', (text) => (log += text))
  await until('the pod answers', async () => {
    if (child.exitCode !== null) throw new Error(`the pod ended:\n${log}`)
    return (await fetch(`${address}/health`).catch(() => undefined))?.ok
  })
  return {
    ...client(address),
    log: () => log,
    /** As if the power had gone. */
    async kill() {
      child.kill('SIGKILL')
      await new Promise((done) => (child.exitCode === null && child.signalCode === null ? child.once('exit', done) : done()))
    },
    async end() {
      child.kill('SIGTERM')
      await new Promise((done) => (child.exitCode === null && child.signalCode === null ? child.once('exit', done) : done()))
      if (!folder) rmSync(data, { recursive: true, force: true })
      return child.exitCode
    },
  }
}

/** The first of so many ports in a row that nobody uses. */
async function freePorts(count) {
  for (;;) {
    const first = await freePort()
    const free = await Promise.all(
      Array.from({ length: count }, (_, index) => {
        const server = createServer()
        return new Promise((done) => {
          server.once('error', () => done(false))
          server.listen(first + index, '127.0.0.1', () => server.close(() => done(true)))
        })
      }),
    )
    if (first < 50_000 && free.every(Boolean)) return first
  }
}

/** Runs `shoal demo` with so many pods; each of them as `startPod` gives one, and `end()` for all. */
export async function startDemo(count, settings = {}) {
  const port = await freePorts(count)
  const others = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('SHOAL_')))
  const child = spawn(program, ['demo', '--pods', String(count), '--port', String(port)], {
    env: { ...others, SHOAL_ADMIN_PASSWORD: 'root-password', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [guide, log] = ['', '']
  child.stdout.on('data', (text) => (guide += text))
  child.stderr.on('data', (text) => (log += text))
  await until('the pods answer', () => {
    if (child.exitCode !== null) throw new Error(`the demonstration ended:\n${log}`)
    return guide.includes('Ctrl-C')
  })
  return {
    guide,
    log: () => log,
    pods: Array.from({ length: count }, (_, index) => ({ host: `localhost:${port + index}`, ...client(`http://localhost:${port + index}`) })),
    async end() {
      child.kill('SIGINT')
      await new Promise((done) => (child.exitCode === null ? child.once('exit', done) : done()))
      return child.exitCode
    },
  }
}

/** A browser of its own, as another person has. */
export function browser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
    ],
  })
}

/** How far the page's video has played, in seconds. */
export const playhead = (page) => page.evaluate(() => document.querySelector('video')?.currentTime ?? 0)

/** Waits until the page's video has played beyond `seconds`. */
export const plays = (page, seconds, patience = 60) =>
  until(`playing beyond ${seconds} s`, async () => (await playhead(page)) > seconds, patience)

/** Fails when axe finds a barrier on the page, or when it scrolls sideways. */
export async function noBarriers(page) {
  await page.evaluate(axe)
  const found = await page.evaluate(async () => (await globalThis.axe.run()).violations)
  const text = found.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`)
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)
  if (sideways) text.push('the page scrolls sideways')
  if (text.length > 0) throw new Error(`${page.url()}\n${text.join('\n')}`)
}

/** Keeps a picture of the page where E2E_PICTURES says. */
export async function picture(page, name) {
  if (!pictures) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, `${name}.png`) })
}

export const wide = { width: 1280, height: 800 }
const phone = { width: 390, height: 844 }

/** A page of this person's browser, on which somebody of the pod is signed in. What its policy forbids is collected in `policies`. */
export async function signedIn(pod, person, name = 'root') {
  const page = await person.newPage({ viewport: wide })
  page.policies = []
  page.on('console', (message) => /Content.Security.Policy/i.test(message.text()) && page.policies.push(message.text()))
  await page.goto(`${pod.address}/login`)
  await page.fill('#name', name)
  await page.fill('#password', `${name}-password`)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${pod.address}/`)
  return page
}

/** The page as people see it: wide and narrow, light and dark, with axe looking at each. */
export async function looks(page, name, at = 'body') {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  for (const [size, viewport] of [['wide', wide], ['phone', phone]]) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme })
      await page.waitForTimeout(300)
      // Colours on their way to others have no contrast of their own.
      await until('nothing changes its colour', () => page.evaluate(() => document.getAnimations().every((one) => !(one instanceof CSSTransition))))
      await noBarriers(page)
      if (pictures) await page.evaluate((at) => document.querySelector(at)?.scrollIntoView({ block: at === 'body' ? 'start' : 'center' }), at)
      await picture(page, `${name}-${size}-${colorScheme}`)
    }
  }
  await page.setViewportSize(wide)
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'no-preference' })
}
