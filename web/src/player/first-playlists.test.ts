/* What the page brought is taken once and not asked for, everything else is, and what was let go is not answered. */
import type { HlsConfig, LoaderConfiguration, LoaderStats, PlaylistLoaderContext } from 'hls.js'
import { beforeEach, expect, it, vi } from 'vitest'

const answers: Record<string, unknown> = {}
vi.mock('../first-data', () => ({
  takeFirstAnswer: (path: string) => {
    const answer = answers[path]
    delete answers[path]
    return answer
  },
}))
const { firstPlaylists } = await import('./first-playlists')

const asked = vi.fn()
class Asking {
  stats = { loading: { start: 0, first: 0, end: 0 }, loaded: 0, total: 0 } as LoaderStats
  context = null
  load(context: PlaylistLoaderContext) {
    asked(context.url)
  }
  abort() {}
  destroy() {}
}
const Loader = firstPlaylists(Asking as unknown as HlsConfig['loader'])

function load(url: string) {
  const loader = new Loader({} as HlsConfig)
  const onSuccess = vi.fn()
  const none = vi.fn()
  loader.load({ url } as PlaylistLoaderContext, {} as LoaderConfiguration, { onSuccess, onError: none, onTimeout: none })
  return { loader, onSuccess }
}

beforeEach(() => asked.mockClear())

it('takes what the page brought once', async () => {
  answers['http://p/master.m3u8'] = '#EXTM3U'
  const { loader, onSuccess } = load('http://p/master.m3u8')
  expect(onSuccess).not.toHaveBeenCalled()
  await Promise.resolve()
  expect(onSuccess.mock.calls[0]?.[0]).toEqual({ url: 'http://p/master.m3u8', data: '#EXTM3U', code: 200 })
  expect(loader.stats).toMatchObject({ loaded: 7, total: 7 })
  expect(asked).not.toHaveBeenCalled()
  load('http://p/master.m3u8')
  expect(asked).toHaveBeenCalledWith('http://p/master.m3u8')
})

it.each([undefined, null, 7, {}])('asks where the page brought %j', (answer) => {
  answers.one = answer
  load('one')
  expect(asked).toHaveBeenCalledWith('one')
})

it.each(['abort', 'destroy'] as const)('says nothing after %s', async (end) => {
  answers.one = '#EXTM3U'
  const { loader, onSuccess } = load('one')
  loader[end]()
  await Promise.resolve()
  expect(onSuccess).not.toHaveBeenCalled()
})
