/*
 * Stock WebTorrent for browsers, as its makers publish it: one file out of their npm package. Only that file is fetched,
 * once, by its checksum; its 170 dependencies are for Node.js, and nobody who builds the page should have to load them.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { top } from './pod.mjs'

const version = '3.0.21'
const sha512 = 'PFgLphma0dsUWmbWrZ016Cja+j+3D3DXuhk09A5u9qVAzH1T4Vj1VZd8j+zb8sDwPv7NA7+qgPtDEN4iFd6wdw=='

/** The text of the module. */
export function stockWebTorrent() {
  const cache = join(top, '.cache')
  const kept = join(cache, `webtorrent-${version}.min.js`)
  if (!existsSync(kept)) {
    mkdirSync(cache, { recursive: true })
    const folder = mkdtempSync(join(cache, 'webtorrent-'))
    try {
      const [{ filename }] = JSON.parse(execFileSync('npm', ['pack', '--json', '--prefer-offline', `webtorrent@${version}`], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }))
      const archive = join(folder, filename)
      if (createHash('sha512').update(readFileSync(archive)).digest('base64') !== sha512) throw new Error('this is not the package that was tested before')
      execFileSync('tar', ['-xzf', archive, '-C', folder, 'package/dist/webtorrent.min.js'])
      renameSync(join(folder, 'package/dist/webtorrent.min.js'), kept)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  return readFileSync(kept, 'utf8')
}
