/*
 * How a pod of the network is, in words of which the page has sentences, and what an administrator types for hosts.
 */
import type { Asked, Pod } from '../api/types'

export type PodNow = 'friend' | 'whole' | 'failing' | 'asked' | 'expelled' | 'quit' | 'none'
export type ScoreWord = 'well' | 'good' | 'shaky' | 'bad' | 'none'

/** What matters most about it now. */
export function podNow({ state, failures, wholeListUnderWay }: Pick<Pod, 'state' | 'failures' | 'wholeListUnderWay'>): PodNow {
  if (state !== 'friend') return state
  if (failures > 0) return 'failing'
  return wholeListUnderWay ? 'whole' : 'friend'
}

export function scoreWord(score: number): ScoreWord {
  if (score <= 0) return 'none'
  if (score < 25) return 'bad'
  if (score < 60) return 'shaky'
  return score < 90 ? 'good' : 'well'
}

/** Hosts as they are typed or pasted: each once, in the order in which they were written. */
export function hostsIn(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).filter((host) => host !== ''))]
}

/** Why a pod was asked; undefined when it was not said, or in words that this page does not know. */
export function reasonOf({ because }: Pick<Asked, 'because'>): { entry: true } | { count: number; all: number } | undefined {
  if (because === 'entry' || because === 'entry pod') return { entry: true }
  const lists = /^on (\d+) of (\d+) lists?$/.exec(because ?? '')
  return lists ? { count: Number(lists[1]), all: Number(lists[2]) } : undefined
}

/** Whether asking was to any purpose. */
export function went({ outcome }: Pick<Asked, 'outcome'>): boolean {
  return outcome === 'friend' || outcome === 'already' || outcome === 'quit'
}
