/*
 * hls.js ships types for its whole build only. The light build is the same program with fewer parts (no captions,
 * no alternative audio, no encryption), so its types are those.
 */
declare module 'hls.js/light' {
  export * from 'hls.js'
  export { default } from 'hls.js'
}
