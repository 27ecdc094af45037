/*
 * Videos and people of other pods: how links name them, where they come from, and what stays with this pod. Everything
 * that another pod says of itself is text until it is looked at here.
 */
import type { ActorSummary, Video } from './api/types'

/** How addresses of pages and of the API name an account or a channel: with its host, unless that is `ours`. */
export function handleOf(actor: Pick<ActorSummary, 'name' | 'host'>, ours: string): string {
  return isOurs(actor, ours) ? actor.name : `${actor.name}@${actor.host}`
}

export function isOurs(actor: Pick<ActorSummary, 'host'>, ours: string): boolean {
  return !actor.host || actor.host.toLowerCase() === ours.toLowerCase()
}

/** Where something of another pod is at home; undefined for what is of this pod, and for an address that is no page there. */
export function originOf(thing: { url: string }, host: string, ours: string): { host: string; href: string } | undefined {
  if (isOurs({ host }, ours)) return undefined
  const url = URL.canParse(thing.url) ? new URL(thing.url) : undefined
  const page = url?.protocol === 'https:' || url?.protocol === 'http:'
  return page && url.host === host.toLowerCase() ? { host, href: url.href } : undefined
}

/**
 * Whether the files of a video are to be asked for with a token. Tokens are of this pod and for its own private videos: what
 * is found here of another pod is for everybody, and nothing of the visitor goes there.
 */
export function needsToken(video: Pick<Video, 'isLocal' | 'privacy'>): boolean {
  return video.isLocal !== false && video.privacy.id !== 1 && video.privacy.id !== 2
}

/** Whether what was typed into the search is an address, or a handle such as `name@host`, and not words. */
export function namesAfar(text: string): boolean {
  return /^https?:\/\/\S+$/i.test(text) || /^@?[\w.-]+@[\w-]+(\.[\w-]+)*(:\d+)?$/.test(text)
}
