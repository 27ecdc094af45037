/*
 * The API's operations as the pages call them, one line each, in the API's own words. No state is kept here.
 */
import { ask } from './http'
import type {
  Account,
  Asked,
  BlockedPod,
  Channel,
  Comment,
  CommentTree,
  Follow,
  FollowState,
  Job,
  List,
  Offload,
  Opinion,
  Pod,
  ScoreChange,
  ServerConfig,
  Storyboard,
  Swarms,
  ThreadList,
  User,
  Video,
  VideoDetails,
} from './types'

export interface Page {
  start: number
  count: number
}

const at = encodeURIComponent

export const config = () => ask<ServerConfig>('/api/v1/config')

export const videos = (page: Page, sort: string, isLocal?: true) =>
  ask<List<Video>>('/api/v1/videos', { query: { ...page, sort, isLocal } })
export const searchVideos = (search: string, page: Page, sort?: string, signal?: AbortSignal) =>
  ask<List<Video>>('/api/v1/search/videos', { query: { search, ...page, sort }, signal })
export const video = (id: string) => ask<VideoDetails>(`/api/v1/videos/${at(id)}`)
export const storyboards = (id: string) =>
  ask<{ storyboards: Storyboard[] }>(`/api/v1/videos/${at(id)}/storyboards`)
export const videoToken = (id: string) =>
  ask<{ files: { token: string; expires: string } }>(`/api/v1/videos/${at(id)}/token`, {
    method: 'POST',
  })
export const updateVideo = (id: string, form: FormData) =>
  ask<void>(`/api/v1/videos/${at(id)}`, { method: 'PUT', form })
export const deleteVideo = (id: string) =>
  ask<void>(`/api/v1/videos/${at(id)}`, { method: 'DELETE', keepalive: true })
export const videoOffload = (id: string, start: Date) =>
  ask<Offload>(`/api/v1/videos/${at(id)}/stats/offload`, { query: { startDate: start.toISOString() } })
export const categories = () => ask<Record<string, string>>('/api/v1/videos/categories')
export const licences = () => ask<Record<string, string>>('/api/v1/videos/licences')
export const languages = () => ask<Record<string, string>>('/api/v1/videos/languages')

export const rate = (id: string, rating: Opinion) =>
  ask<void>(`/api/v1/videos/${at(id)}/rate`, { method: 'PUT', json: { rating } })
export const myRating = (id: string) => ask<{ rating: Opinion }>(`/api/v1/users/me/videos/${at(id)}/rating`)

export const threads = (id: string, page: Page, sort: string) =>
  ask<ThreadList>(`/api/v1/videos/${at(id)}/comment-threads`, { query: { ...page, sort } })
export const thread = (id: string, thread: number) =>
  ask<CommentTree>(`/api/v1/videos/${at(id)}/comment-threads/${thread}`)
export const beginThread = (id: string, text: string) =>
  ask<{ comment: Comment }>(`/api/v1/videos/${at(id)}/comment-threads`, { method: 'POST', json: { text } })
export const answerComment = (id: string, comment: number, text: string) =>
  ask<{ comment: Comment }>(`/api/v1/videos/${at(id)}/comments/${comment}`, { method: 'POST', json: { text } })
export const deleteComment = (id: string, comment: number) =>
  ask<void>(`/api/v1/videos/${at(id)}/comments/${comment}`, { method: 'DELETE', keepalive: true })
export const approveComment = (id: string, comment: number) =>
  ask<void>(`/api/v1/videos/${at(id)}/comments/${comment}/approve`, { method: 'POST' })

export const searchChannels = (search: string, page: Page) =>
  ask<List<Channel>>('/api/v1/search/video-channels', { query: { search, ...page } })
export const channel = (name: string) => ask<Channel>(`/api/v1/video-channels/${at(name)}`)
export const channelVideos = (name: string, page: Page, sort: string) =>
  ask<List<Video>>(`/api/v1/video-channels/${at(name)}/videos`, { query: { ...page, sort } })
export const createChannel = (json: { name: string; displayName: string; description?: string }) =>
  ask<unknown>('/api/v1/video-channels', { method: 'POST', json })
export const updateChannel = (
  name: string,
  json: { displayName: string; description: string },
) => ask<void>(`/api/v1/video-channels/${at(name)}`, { method: 'PUT', json })
export const deleteChannel = (name: string) =>
  ask<void>(`/api/v1/video-channels/${at(name)}`, { method: 'DELETE' })
export const pickChannelAvatar = (name: string, file: File) =>
  ask<unknown>(`/api/v1/video-channels/${at(name)}/avatar/pick`, {
    method: 'POST',
    form: formWith('avatarfile', file),
  })
export const dropChannelAvatar = (name: string) =>
  ask<void>(`/api/v1/video-channels/${at(name)}/avatar`, { method: 'DELETE' })

export const account = (name: string) => ask<Account>(`/api/v1/accounts/${at(name)}`)
export const accountVideos = (name: string, page: Page, sort: string) =>
  ask<List<Video>>(`/api/v1/accounts/${at(name)}/videos`, { query: { ...page, sort } })
export const accountChannels = (name: string) =>
  ask<List<Channel>>(`/api/v1/accounts/${at(name)}/video-channels`, {
    query: { start: 0, count: 50, sort: '-updatedAt' },
  })

