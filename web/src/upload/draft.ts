/*
 * What one writes about a video, in the form's shape, and its way into the API's bodies.
 */
import { commentsDisabled, commentsNeedApproval, type VideoDetails } from '../api/types'

/** What becomes of comments, in the order of the form. */
export const commentPolicies = [1, commentsNeedApproval, commentsDisabled]

export interface Draft {
  name: string
  description: string
  channelId: number
  privacy: number
  tags: string[]
  category: string
  licence: string
  language: string
  nsfw: boolean
  waitTranscoding: boolean
  downloadEnabled: boolean
  p2pEnabled: boolean
  commentsPolicy: number
}

/** A name for a video from the name of its file: no ending, no underscores, within the API's limits. */
export function nameFromFile(fileName: string): string {
  const words = fileName
    .replace(/^.*[\\/]/, '')
    .replace(/\.[^.]{1,5}$/, '')
    .replace(/[_\s]+/g, ' ')
    .replace(/[\u0000-\u001f\u007f]/g, '')
    .trim()
  const name = words.slice(0, 120).trim()
  return name.length >= 3 ? name : `${name} video`.trim()
}

export function draftOf(video: VideoDetails): Draft {
  return {
    name: video.name,
    description: video.description ?? '',
    channelId: video.channel.id,
    privacy: video.privacy.id,
    tags: [...video.tags],
    category: String(video.category?.id ?? ''),
    licence: String(video.licence?.id ?? ''),
    language: video.language?.id ?? '',
    nsfw: video.nsfw,
    waitTranscoding: video.waitTranscoding ?? false,
    downloadEnabled: video.downloadEnabled !== false,
    p2pEnabled: video.p2pEnabled !== false,
    commentsPolicy: video.commentsPolicy?.id ?? 1,
  }
}

/** The body that begins an upload. */
export function draftAsJson(draft: Draft): Record<string, unknown> {
  return {
    name: draft.name.trim(),
    description: draft.description.trim() || undefined,
    channelId: draft.channelId,
    privacy: draft.privacy,
    tags: draft.tags.length > 0 ? draft.tags : undefined,
    category: draft.category ? Number(draft.category) : undefined,
    licence: draft.licence ? Number(draft.licence) : undefined,
    language: draft.language || undefined,
    nsfw: draft.nsfw,
    waitTranscoding: draft.waitTranscoding,
    downloadEnabled: draft.downloadEnabled,
    p2pEnabled: draft.p2pEnabled,
    commentsPolicy: draft.commentsPolicy,
  }
}

/** The body that changes a video; "null" takes a value away, as the API wants it. */
export function draftAsForm(draft: Draft, thumbnail?: File): FormData {
  const form = new FormData()
  const fields: Record<string, string> = {
    name: draft.name.trim(),
    description: draft.description.trim() || 'null',
    channelId: String(draft.channelId),
    privacy: String(draft.privacy),
    category: draft.category || 'null',
    licence: draft.licence || 'null',
    language: draft.language || 'null',
    nsfw: String(draft.nsfw),
    waitTranscoding: String(draft.waitTranscoding),
    downloadEnabled: String(draft.downloadEnabled),
    p2pEnabled: String(draft.p2pEnabled),
    commentsPolicy: String(draft.commentsPolicy),
  }
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  if (draft.tags.length === 0) form.append('tags', 'null')
  for (const tag of draft.tags) form.append('tags[]', tag)
  if (thumbnail) {
    form.append('thumbnailfile', thumbnail)
    form.append('previewfile', thumbnail)
  }
  return form
}

/** Which fields the API would refuse, by the key of the sentence that says why. */
export function wrongFields(draft: Draft): Partial<Record<'name' | 'description' | 'tags', 'form.nameWrong' | 'form.descriptionWrong' | 'form.tagsWrong'>> {
  const name = [...draft.name.trim()].length
  const description = [...draft.description.trim()].length
  return {
    ...(name < 3 || name > 120 ? { name: 'form.nameWrong' as const } : {}),
    ...(description > 0 && (description < 3 || description > 10_000) ? { description: 'form.descriptionWrong' as const } : {}),
    ...(draft.tags.length > 5 || draft.tags.some((tag) => tag.length < 2 || tag.length > 30) ? { tags: 'form.tagsWrong' as const } : {}),
  }
}
