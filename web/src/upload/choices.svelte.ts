/*
 * The lists that the video form offers (categories, licences, languages), asked for once per visit.
 */
import * as api from '../api/api'

export interface Choices {
  categories: [string, string][]
  licences: [string, string][]
  languages: [string, string][]
}

let loading: Promise<Choices> | undefined

export function loadChoices(language: string): Promise<Choices> {
  loading ??= Promise.all([api.categories(), api.licences(), api.languages()])
    .then(([categories, licences, languages]) => ({
      categories: sorted(categories, language),
      licences: Object.entries(licences),
      languages: sorted(languages, language),
    }))
    .catch((error: unknown) => {
      loading = undefined
      throw error
    })
  return loading
}

function sorted(labels: Record<string, string>, language: string): [string, string][] {
  return Object.entries(labels).sort((a, b) => a[1].localeCompare(b[1], language))
}
