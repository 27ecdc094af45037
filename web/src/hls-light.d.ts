/*
 * hls.js ships types for its whole build only. The light build is the same program with fewer parts (no captions,
 * no alternative audio, no encryption), and what the page is built with has fewer still, so their types are those.
 */
declare module 'hls.js/light' {
  export * from 'hls.js'
  export { default } from 'hls.js'
}

declare module 'hls.js/dist/hls.light.mjs' {
  export { default } from 'hls.js'
}
