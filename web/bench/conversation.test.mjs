/*
 * Which request each byte belongs to, however the connection cuts what is said into chunks.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Conversation, Tally } from './conversation.mjs'

const said = [
  ['>', 'GET /w/abc HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['<', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['>', 'GET /static/a.mp4?x=1 HTTP/1.1\r\nRange: bytes=100-103\r\n\r\n'],
  ['<', 'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-103/200\r\n\r\nABCD'],
  ['>', 'POST /api/v1/videos/1/views HTTP/1.1\r\nContent-Length: 11\r\n\r\n{"time":12}'],
  ['<', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['>', 'GET /tracker/socket HTTP/1.1\r\nUpgrade: websocket\r\n\r\n'],
  ['<', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'],
  ['<', '\x81\x02{}\r\n\r\n'],
  ['>', 'GET / HTTP/1.1\r\n\r\nis no request here'],
]

function listen(step) {
  const tally = new Tally()
  const conversation = new Conversation(() => tally)
  for (const [way, text] of said) {
    const bytes = Buffer.from(text, 'latin1')
    for (let at = 0; at < bytes.length; at += step) {
      const chunk = bytes.subarray(at, at + step)
      if (way === '>') conversation.fromBrowser(chunk)
      else conversation.toBrowser(chunk)
    }
  }
  return tally
}

for (const step of [1, 2, 3, 7, 64, 10_000]) {
  test(`in chunks of ${step}`, () => {
    const { kinds, parts } = listen(step)
    const length = (index) => said[index][1].length
    assert.deepEqual(Object.fromEntries(kinds), {
      page: { requests: 1, heads: length(1) - 5, bodies: 5, received: length(0) },
      video: { requests: 1, heads: length(3) - 4, bodies: 4, received: length(2) },
      api: { requests: 1, heads: length(5), bodies: 0, received: length(4) },
      socket: { requests: 1, heads: length(7), bodies: length(8), received: length(6) + length(9) },
    })
    assert.deepEqual(parts, [{ path: '/static/a.mp4', start: 100, length: 4 }])
  })
}

test('a head without end is counted and given up on', () => {
  const tally = new Tally()
  const conversation = new Conversation(() => tally)
  for (let n = 0; n < 100; n += 1) conversation.fromBrowser(Buffer.alloc(1000, 'a'))
  assert.equal(tally.of('broken').received > 0, true)
})