export const me = () => ask<User>('/api/v1/users/me')
export const updateMe = (json: Record<string, unknown>) =>
  ask<void>('/api/v1/users/me', { method: 'PUT', json })
export const deleteMe = () => ask<void>('/api/v1/users/me', { method: 'DELETE' })
export const pickAvatar = (file: File) =>
  ask<unknown>('/api/v1/users/me/avatar/pick', {
    method: 'POST',
    form: formWith('avatarfile', file),
  })
export const dropAvatar = () => ask<void>('/api/v1/users/me/avatar', { method: 'DELETE' })
export const quotaUsed = () =>
  ask<{ videoQuotaUsed: number; videoQuotaUsedDaily: number }>('/api/v1/users/me/video-quota-used')
export const myVideos = (page: Page, sort: string, search?: string) =>
  ask<List<Video>>('/api/v1/users/me/videos', {
    query: { ...page, sort, search: search || undefined },
  })
export const register = (json: {
  username: string
  password: string
  email: string
  displayName?: string
}) => ask<void>('/api/v1/users/register', { method: 'POST', json })
export const revokeToken = () => ask<unknown>('/api/v1/users/revoke-token', { method: 'POST' })

export const users = (page: Page, sort: string, search?: string) =>
  ask<List<User>>('/api/v1/users', { query: { ...page, sort, search: search || undefined } })
export const createUser = (json: Record<string, unknown>) =>
  ask<unknown>('/api/v1/users', { method: 'POST', json })
export const updateUser = (id: number, json: Record<string, unknown>) =>
  ask<void>(`/api/v1/users/${id}`, { method: 'PUT', json })
export const blockUser = (id: number, reason: string) =>
  ask<void>(`/api/v1/users/${id}/block`, {
    method: 'POST',
    json: reason ? { reason } : {},
  })
export const unblockUser = (id: number) =>
  ask<void>(`/api/v1/users/${id}/unblock`, { method: 'POST' })
export const deleteUser = (id: number) => ask<void>(`/api/v1/users/${id}`, { method: 'DELETE' })
export const jobs = (state: string, page: Page) =>
  ask<List<Job>>(state ? `/api/v1/jobs/${state}` : '/api/v1/jobs', {
    query: { ...page, sort: '-createdAt' },
  })

export const podOffload = (start: Date) =>
  ask<Offload>('/api/v1/server/stats/offload', { query: { startDate: start.toISOString() } })
export const swarms = (page: Page) => ask<Swarms>('/api/v1/server/swarms', { query: { ...page } })
export const switchTransport = (name: string, enabled: boolean) =>
  ask<void>(`/api/v1/server/swarms/transports/${at(name)}`, { method: 'PUT', json: { enabled } })

export const pods = (page: Page) => ask<List<Pod>>('/api/v1/pods', { query: { ...page, sort: 'host' } })
/** Without hosts: the entry pods of the configuration. */
export const makeFriends = (hosts?: string[]) =>
  ask<{ results: Asked[] }>('/api/v1/pods/makefriends', { method: 'POST', json: hosts ? { hosts } : {} })
/** Without hosts: all of them. */
export const quitFriends = (hosts?: string[]) =>
  ask<{ results: Asked[] }>('/api/v1/pods/quitfriends', { method: 'POST', json: hosts ? { hosts } : {} })
export const scoreHistory = (host: string) => ask<List<ScoreChange>>(`/api/v1/pods/${at(host)}/score-history`)
export const retryPod = (host: string) => ask<void>(`/api/v1/pods/${at(host)}/retry`, { method: 'POST' })
export const blockedPods = () =>
  ask<List<BlockedPod>>('/api/v1/server/blocklist/servers', { query: { start: 0, count: 100, sort: '-createdAt' } })
export const blockPod = (host: string) =>
  ask<void>('/api/v1/server/blocklist/servers', { method: 'POST', json: { host } })
export const unblockPod = (host: string) =>
  ask<void>(`/api/v1/server/blocklist/servers/${at(host)}`, { method: 'DELETE' })

export const followers = (page: Page, state: FollowState) =>
  ask<List<Follow>>('/api/v1/server/followers', { query: { ...page, state } })
export const acceptFollower = (handle: string) =>
  ask<void>(`/api/v1/server/followers/${at(handle)}/accept`, { method: 'POST' })
export const rejectFollower = (handle: string) =>
  ask<void>(`/api/v1/server/followers/${at(handle)}/reject`, { method: 'POST' })
export const removeFollower = (handle: string) =>
  ask<void>(`/api/v1/server/followers/${at(handle)}`, { method: 'DELETE', keepalive: true })
export const following = (page: Page) => ask<List<Follow>>('/api/v1/server/following', { query: { ...page } })
export const follow = (hosts: string[], handles: string[]) =>
  ask<void>('/api/v1/server/following', { method: 'POST', json: { hosts, handles } })
export const unfollow = (hostOrHandle: string) =>
  ask<void>(`/api/v1/server/following/${at(hostOrHandle)}`, { method: 'DELETE', keepalive: true })

function formWith(field: string, file: File): FormData {
  const form = new FormData()
  form.append(field, file)
  return form
}
