/*
 * What a viewer has chosen for the player, remembered in this browser. A signed-in viewer's P2P switch is also in
 * the account; the one in this browser wins, because one may watch from a phone that pays per byte.
 */
import { session } from '../session.svelte'

const keys = { p2p: 'shoal.p2p', speed: 'shoal.speed', bandwidth: 'shoal.bandwidth', keepBytes: 'shoal.keepBytes' }
let p2p = $state<boolean | undefined>(undefined)

export const playerSettings = {
  get p2p(): boolean {
    const kept = p2p ?? readFlag(keys.p2p)
    if (kept !== undefined) return kept
    return session.user?.p2pEnabled ?? session.config?.defaults?.p2p?.webapp?.enabled ?? true
  },
  set p2p(on: boolean) {
    p2p = on
    localStorage.setItem(keys.p2p, on ? '1' : '0')
  },
  get speed(): number {
    const kept = Number(sessionStorage.getItem(keys.speed))
    return kept >= 0.25 && kept <= 4 ? kept : 1
  },
  set speed(rate: number) {
    sessionStorage.setItem(keys.speed, String(rate))
  },
  /** How much of watched videos may stay in this browser to be passed on; undefined leaves it to the engine. */
  get keepBytes(): number | undefined {
    const text = localStorage.getItem(keys.keepBytes)
    const kept = Number(text)
    return text !== null && kept >= 0 && Number.isFinite(kept) ? kept : undefined
  },
  set keepBytes(bytes: number | undefined) {
    if (bytes === undefined) localStorage.removeItem(keys.keepBytes)
    else localStorage.setItem(keys.keepBytes, String(Math.round(bytes)))
  },
  /** Bits per second that this browser reached last time: a better first guess than none. */
  get bandwidth(): number | undefined {
    const kept = Number(localStorage.getItem(keys.bandwidth))
    return kept > 0 ? kept : undefined
  },
  set bandwidth(bits: number | undefined) {
    if (bits && Number.isFinite(bits)) localStorage.setItem(keys.bandwidth, String(Math.round(bits)))
  },
}

function readFlag(key: string): boolean | undefined {
  const text = localStorage.getItem(key)
  return text === null ? undefined : text === '1'
}
