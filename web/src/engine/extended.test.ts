/*
 * What peers say beyond the plain wire: names of extensions, and where our pages play.
 */

import { describe, expect, test } from 'vitest'
import { fromHex, fromLatin1, toHex } from './bytes'
import { OUR_SHOAL_ID, readExtendedHandshake, readPlace, writeExtendedHandshake, writePlace } from './extended'

const text = (value: string): Uint8Array => fromLatin1(value) ?? new Uint8Array(0)

test('our handshake is understood by ourselves', () => {
  expect(readExtendedHandshake(writeExtendedHandshake(5000, 512))).toEqual({ client: 'Shoal', queue: 512, metadataId: 1, shoalId: OUR_SHOAL_ID })
})

test.each([
  ['de', { queue: 250, metadataId: 0, shoalId: 0 }],
  ['d1:md5:shoali7eee', { shoalId: 7, metadataId: 0 }],
  ['d1:md5:shoali300e11:ut_metadatai-1eee', { shoalId: 0, metadataId: 0 }],
  ['d1:md5:shoal1:xee', { shoalId: 0 }],
  ['d1:mi3ee', { shoalId: 0, metadataId: 0 }],
])('%s', (bytes, expected) => {
  expect(readExtendedHandshake(text(bytes))).toMatchObject(expected)
})

describe('where somebody plays', () => {
  test.each<[string, ReturnType<typeof readPlace>]>([
    ['00 00', { playhead: 0, lead: 0 }],
    ['ac02 8827', { playhead: 300, lead: 5000 }],
    ['ac02 8827 ff 01', { playhead: 300, lead: 5000 }],
    ['', null],
    ['ac', null],
    ['ac02', null],
    ['ffffffff7f 00', null],
  ])('%s', (hex, expected) => {
    expect(readPlace(fromHex(hex.replaceAll(' ', '')) ?? new Uint8Array(0))).toEqual(expected)
  })

  test('is written as it is read', () => {
    expect(toHex(writePlace({ playhead: 300, lead: 5000 }))).toBe('ac028827')
  })
})
