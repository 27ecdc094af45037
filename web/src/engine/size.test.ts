/*
 * How much of the page the engine is, as a visitor gets it.
 */

import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, test } from 'vitest'

test('the engine is less than 40 kB, compressed', async () => {
  const entry = fileURLToPath(new URL('engine.ts', import.meta.url))
  const result = await build({ configFile: false, logLevel: 'silent', build: { write: false, minify: true, target: 'es2022', modulePreload: false, rollupOptions: { input: entry, preserveEntrySignatures: 'strict' } } })
  const outputs = Array.isArray(result) ? result : [result]
  const code = outputs.flatMap((one) => ('output' in one ? one.output : [])).map((part) => ('code' in part ? part.code : '')).join('')
  const size = gzipSync(code, { level: 9 }).length
  console.log(`engine: ${code.length} bytes, ${size} compressed`)
  expect(code.length).toBeGreaterThan(10_000)
  expect(size).toBeLessThan(40_000)
}, 60_000)
