/*
 * What a swarm does when the pod's HTTP fails: it looks for peers who hold what the player waits for, hopes for them as
 * long as there is reason to, and then lets the player know. As long as HTTP works it does nothing.
 */

import type { Bitfield } from './bitfield'
import type { Clock } from './clock'
import type { HttpError } from './http'
import type { Peer } from './peer'
import type { PodHealth } from './pod-health'
import type { Read, Reads } from './reads'

/** What it looks at. */
export interface Hoping {
  readonly clock: Clock
  readonly podHealth: PodHealth
  readonly reads: Reads
  held(): Bitfield
  peers(): Iterable<Peer>
  /** HTTP can be relied upon at this moment. */
  podWorks(): boolean
  /** The pod as a peer is of use, and is not here. */
  needsPod(): boolean
  /** The swarm needs further peers, or the pod as one. */
  lonely(): void
}

/** The pod has failed when it could not be read so often in a row. */
const MAX_POD_FAILURES = 3
/** Without the pod, peers are hoped for so long before a read fails (ms). */
const PATIENCE = 30_000
/** What the tracker said about others is believed so long (ms). */
const FRESH = 15_000

export class Hope {
  /** When somebody who could have what a failing pod does not give was here last. */
  private hopeAt: number
  private nobodyAt = -Infinity
  private readonly swarm: Hoping

  constructor(swarm: Hoping) {
    this.swarm = swarm
    this.hopeAt = swarm.clock.now()
  }

  /** The tracker says how many others there are. */
  others(count: number): void {
    this.nobodyAt = count === 0 ? this.swarm.clock.now() : -Infinity
  }

  /** The pod could not be read for these pieces. */
  podFailed(first: number, last: number, error: HttpError): void {
    const final = (error.status >= 400 && error.status < 500) || this.swarm.podHealth.failures >= MAX_POD_FAILURES
    if (!final) return
    for (const read of this.swarm.reads) if (read.first <= last && read.last >= first) read.refusal = error
  }

  /** Lets reads fail that nobody can answer. */
  look(): void {
    const { clock, podHealth, reads } = this.swarm
    const now = clock.now()
    let lonely = false
    for (const read of [...reads]) {
      if (podHealth.works) read.refusal = null
      if (read.settled || this.swarm.podWorks()) continue
      if (this.helped(read)) {
        // Whoever says that he has it may still not give it.
        lonely ||= this.swarm.needsPod()
        this.hopeAt = now
        continue
      }
      lonely = true
      const nobody = now - this.nobodyAt < FRESH
      const tooLong = now - Math.max(this.hopeAt, podHealth.failingSince ?? now, read.begunAt) > PATIENCE
      if (read.refusal !== null && (nobody || tooLong)) reads.fail(read, read.refusal)
    }
    if (lonely) this.swarm.lonely()
  }

  /** Somebody is here who holds something that a read waits for, or who has just come and may. */
  private helped(read: Read): boolean {
    const held = this.swarm.held()
    for (const peer of this.swarm.peers()) if (!peer.ready || peer.held.offers(held, read.first, read.last + 1)) return true
    return false
  }
}
