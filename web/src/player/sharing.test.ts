import { expect, it } from 'vitest'
import { mayChoose, sharingOff, sources, type SharingOff } from './sharing'

type Off = SharingOff | undefined

it.each<[Parameters<typeof sharingOff>[0], string, boolean, Off, boolean]>([
  [{}, '', true, undefined, true],
  [{ p2pEnabled: true, p2pOff: null }, '', true, undefined, true],
  [{ p2pEnabled: true, p2pOff: null }, 'p2p=1', true, undefined, true],
  [{ p2pEnabled: true, p2pOff: null }, 'p2p=0', true, 'address', false],
  [{ p2pEnabled: true, p2pOff: null }, '', false, 'viewer', true],
  [{ p2pEnabled: true, p2pOff: 'few' }, '', true, 'few', true],
  [{ p2pEnabled: true, p2pOff: 'few' }, '', false, 'viewer', true],
  [{ p2pEnabled: true, p2pOff: 'few' }, 'p2p=0', true, 'address', false],
  [{ p2pEnabled: true, p2pOff: 'unlisted' }, 'p2p=0', false, 'unlisted', false],
  [{ p2pEnabled: false, p2pOff: 'owner' }, '', true, 'owner', false],
  // A pod that does not give a reason.
  [{ p2pEnabled: false }, '', true, 'owner', false],
])('%o at ?%s, wanted %s', (video, query, wanted, off, choosable) => {
  expect(sharingOff(video, new URLSearchParams(query), wanted)).toBe(off)
  expect(mayChoose(off)).toBe(choosable)
})

it('knows the share of other viewers', () => {
  expect(sources(undefined)).toEqual({ fromPod: 0, fromPeers: 0, all: 0, share: 0 })
  expect(sources({ fromPod: 17, fromPeers: 83 })).toMatchObject({ all: 100, share: 0.83 })
})
