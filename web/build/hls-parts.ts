/*
 * Builds hls.js from the sources in its package without what our own films never need: demuxers of MPEG-TS, AAC and MP3
 * files, decryption, captions, ID3. Its light build still brings them, and the page would load and compile them before
 * the first picture. Its makers leave parts out in the same way. Nothing of theirs is changed or kept here; the player
 * falls back to the whole light build for films that need more.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { transformWithOxc, type Plugin } from 'vite'

const home = dirname(createRequire(import.meta.url).resolve('hls.js/package.json'))
const sources = join(home, 'src')
const { version } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as { version: string }

/** What the player imports as hls.js. */
const entry = `
export { default } from '${sources}/hls.ts'
export { ErrorDetails, ErrorTypes } from '${sources}/errors.ts'
export { Events } from '${sources}/events.ts'
`

const nothing = 'export default undefined'
/** Modules that are left out and what stands in for them; config.ts and transmuxer.ts know that parts may be missing. */
const without: Record<string, string> = {
  'config.ts>audio-stream-controller': nothing,
  'config.ts>audio-track-controller': nothing,
  'config.ts>cmcd-controller': nothing,
  'config.ts>content-steering-controller': nothing,
  'config.ts>eme-controller': nothing,
  'config.ts>fps-controller': nothing,
  'config.ts>id3-track-controller': nothing,
  'config.ts>iframe-controller': 'export const IFrameController = undefined',
  'config.ts>interstitials-controller': nothing,
  'config.ts>subtitle-stream-controller': 'export const SubtitleStreamController = undefined',
  'config.ts>subtitle-track-controller': nothing,
  'config.ts>timeline-controller': 'export const TimelineController = undefined',
  'config.ts>cues': nothing,
  'config.ts>fetch-loader': 'export default undefined\nexport const fetchSupported = () => false',
  'hls.ts>mediacapabilities-helper': 'export const getMediaDecodingInfoPromise = undefined',
  'transmuxer.ts>aacdemuxer': nothing,
  'transmuxer.ts>ac3-demuxer': 'export const AC3Demuxer = undefined',
  'transmuxer.ts>mp3demuxer': nothing,
  'transmuxer.ts>tsdemuxer': nothing,
  'transmuxer.ts>mp4-remuxer': nothing,
  'transmuxer.ts>decrypter': nothing,
  'base-stream-controller.ts>decrypter': 'export default class { reset() {} destroy() {} }',
}

/** Small packages that are built into hls.js's own files, as far as it uses them. */
const packages: Record<string, string> = {
  'url-toolkit': `export function buildAbsoluteURL(base, relative) {
    try {
      return new URL(relative, base).href
    } catch {
      return relative
    }
  }`,
  '@svta/cml-utils': 'export const uuid = () => `${Date.now().toString(16)}-${Math.random().toString(16).slice(2)}`',
  '@svta/cml-id3': `export function utf8ArrayToStr(bytes, exitOnNull = false) {
    const end = exitOnNull ? bytes.indexOf(0) : -1
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
  }`,
}

const define = {
  __VERSION__: JSON.stringify(version),
  __IN_WORKER__: 'false',
  __HLS_WORKER_BUNDLE__: 'undefined',
  ...Object.fromEntries(
    ['ALT_AUDIO', 'EME_DRM', 'SUBTITLES', 'CMCD', 'CONTENT_STEERING', 'VARIABLE_SUBSTITUTION', 'M2TS_ADVANCED_CODECS', 'MEDIA_CAPABILITIES', 'INTERSTITIALS', 'IFRAMES'].map(
      (part) => [`__USE_${part}__`, 'false'],
    ),
  ),
}

const mark = '\0hls-parts:'

export function hlsParts(): Plugin {
  return {
    name: 'shoal-hls-parts',
    enforce: 'pre',
    resolveId(source, importer) {
      const made = (key: string) => ({ id: `${mark}${key}`, moduleSideEffects: false })
      if (source === 'hls.js/light') return made('entry')
      if (!importer?.startsWith(sources)) return undefined
      if (source in packages) return made(source)
      if (!source.startsWith('.')) return undefined
      const key = `${importer.split('/').pop()}>${source.split('/').pop()}`
      return key in without ? made(key) : { id: `${join(dirname(importer), source)}.ts`, moduleSideEffects: false }
    },
    async load(id) {
      if (id === `${mark}entry`) return { code: entry, moduleSideEffects: false }
      if (id.startsWith(mark)) {
        const key = id.slice(mark.length)
        return { code: packages[key] ?? without[key] ?? nothing, moduleSideEffects: false }
      }
      if (!id.startsWith(sources)) return undefined
      // As its makers compile it: a field that is only declared must not overwrite what the class above has set.
      const { code } = await transformWithOxc(await readFile(id, 'utf8'), id, {
        typescript: { removeClassFieldsWithoutInitializer: true, onlyRemoveTypeImports: false },
        assumptions: { setPublicClassFields: true },
        target: 'es2022',
        define,
      })
      return { code, moduleSideEffects: false, moduleType: 'js' }
    },
  }
}
