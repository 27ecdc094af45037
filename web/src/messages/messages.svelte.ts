/*
 * Every sentence of the pages comes from here, by key, in the visitor's language. English is in the first
 * bundle because it is also what is shown when another language lacks a key; the others load when they are chosen.
 */
import { numbers, plurals } from '../intl'
import en from './en.json'

export type Key = keyof typeof en
/** A key with a form for one and a form for many; the text takes {count}. */
export type PluralKey = Extract<Key, `${string}_other`> extends `${infer Base}_other` ? Base : never
export type Language = 'en' | 'fr'

export const languageNames: Record<Language, string> = { en: 'English', fr: 'Français' }
const loaders: Record<Language, () => Promise<Record<string, string>>> = {
  en: async () => en,
  fr: async () => (await import('./fr.json')).default,
}

const kept = 'shoal.language'
let language = $state<Language>('en')
let texts = $state.raw<Record<string, string>>(en)

export function currentLanguage(): Language {
  return language
}

/** The language to start with: the kept choice, else the first known one of the browser. */
export function preferredLanguage(): Language {
  const wanted = [localStorage.getItem(kept), ...navigator.languages]
  for (const tag of wanted) {
    const short = tag?.split('-')[0]
    if (short && short in loaders) return short as Language
  }
  return 'en'
}

export async function useLanguage(wanted: Language, remember = false) {
  texts = await loaders[wanted]()
  language = wanted
  document.documentElement.lang = wanted
  if (remember) localStorage.setItem(kept, wanted)
}

export function fill(text: string, values: Record<string, string | number> = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in values ? String(values[name]) : whole,
  )
}

export function t(key: Key, values?: Record<string, string | number>): string {
  return fill(texts[key] ?? en[key], values)
}

/** A sentence with a number in it, in the form that the language has for this number. */
export function tn(key: PluralKey, count: number, shown?: string): string {
  const form = plurals(language, {}).select(count) === 'one' ? 'one' : 'other'
  return t(`${key}_${form}` as Key, { count: shown ?? numbers(language, {}).format(count) })
}

/** A sentence for a key that is only known at run time, such as a step of publishing. */
export function tMaybe(key: string): string | undefined {
  return texts[key] ?? (en as Record<string, string>)[key]
}
