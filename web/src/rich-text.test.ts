/* What becomes of descriptions: links, times and paragraphs, and never anything else. */
import { expect, it } from 'vitest'
import { paragraphs, parts, startSeconds, type Part } from './rich-text'

function shown(list: Part[]): string {
  return list
    .map((part) =>
      part.kind === 'link' ? `[${part.href}]` : part.kind === 'time' ? `<${part.seconds}>` : part.text,
    )
    .join('|')
}

it.each([
  ['plain', 'plain'],
  ['see https://a.example/b?c=d#e.', 'see |[https://a.example/b?c=d#e]|.'],
  ['(https://a.example/x)', '(|[https://a.example/x]|)'],
  ['https://a.example/wiki_(fish)', '[https://a.example/wiki_(fish)]'],
  ['1:30 start', '<90>| start'],
  ['at 1:02:03!', 'at |<3723>|!'],
  ['99:99 is no time', '99:99 is no time'],
  ['javascript:alert(1)', 'javascript:alert(1)'],
  ['<a href="https://a.example">x</a>', '<a href="|[https://a.example]|">x</a>'],
  ['http://', 'http://'],
  ['', ''],
])('parts(%s)', (line, expected) => expect(shown(parts(line))).toBe(expected))

it('paragraphs and lines', () => {
  const found = paragraphs('one\r\ntwo\n\n\n\nthree\n')
  expect(found.map((lines) => lines.map(shown))).toEqual([['one', 'two'], ['three', '']])
})

it.each([
  [null, undefined],
  ['', undefined],
  ['90', 90],
  ['1m30s', 90],
  ['1h', 3600],
  ['1:30', 90],
  ['x', undefined],
])('startSeconds(%s)', (text, expected) => expect(startSeconds(text)).toBe(expected))
