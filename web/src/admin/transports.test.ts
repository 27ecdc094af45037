/*
 * The word for a transport's state.
 */
import { expect, test } from 'vitest'
import { stateOf } from './transports'

test.each([
  [{ enabled: true, address: '0.0.0.0:19000', problem: null }, 'open'],
  [{ enabled: true, address: null, problem: 'Address in use' }, 'broken'],
  [{ enabled: true, address: null, problem: null }, 'unset'],
  [{ enabled: false, address: null, problem: null }, 'closed'],
  // A socket that is just being closed.
  [{ enabled: false, address: '0.0.0.0:19000', problem: null }, 'closed'],
])('%o is %s', (transport, expected) => {
  expect(stateOf(transport)).toBe(expected)
})
