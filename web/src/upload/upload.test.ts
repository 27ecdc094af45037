/* The parts of an upload that decide: sizes, positions, addresses, names, what the form sends. */
import { describe, expect, it } from 'vitest'
import { chunkSizeAfterFailure, largest, nextChunkSize, smallest } from './chunk-size'
import { draftAsForm, draftAsJson, nameFromFile, wrongFields, type Draft } from './draft'
import { addressFrom, nextByte } from './protocol'
import { Speed } from './speed'

const mebibyte = 1024 * 1024

it.each([
  ['a quick line', 4, 0.5, true, 8],
  ['a slow line', 4, 20, true, 2],
  ['just right', 4, 5, true, 4],
  ['never above 32', 32, 0.1, true, 32],
  ['never below 1', 1, 60, true, 1],
  ['the last, shorter chunk says nothing', 4, 0.1, false, 4],
])('chunk size: %s', (_name, size, seconds, whole, expected) => {
  expect(nextChunkSize(size * mebibyte, seconds, whole)).toBe(expected * mebibyte)
})

it('halves after a failure, within bounds', () => {
  expect(chunkSizeAfterFailure(largest)).toBe(16 * mebibyte)
  expect(chunkSizeAfterFailure(smallest)).toBe(smallest)
})

it.each([
  [null, 0],
  ['bytes=0-0', 1],
  ['bytes=0-1048575', 1048576],
  ['bytes=5-10', 0],
  ['nonsense', 0],
])('nextByte(%s)', (range, expected) => expect(nextByte(range)).toBe(expected))

it.each([
  ['//pod.example/api/v1/videos/upload-resumable?upload_id=7', '/api/v1/videos/upload-resumable?upload_id=7'],
  ['/api/v1/videos/upload-resumable?upload_id=7', '/api/v1/videos/upload-resumable?upload_id=7'],
  [null, undefined],
])('addressFrom(%s)', (header, expected) => expect(addressFrom(header, 'https://pod.example')).toBe(expected))

it.each([
  ['my_holiday film.mp4', 'my holiday film'],
  ['../../etc/passwd.mkv', 'passwd'],
  ['a.mp4', 'a video'],
  [`${'x'.repeat(4000)}.mp4`, 'x'.repeat(120)],
  ['new\nline.mov', 'new line'],
  ['.mp4', 'video'],
])('nameFromFile(%s)', (file, expected) => expect(nameFromFile(file)).toBe(expected))

describe('the form', () => {
  const draft: Draft = {
    name: ' Tides ',
    description: '',
    channelId: 3,
    privacy: 1,
    tags: ['sea', 'moon'],
    category: '15',
    licence: '',
    language: 'en',
    nsfw: false,
    waitTranscoding: true,
    downloadEnabled: true,
    p2pEnabled: false,
    commentsPolicy: 3,
  }
  it('becomes JSON for the beginning of an upload', () => {
    expect(JSON.parse(JSON.stringify(draftAsJson(draft)))).toEqual({
      name: 'Tides',
      channelId: 3,
      privacy: 1,
      tags: ['sea', 'moon'],
      category: 15,
      language: 'en',
      nsfw: false,
      waitTranscoding: true,
      downloadEnabled: true,
      p2pEnabled: false,
      commentsPolicy: 3,
    })
  })
  it('becomes a form for changes, with null for what was taken away', () => {
    const form = draftAsForm({ ...draft, tags: [] })
    expect(form.get('description')).toBe('null')
    expect(form.get('licence')).toBe('null')
    expect(form.get('tags')).toBe('null')
    expect(form.get('commentsPolicy')).toBe('3')
    expect(draftAsForm(draft).getAll('tags[]')).toEqual(['sea', 'moon'])
  })
  it.each<[string, Partial<Draft>, string[]]>([
    ['good', {}, []],
    ['short name', { name: 'ab' }, ['name']],
    ['long name', { name: 'x'.repeat(121) }, ['name']],
    ['emoji count once', { name: '🐟🐟🐟' }, []],
    ['short description', { description: 'x' }, ['description']],
    ['too many tags', { tags: ['aa', 'bb', 'cc', 'dd', 'ee', 'ff'] }, ['tags']],
    ['short tag', { tags: ['a'] }, ['tags']],
  ])('%s', (_name, part, expected) => expect(Object.keys(wrongFields({ ...draft, ...part }))).toEqual(expected))
})

it('measures speed over the last seconds', () => {
  const speed = new Speed()
  expect(speed.bytesPerSecond).toBeUndefined()
  for (let second = 0; second <= 20; second += 1) speed.note(second * 1000, second * 1000)
  expect(speed.bytesPerSecond).toBeCloseTo(1000)
})
