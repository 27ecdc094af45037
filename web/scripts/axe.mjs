/*
 * Opens every page of a running pod in Chromium, wide and narrow, light and dark, and lets axe look for barriers.
 *   node scripts/axe.mjs [address] [name password]
 * With a name and password the members' pages are visited too. Ends with 1 when something was found. It is a tool for
 * the hand; the browser tests look at the pages that they pass through by themselves.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'

const [address = 'http://localhost:9000', name, password] = process.argv.slice(2)
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const json = async (path, init) => (await fetch(address + path, init)).json()

async function signIn() {
  if (!name || !password) return undefined
  const client = await json('/api/v1/oauth-clients/local')
  const body = new URLSearchParams({ ...client, grant_type: 'password', username: name, password })
  const tokens = await json('/api/v1/users/token', { method: 'POST', body })
  if (!tokens.access_token) throw new Error(`signing in as ${name} failed: ${JSON.stringify(tokens)}`)
  return JSON.stringify({
    access: tokens.access_token,
    refresh: tokens.refresh_token,
    expires: Date.now() + tokens.expires_in * 1000,
  })
}

const tokens = await signIn()
const [video] = (await json('/api/v1/videos?start=0&count=1&sort=-publishedAt')).data
const paths = ['/', '/search?search=a', '/login', '/signup', '/about', '/no-such-page']
if (video) {
  paths.push(`/w/${video.shortUUID}`, `/videos/embed/${video.shortUUID}`)
  paths.push(`/c/${video.channel.name}`, `/a/${video.account.name}`)
}
if (tokens) {
  paths.push('/videos/upload', '/my-library/videos', '/my-library/video-channels', '/my-account/settings')
  paths.push('/admin/users', '/admin/jobs', '/admin/swarms', '/admin/network')
  if (video) paths.push(`/videos/update/${video.shortUUID}`)
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
})
let found = 0
for (const colorScheme of ['light', 'dark']) {
  for (const viewport of [{ width: 1440, height: 900 }, { width: 390, height: 844 }]) {
    const context = await browser.newContext({ colorScheme, viewport })
    if (tokens) await context.addInitScript((text) => localStorage.setItem('shoal.tokens', text), tokens)
    for (const path of paths) {
      const page = await context.newPage()
      if (path === '/login' || path === '/signup') await page.addInitScript(() => localStorage.clear())
      await page.goto(address + path, { waitUntil: 'load' })
      await page.waitForSelector('h1')
      await page.waitForTimeout(400)
      await page.evaluate(axe)
      const violations = await page.evaluate(async () => (await globalThis.axe.run()).violations)
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
      )
      if (wide) violations.push({ impact: 'serious', id: 'scrolls-sideways', nodes: [] })
      for (const { impact, id, nodes } of violations) {
        found += 1
        console.log(`${colorScheme} ${viewport.width} ${path}: ${impact} ${id} ${nodes.map((node) => node.target.join(' ')).join(', ')}`)
      }
      await page.close()
    }
    await context.close()
  }
}
await browser.close()
console.log(found === 0 ? `no barriers found on ${paths.length} pages` : `${found} found`)
process.exitCode = found === 0 ? 0 : 1
