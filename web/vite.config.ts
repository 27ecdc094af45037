/*
 * How the page is built, served while developing and tested. `npm run dev` passes everything that is not the
 * page itself on to a pod (SHOAL_POD, by default the one of ./run), so there is no second API to keep alive.
 */
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'
import { precompress } from './build/precompress.ts'

const pod = process.env.SHOAL_POD ?? 'http://localhost:9000'
const passedOn = ['/api', '/static', '/lazy-static', '/download', '/services', '/health']

export default defineConfig({
  plugins: [svelte(), precompress()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      ...Object.fromEntries(passedOn.map((path) => [path, { target: pod }])),
      '/tracker': { target: pod, ws: true },
    },
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
  },
})
