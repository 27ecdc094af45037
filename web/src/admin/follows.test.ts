/* Follows: names as they are read, and what is typed to follow somebody. */
import { expect, it } from 'vitest'
import { handleOfActor, nameOfActor, toFollow } from './follows'

it.each([
  ['peertube', 'tube.example', 'tube.example', 'peertube@tube.example'],
  ['sea', 'tube.example', 'sea@tube.example', 'sea@tube.example'],
])('%s at %s', (name, host, read, handle) => {
  expect([nameOfActor({ name, host }), handleOfActor({ name, host })]).toEqual([read, handle])
})

it.each<[string[], string[], string[]]>([
  [['tube.example'], ['tube.example'], []],
  [['sea@tube.example', '@sand@tube.example'], [], ['sea@tube.example', 'sand@tube.example']],
  [['https://tube.example/', 'http://localhost:9001'], ['tube.example', 'localhost:9001'], []],
  [['https://tube.example/c/sea'], ['https://tube.example/c/sea'], []],
])('%o', (typed, hosts, handles) => expect(toFollow(typed)).toEqual({ hosts, handles }))
