/*
 * The uploads of this page: each file is one Upload, one is sent at a time, the others wait. They live outside of any
 * page component, so that one can look around the site while they run. A broken line is waited out with growing pauses.
 */
import * as api from '../api/api'
import { Failure } from '../api/failure'
import { chunkSizeAfterFailure, first, nextChunkSize } from './chunk-size'
import { draftAsForm, draftAsJson, type Draft } from './draft'
import { keepAddress, keptAddress } from './kept'
import { askStanding, begin, cancel, sendChunk, type UploadedVideo } from './protocol'
import { signalUploads } from './signal.svelte'
import { Speed } from './speed'

export type UploadState = 'waiting' | 'sending' | 'paused' | 'retrying' | 'done' | 'failed'

let nextId = 1
const longestPause = 30

export class Upload {
  readonly id = nextId++
  state = $state<UploadState>('waiting')
  sent = $state(0)
  speed = $state<number | undefined>(undefined)
  resumed = $state(false)
  problem = $state.raw<unknown>(undefined)
  video = $state.raw<UploadedVideo | undefined>(undefined)
  draft: Draft = $state() as Draft
  thumbnail = $state.raw<File | undefined>(undefined)
  /** What the pod has been told last; the form differs from it while there are unsaved changes. */
  private told = $state('')
  saving = $state(false)
  saveProblem = $state.raw<unknown>(undefined)

  private address: string | undefined
  private stop = new AbortController()
  private readonly meter = new Speed()

  constructor(
    readonly file: File,
    draft: Draft,
  ) {
    this.draft = draft
    this.address = keptAddress(file)
  }

  get share(): number {
    return this.file.size > 0 ? this.sent / this.file.size : 0
  }

  get secondsLeft(): number | undefined {
    return this.speed ? (this.file.size - this.sent) / this.speed : undefined
  }

  get unfinished(): boolean {
    return this.state !== 'done' && this.state !== 'failed'
  }

  get changed(): boolean {
    return this.told !== JSON.stringify(this.draft) || this.thumbnail !== undefined
  }

  async run() {
    this.stop = new AbortController()
    this.problem = undefined
    let size = first
    let failures = 0
    let next: number | undefined
    this.state = 'sending'
    while (!this.stop.signal.aborted) {
      try {
        if (next === undefined) {
          const standing = await this.standing()
          if ('video' in standing) return await this.finish(standing.video)
          next = standing.next
          this.progress(next)
        }
        const from = next
        const until = Math.min(this.file.size, from + size)
        const before = performance.now()
        const standing = await sendChunk(
          this.address ?? '',
          this.file,
          from,
          until,
          (sent) => this.progress(Math.min(until, from + sent)),
          this.stop.signal,
        )
        failures = 0
        this.state = 'sending'
        if ('video' in standing) return await this.finish(standing.video)
        size = nextChunkSize(size, (performance.now() - before) / 1000, until - from === size)
        next = standing.next
        this.progress(next)
      } catch (error) {
        if (this.stop.signal.aborted) return
        const lost = error instanceof Failure && (error.status === 404 || error.status === 410)
        if (lost && failures < 3) this.forget()
        else if (!(error instanceof Failure && (error.passing || error.status === 409))) return this.fail(error)
        failures += 1
        next = undefined
        size = chunkSizeAfterFailure(size)
        this.state = 'retrying'
        this.meter.reset()
        this.speed = undefined
        const wanted = error instanceof Failure ? error.retryAfter : undefined
        await this.pauseFor(wanted ?? Math.min(longestPause, 2 ** (failures - 1)))
      }
    }
  }

  pause() {
    if (this.state === 'paused' || !this.unfinished) return
    this.state = 'paused'
    this.stop.abort()
    this.meter.reset()
    this.speed = undefined
  }

  async cancel() {
    this.stop.abort()
    this.state = 'failed'
    if (this.address && !this.video) await cancel(this.address)
    this.forget()
  }

  /** Sends the form to the pod, once there is a video to change. */
  async save() {
    if (!this.video || !this.changed) return
    const draft = JSON.stringify(this.draft)
    const thumbnail = this.thumbnail
    this.saving = true
    this.saveProblem = undefined
    try {
      await api.updateVideo(this.video.uuid, draftAsForm(this.draft, thumbnail))
      this.told = draft
      if (this.thumbnail === thumbnail) this.thumbnail = undefined
    } catch (error) {
      this.saveProblem = error
    } finally {
      this.saving = false
    }
  }

  private async standing() {
    if (this.address) {
      const known = await askStanding(this.address, this.file.size, this.stop.signal)
      if (known) {
        this.resumed ||= 'next' in known && known.next > 0 && this.sent === 0
        return known
      }
      this.forget()
    }
    const draft = JSON.stringify(this.draft)
    this.address = await begin(this.file, draftAsJson(this.draft), this.stop.signal)
    this.told = draft
    keepAddress(this.file, this.address)
    return { next: 0 }
  }

  private progress(sent: number) {
    this.sent = sent
    this.meter.note(sent, performance.now())
    this.speed = this.meter.bytesPerSecond
  }

  private async finish(video: UploadedVideo) {
    this.sent = this.file.size
    this.video = video
    this.state = 'done'
    this.speed = undefined
    keepAddress(this.file, undefined)
    await this.save()
  }

  private fail(error: unknown) {
    this.problem = error
    this.state = 'failed'
  }

  private forget() {
    this.address = undefined
    keepAddress(this.file, undefined)
  }

  private pauseFor(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000)
      const now = () => {
        clearTimeout(timer)
        resolve()
      }
      addEventListener('online', now, { once: true })
      this.stop.signal.addEventListener('abort', now, { once: true })
    })
  }
}

let list = $state.raw<Upload[]>([])

export const queue = {
  get list() {
    return list
  },
  get unfinished() {
    return list.some((upload) => upload.unfinished)
  },
  add(uploads: Upload[]) {
    list = [...list, ...uploads]
    work()
  },
  resume(upload: Upload) {
    upload.state = 'waiting'
    work()
  },
  pause(upload: Upload) {
    upload.pause()
    work()
  },
  async remove(upload: Upload) {
    list = list.filter((one) => one !== upload)
    if (upload.state !== 'done') await upload.cancel()
    work()
  },
}

function work() {
  if (list.some((upload) => upload.state === 'sending' || upload.state === 'retrying')) return
  const upload = list.find((one) => one.state === 'waiting')
  if (upload) void upload.run().finally(work)
}

$effect.root(() => {
  $effect(() => {
    const active = list.filter((upload) => upload.unfinished)
    const size = active.reduce((sum, upload) => sum + upload.file.size, 0)
    const sent = active.reduce((sum, upload) => sum + upload.sent, 0)
    signalUploads(active.length, size > 0 ? sent / size : 0)
  })
})

addEventListener('beforeunload', (event) => {
  if (queue.unfinished) event.preventDefault()
})
