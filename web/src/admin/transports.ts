/*
 * How a transport is, in one word of which the page has a sentence: the admin's switch, the socket and the configuration
 * each have a say.
 */
import type { Transport } from '../api/types'

export type TransportNow = 'open' | 'closed' | 'broken' | 'unset'

export function stateOf({ enabled, address, problem }: Pick<Transport, 'enabled' | 'address' | 'problem'>): TransportNow {
  if (!enabled) return 'closed'
  if (problem !== null) return 'broken'
  return address === null ? 'unset' : 'open'
}
