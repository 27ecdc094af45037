/*
 * Every language has the same keys and the same places for values, and plurals come in pairs.
 */
import { describe, expect, it } from 'vitest'
import en from './en.json'
import fr from './fr.json'
import { fill } from './messages.svelte'

const languages: Record<string, Record<string, string>> = { en, fr }

function places(text: string): string[] {
  return [...text.matchAll(/\{\w+\}/g)].map((hit) => hit[0]).sort()
}

describe.each(Object.entries(languages))('%s', (_name, texts) => {
  it('has the keys of English', () => {
    expect(Object.keys(texts).sort()).toEqual(Object.keys(en).sort())
  })

  it('has a text for every key, with the places that English has', () => {
    for (const [key, text] of Object.entries(en)) {
      expect(texts[key]?.trim(), key).toBeTruthy()
      expect(places(texts[key] ?? ''), key).toEqual(places(text))
    }
  })

  it('has both forms of every plural', () => {
    for (const key of Object.keys(texts)) {
      if (key.endsWith('_one')) expect(texts).toHaveProperty([key.replace(/_one$/, '_other')])
      if (key.endsWith('_other')) expect(texts).toHaveProperty([key.replace(/_other$/, '_one')])
    }
  })
})

it.each([
  ['{name} left', { name: 'Ann' }, 'Ann left'],
  ['{a}{b}', { a: 1 }, '1{b}'],
  ['no places', { a: 1 }, 'no places'],
])('fill(%s)', (text, values, expected) => {
  expect(fill(text, values as Record<string, string | number>)).toBe(expected)
})
