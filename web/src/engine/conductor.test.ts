/*
 * The messages between page and conductor, as bytes: vectors that both sides' tests share, and what is not one.
 */

import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from './bytes'
import type { Report } from './conductor'
import { MAX_RANGES, rangesOf, readPodMessage, writeBye, writeHello, writeReport } from './conductor'
import { readPageMessage, writeGrant, writeSettings, writeWelcome } from './test/page-messages'
import { noise } from './test/world'

const hash = Uint8Array.from({ length: 20 }, (_, i) => i)
const hashHex = '000102030405060708090a0b0c0d0e0f10111213'
const flags = { uploads: true, paused: false, undependable: false }
const report: Report = { ...flags, playhead: 300, lead: 5000, uplink: 1_000_000, neighbours: 8, rescued: 65_536, gained: [{ start: 0, end: 2 }, { start: 130, end: 131 }], lost: [{ start: 7, end: 8 }] }
const bytes = (hex: string): Uint8Array => fromHex(hex.replaceAll(' ', '')) ?? new Uint8Array(0)

describe('what a page says', () => {
  const cases: [string, Uint8Array, string][] = [
    ['a greeting with nothing', writeHello(0, hash, flags, []), `01 01 00 ${hashHex} 01 00`],
    ['a greeting with pieces', writeHello(200, hash, { uploads: false, paused: true, undependable: true }, [{ start: 3, end: 10 }, { start: 200, end: 201 }]), `01 01 c801 ${hashHex} 06 02 03 07 be01 01`],
    ['a report', writeReport(1, report), '02 01 01 ac02 8827 c0843d 08 808004 02 00 02 8001 01 01 07 01'],
    ['the least report', writeReport(0, { ...report, playhead: 0, lead: 0, uplink: 0, neighbours: 0, rescued: 0, gained: [], lost: [] }), '02 00 01 00 00 00 00 00 00 00'],
    ['too large a number', writeReport(0, { ...report, playhead: 0, lead: NaN, uplink: 1e12, neighbours: -4, rescued: 0.4, gained: [], lost: [] }), '02 00 01 00 00 ffffffff0f 00 00 00 00'],
    ['farewell', writeBye(255), '03 ff01'],
  ]
  test.each(cases)('%s', (_name, written, expected) => {
    expect(toHex(written)).toBe(expected.replaceAll(' ', ''))
    expect(readPageMessage(written).kind).toBe(['', 'hello', 'report', 'bye'][written[0] ?? 0])
  })

  test('no more ranges than a message may have', () => {
    const many = Array.from({ length: 3000 }, (_, i) => ({ start: 2 * i, end: 2 * i + 1 }))
    const message = readPageMessage(writeHello(0, hash, flags, many))
    expect(message.kind === 'hello' && message.held).toEqual(many.slice(0, MAX_RANGES))
  })
})

describe('what the pod says', () => {
  const settings = { instant: 4, patience: 1500, interval: 5000 }
  const cases: [string, string, unknown][] = [
    ['welcome', '01 01 07 04 dc0b 8827', { kind: 'welcome', version: 1, swarm: 7, settings }],
    ['welcome of a later version that says more', '01 02 07 04 dc0b 8827 ff ff', { kind: 'welcome', version: 2, swarm: 7, settings }],
    ['a grant', '02 07 02 03 07 be01 01', { kind: 'grant', swarm: 7, ranges: [{ start: 3, end: 10 }, { start: 200, end: 201 }] }],
    ['a grant of nothing', '02 07 00', { kind: 'grant', swarm: 7, ranges: [] }],
    ['a grant up to the end of numbers', '02 00 01 feffffff0f 01', { kind: 'grant', swarm: 0, ranges: [{ start: 0xffff_fffe, end: 0xffff_ffff }] }],
    ['settings', '03 ff01 00 00 ffffffff0f', { kind: 'settings', swarm: 255, settings: { instant: 0, patience: 0, interval: 0xffff_ffff } }],
    ['nothing', '', null],
    ['an unknown kind', '04 00 00', null],
    ['kind zero', '00 00 00', null],
    ['a welcome that is cut off', '01 01 07 04 dc', null],
    ['a welcome of no version', '01 00 07 04 00 00', null],
    ['a swarm that cannot be', '02 8002 00', null],
    ['a number beyond the largest', '03 00 ffffffff1f 00 00', null],
    ['a number that does not end', '03 00 808080808001 00 00', null],
    ['a grant that is cut off', '02 07 02 03 07', null],
    ['an empty range', '02 07 01 03 00', null],
    ['a range beyond the end of numbers', '02 07 01 ffffffff0f 01', null],
    ['too many ranges', `02 07 8108 ${'00 01 '.repeat(1025)}`, null],
  ]
  test.each(cases)('%s', (_name, hex, expected) => {
    expect(readPodMessage(bytes(hex))).toEqual(expected)
  })

  test('what is written is read again', () => {
    const ranges = Array.from({ length: MAX_RANGES }, (_, i) => ({ start: 5000 * i, end: 5000 * i + 1 + i }))
    expect(readPodMessage(writeGrant(3, ranges))).toEqual({ kind: 'grant', swarm: 3, ranges })
    expect(readPodMessage(writeWelcome(3, settings))).toEqual({ kind: 'welcome', version: 1, swarm: 3, settings })
    expect(readPodMessage(writeSettings(3, settings))).toEqual({ kind: 'settings', swarm: 3, settings })
  })

  test('any bytes are a message or nothing', () => {
    for (let seed = 0; seed < 3000; seed++) {
      const some = noise(seed % 40, seed + 1)
      if (some.length > 0) some[0] = 1 + (seed % 3)
      expect(() => readPodMessage(some)).not.toThrow()
    }
  })
})

test('pieces as ranges', () => {
  expect(rangesOf([])).toEqual([])
  expect(rangesOf([0, 1, 2, 5, 9, 10])).toEqual([{ start: 0, end: 3 }, { start: 5, end: 6 }, { start: 9, end: 11 }])
})
