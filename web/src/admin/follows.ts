/*
 * Follows in ActivityPub as an administrator reads and names them.
 */
import type { FollowActor } from '../api/types'

/** The actor that stands for a server as a whole, on PeerTube and here. */
const wholeServer = 'peertube'

export function standsForServer({ name }: Pick<FollowActor, 'name'>): boolean {
  return name === wholeServer
}

/** How the API names an actor. */
export function handleOfActor({ name, host }: Pick<FollowActor, 'name' | 'host'>): string {
  return `${name}@${host}`
}

/** How people read it: a server by its host, everybody else by their handle. */
export function nameOfActor(actor: Pick<FollowActor, 'name' | 'host'>): string {
  return standsForServer(actor) ? actor.host : handleOfActor(actor)
}

/** What was typed, as whole servers and as channels or accounts; `@name@host` and addresses of servers are understood. */
export function toFollow(typed: string[]): { hosts: string[]; handles: string[] } {
  const all = typed.map((one) => one.replace(/^@/, '').replace(/^https?:\/\/([^/]+)\/?$/, '$1'))
  return { hosts: all.filter((one) => !one.includes('@')), handles: all.filter((one) => one.includes('@')) }
}
