/*
 * A build step that writes a .gz and a .br file next to every asset that shrinks, so that the pod can
 * answer with the smaller bytes without compressing anything at run time. index.html is left alone: the pod
 * fills it for each answer.
 */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Plugin } from 'vite'

const compressible = /\.(js|css|svg|json|txt|webmanifest)$/

export function precompress(): Plugin {
  let folder = ''
  return {
    name: 'shoal-precompress',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir)
    },
    async closeBundle() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true })
      const files = entries.filter((entry) => entry.isFile() && compressible.test(entry.name))
      await Promise.all(files.map((entry) => compress(join(entry.parentPath, entry.name))))
    },
  }
}

async function compress(path: string) {
  const bytes = await readFile(path)
  const [small, smaller] = await Promise.all([
    promisify(gzip)(bytes, { level: 9 }),
    promisify(brotliCompress)(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
  ])
  if (small.length < bytes.length) await writeFile(`${path}.gz`, small)
  if (smaller.length < bytes.length) await writeFile(`${path}.br`, smaller)
}
