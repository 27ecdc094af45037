/*
 * A build step that writes into index.html which files a page with a video needs besides the first ones. The pod asks the
 * browser to fetch them at once on such pages; otherwise each would be found only when the one before it has run.
 */
import type { Plugin } from 'vite'

const marker = '<!--shoal:video-->'
const needed = /^(Watch|player)-/

export function nameVideoFiles(): Plugin {
  return {
    name: 'shoal-video-files',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        const chunks = Object.values(bundle ?? {}).flatMap((one) => (one.type === 'chunk' ? [one.fileName] : []))
        const files = chunks.filter((name) => needed.test(name.replace(/^assets\//, '')))
        if (files.length !== 1 || !html.includes(marker)) throw new Error(`a page with a video needs other files by now: ${files.join(' ')}`)
        return html.replace(marker, `<!--shoal:video ${files.map((name) => `/${name}`).join(' ')}-->`)
      },
    },
  }
}
