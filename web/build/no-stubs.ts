/*
 * A build step that takes out files which only name what another file holds: a page that shares its file with other code gets
 * one, and the browser would ask for it before each such page. Whoever asked for it asks for the file itself.
 */
import type { Plugin } from 'vite'

const stub = /^export\s*\{\s*([\w$]+) as default\s*\}\s*from\s*["'`]\.\/([\w.-]+)["'`];?\s*$/

export function noStubs(): Plugin {
  return {
    name: 'shoal-no-stubs',
    apply: 'build',
    enforce: 'pre',
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).flatMap((one) => (one.type === 'chunk' ? [one] : []))
      for (const { code, fileName } of chunks) {
        const [, name, holder] = stub.exec(code) ?? []
        if (!name || !holder) continue
        const file = fileName.replace(/^.*\//, '')
        for (const other of chunks) {
          other.code = other.code
            .replaceAll(new RegExp(`import\\((["'\`])\\./${file}\\1\\)`, 'g'), `import("./${holder}").then((held)=>({default:held.${name}}))`)
        }
        delete bundle[fileName]
      }
    },
  }
}
