/*
 * What the visitor thinks of a video, and how many think so. A press is seen at once; the pod is told one thing after the other,
 * and what it refuses is taken back.
 */
import * as api from '../api/api'
import type { Opinion, Video } from '../api/types'

export type Counts = Pick<Video, 'likes' | 'dislikes'>

/** The same button again takes it back. */
export function pressed(now: Opinion, button: 'like' | 'dislike'): Opinion {
  return now === button ? 'none' : button
}

/** Counts in which the visitor thinks `now`, from some in which they thought `before`. */
export function counted({ likes, dislikes }: Counts, before: Opinion, now: Opinion): Counts {
  const moved = (what: Opinion) => Number(now === what) - Number(before === what)
  return { likes: Math.max(0, likes + moved('like')), dislikes: Math.max(0, dislikes + moved('dislike')) }
}

export class MyOpinion {
  /** What is shown. */
  now = $state<Opinion>('none')
  /** What the counts hold that the pod gave last. */
  private within = $state<Opinion>('none')
  /** What the pod knows. */
  private told: Opinion = 'none'
  private telling = false
  /** Somebody who has pressed is not told what they thought before. */
  private touched = false

  constructor(
    private readonly tell: (opinion: Opinion) => Promise<unknown>,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** What the pod says that the visitor thinks. */
  known(opinion: Opinion) {
    if (this.touched) return
    this.now = this.told = this.within = opinion
  }

  /** New counts came from the pod. */
  counts() {
    this.within = this.told
  }

  shown(counts: Counts): Counts {
    return counted(counts, this.within, this.now)
  }

  async press(button: 'like' | 'dislike') {
    this.touched = true
    this.now = pressed(this.now, button)
    if (this.telling) return
    this.telling = true
    try {
      while (this.told !== this.now) {
        const next = this.now
        await this.tell(next)
        this.told = next
      }
    } catch (error) {
      this.now = this.told
      this.failed(error)
    } finally {
      this.telling = false
    }
  }
}

export function opinionOf(uuid: string, failed: (error: unknown) => void): MyOpinion {
  return new MyOpinion((opinion) => api.rate(uuid, opinion), failed)
}
