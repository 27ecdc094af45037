/* Bad answers of every kind become a Failure that says what the page needs. */
import { expect, it } from 'vitest'
import { failureFromAnswer } from './failure'
import { pathWithQuery } from './http'

it('reads a problem document', () => {
  const body = JSON.stringify({
    title: 'Bad Request',
    detail: 'The name is too short.',
    code: 'invalid_name',
    'invalid-params': { name: { msg: 'too short' }, tags: 'too many' },
  })
  const failure = failureFromAnswer(400, 'application/problem+json; charset=utf-8', body, null)
  expect(failure).toMatchObject({
    status: 400,
    code: 'invalid_name',
    detail: 'The name is too short.',
    fields: { name: 'too short', tags: 'too many' },
    passing: false,
  })
})

it.each([
  [429, 'application/json', '{}', '7', { retryAfter: 7, passing: true }],
  [429, null, '', 'tomorrow', { retryAfter: undefined }],
  [502, 'text/html', '<h1>Bad gateway</h1>', null, { passing: true, detail: undefined }],
  [400, 'application/json', 'not json', null, { detail: undefined, passing: false }],
  [400, 'application/json', '[]', null, { code: undefined }],
  [400, 'application/json', '{"detail":{"a":1}}', null, { detail: undefined }],
])('status %d %s %s', (status, type, text, retryAfter, expected) => {
  expect(failureFromAnswer(status, type, text, retryAfter)).toMatchObject(expected)
})

it('writes queries in the order they are given', () => {
  expect(pathWithQuery('/api/v1/videos', { start: 0, count: 24, sort: '-publishedAt' })).toBe(
    '/api/v1/videos?start=0&count=24&sort=-publishedAt',
  )
  expect(pathWithQuery('/x', { a: undefined, b: ['1', '2'] })).toBe('/x?b=1&b=2')
  expect(pathWithQuery('/x')).toBe('/x')
})
