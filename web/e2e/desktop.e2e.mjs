/*
 * Desktop BitTorrent clients, none of them ours, take a whole video from the pod alone: by its torrent and by its magnet
 * link. They run with the pod in a network of their own (a network namespace), because Transmission calls nobody on the
 * loopback addresses, and because nothing but the pod can help them there.
 */
import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const here = dirname(fileURLToPath(import.meta.url))
const network = [
  'ip link set lo up',
  'ip link add name pod type dummy 2>/dev/null || ip link add name pod type veth peer name far',
  'ip address add 10.77.0.1/24 dev pod',
  'ip link set pod up',
  '{ ip link set far up 2>/dev/null || true; }',
  `exec "${process.execPath}" "${join(here, 'desktop.mjs')}"`,
].join(' && ')

test('desktop clients take a video from the pod alone, by torrent and by magnet', async () => {
  const own = process.getuid() === 0 ? ['--net'] : ['--net', '--map-root-user']
  try {
    const { stdout } = await promisify(execFile)('unshare', [...own, 'sh', '-c', network], { timeout: 400_000 })
    console.log(stdout.trim())
  } catch (error) {
    throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`)
  }
})
