/*
 * How the page is built, served while developing and tested. `npm run dev` passes everything that is not the
 * page itself on to a pod (SHOAL_POD, by default the one of ./run), so there is no second API to keep alive.
 */
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'
import { precompress } from './build/precompress.ts'
import { noStubs } from './build/no-stubs.ts'
import { hlsParts } from './build/hls-parts.ts'
import { nameVideoFiles } from './build/video-files.ts'

const pod = process.env.SHOAL_POD ?? 'http://localhost:9000'
const passedOn = ['/api', '/static', '/lazy-static', '/download', '/services', '/health']

export default defineConfig({
  plugins: [hlsParts(), svelte(), noStubs(), nameVideoFiles(), precompress()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    // Few files: each costs a request and its overhead on both sides, and dozens of small ones would be asked for in turns.
    cssCodeSplit: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What comes first takes along what it needs. Controls come after the first picture, the whole of hls.js hardly ever.
          groups: [
            { name: 'controls', test: /node_modules[\\/]media-chrome[\\/]|player[\\/](controls|seek-bar)/, priority: 4 },
            { name: 'shared', test: /node_modules[\\/]svelte|web[\\/]src[\\/](ui|api|messages)[\\/]|web[\\/]src[\\/][^\\/]+\.ts$|player[\\/](settings|resume|sharing)|(watch|upload)[\\/][^\\/]+\.ts$/, minShareCount: 2, priority: 3 },
            { name: 'player', test: /hls-parts:|node_modules[\\/](hls\.js[\\/]src|eventemitter3)[\\/]|web[\\/]src[\\/](player|watch|engine)[\\/]|pages[\\/]Watch\.svelte/, priority: 1 },
          ],
        },
      },
    },
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
