/*
 * The shapes of the pod's REST API, as far as the pages use them. The names are those of the API itself; what a
 * page never reads is left out on purpose.
 */
export interface List<T> {
  total: number
  data: T[]
}

export interface Choice<Id = number> {
  id: Id
  label: string
}

export interface Image {
  path: string
  width: number
  fileUrl?: string
}

export interface ActorSummary {
  id: number
  name: string
  displayName: string
  host: string
  url: string
  avatars: Image[]
}

export interface Account extends ActorSummary {
  description?: string | null
  followersCount?: number
  createdAt?: string
}

export interface Channel extends ActorSummary {
  description: string | null
  support?: string | null
  followersCount?: number
  createdAt?: string
  isLocal?: boolean
  ownerAccount?: Account
}

export interface Progress {
  step: 'probe' | 'remux' | 'audio' | 'transcode' | 'thumbnail' | 'storyboard'
  percent: number
  done: number
  total: number
}

export const published = 1
export const transcodingFailed = 7

export interface Video {
  id: number
  uuid: string
  shortUUID: string
  url: string
  name: string
  description: string | null
  truncatedDescription?: string | null
  category: Choice<number | null>
  licence: Choice<number | null>
  language: Choice<string | null>
  privacy: Choice
  state?: Choice
  nsfw: boolean
  duration: number
  aspectRatio: number | null
  views: number
  viewers?: number
  likes: number
  dislikes: number
  comments: number
  isLocal: boolean
  createdAt: string
  updatedAt: string
  publishedAt: string
  originallyPublishedAt: string | null
  thumbnailPath: string | null
  previewPath: string | null
  embedPath: string
  waitTranscoding?: boolean
  userHistory?: { currentTime: number } | null
  account: ActorSummary
  channel: ActorSummary
  progress?: Progress | null
  failure?: string | null
}

export interface VideoFile {
  id: number
  resolution: Choice
  width?: number
  height?: number
  size: number
  fps: number
  magnetUri: string | null
  torrentUrl: string
  torrentDownloadUrl: string | null
  fileUrl: string
  fileDownloadUrl: string
  playlistUrl?: string
  hasAudio: boolean
  hasVideo: boolean
  infoHash?: string
}

export interface StreamingPlaylist {
  id: number
  type: number
  playlistUrl: string
  files: VideoFile[]
}

export interface VideoDetails extends Video {
  channel: Channel
  account: Account
  support: string | null
  tags: string[]
  downloadEnabled: boolean
  commentsPolicy?: Choice
  /** The owner's switch. */
  p2pEnabled?: boolean
  /** Why viewers do not exchange pieces of it (now); null when they do. */
  p2pOff?: 'pod' | 'owner' | 'private' | 'unlisted' | 'sensitive' | 'few' | null
  trackerUrls: string[]
  streamingPlaylists: StreamingPlaylist[]
}

export const commentsDisabled = 2
export const commentsNeedApproval = 3

export type Opinion = 'like' | 'dislike' | 'none'

/** Something that was said about a video. Deleted, it has neither words nor an author. */
export interface Comment {
  id: number
  url: string
  text: string
  threadId: number
  inReplyToCommentId: number | null
  createdAt: string
  isDeleted: boolean
  /** Only its author and the video's owner see it so far. */
  heldForReview: boolean
  totalReplies: number
  account: Account | null
}

export interface ThreadList extends List<Comment> {
  totalNotDeletedComments: number
}

/** A comment with what answers it. */
export interface CommentTree {
  comment: Comment
  children: CommentTree[]
}

export interface Storyboard {
  storyboardPath: string
  totalHeight: number
  totalWidth: number
  spriteHeight: number
  spriteWidth: number
  spriteDuration: number
}

export interface User {
  id: number
  username: string
  email: string
  role: Choice
  blocked: boolean
  blockedReason: string | null
  videoQuota: number
  videoQuotaDaily: number
  videoQuotaUsed?: number
  videosCount?: number
  p2pEnabled?: boolean
  createdAt: string
  account: Account
  videoChannels?: Channel[]
}

export const administrator = 0
export const moderator = 1

export interface Job {
  id: number | string
  type: string
  state: string
  progress?: number
  priority?: number
  data?: unknown
  error?: unknown
  createdAt: string
  processedOn: string | null
  finishedOn: string | null
}

export interface ByTransport {
  tcp: number
  webrtc: number
}

export interface Swarm {
  infoHash: string
  video: { uuid: string; shortUUID: string; name: string }
  resolution: number
  size: number
  seeders: number
  leechers: number
  browsers: number
  clients: number
  peers: ByTransport
  sent: ByTransport
}

export interface Transport {
  /** `tcp`, `webrtc`, `udp`, or one that this page does not know yet. */
  name: string
  enabled: boolean
  address: string | null
  problem: string | null
  peers: number
  sent: number
}

export interface Swarms extends List<Swarm> {
  transports: Transport[]
  tracker: { sockets: number; swarms: number; peers: number }
}

/** An hour or a day: bytes, and the most viewers at a time. */
export interface OffloadPoint {
  date: string
  fromPod: number
  fromViewers: number
  viewers: number
}

/** How much of the load viewers carried. */
export interface Offload {
  groupInterval: '1 hour' | '1 day'
  total: Omit<OffloadPoint, 'date'>
  data: OffloadPoint[]
}

/** A pod that ours knows, as an administrator sees it. Times are ISO strings. */
export interface Pod {
  id: number
  host: string
  url: string
  state: 'friend' | 'asked' | 'expelled' | 'quit' | 'none'
  /** 0 to 100. */
  score: number
  software: string | null
  version: string | null
  protocol: number | null
  capabilities: string[]
  createdAt: string
  friendSince: string | null
  lastHeardAt: string | null
  lastSentAt: string | null
  /** Changes that are still to be sent to it. */
  waiting: number
  wholeListUnderWay: boolean
  /** Attempts in a row that did not reach it. */
  failures: number
  nextTryAt: string | null
  lastError: string | null
  /** How many of its videos are found here. */
  videos: number
  blocked?: boolean
}

export type Outcome = 'friend' | 'already' | 'refused' | 'unreachable' | 'incompatible' | 'ourselves' | 'quit' | 'unknown'

/** What became of asking one pod for friendship, or of ending it. */
export interface Asked {
  host: string
  outcome: Outcome
  message: string | null
  /** `entry pod`, or on how many lists it was: `on 2 of 3 lists`. */
  because?: string | null
}

export interface ScoreChange {
  at: string
  change: number
  score: number
  reason: string
}

export interface BlockedPod {
  blockedServer: { host: string }
  createdAt: string
}

export type FollowState = 'pending' | 'accepted' | 'rejected'

/** One end of a follow in ActivityPub: a whole server, an account or a channel. */
export interface FollowActor {
  url: string
  name: string
  host: string
}

export interface Follow {
  id: number
  follower: FollowActor
  following: FollowActor
  state: FollowState
  createdAt: string
}

export interface ServerConfig {
  /** Whether an address or a handle that is not known here is looked for elsewhere. */
  search?: { remoteUri?: { users: boolean; anonymous: boolean } }
  network?: { host: string; entryPods: string[] }
  instance: { name: string; shortDescription: string; defaultNSFWPolicy?: string }
  signup: { allowed: boolean; allowedForCurrentIP: boolean; requiresEmailVerification?: boolean }
  serverVersion: string
  serverCommit?: string
  transcoding?: { hls?: { enabled: boolean }; enabledResolutions?: number[] }
  video?: {
    file?: { extensions: string[] }
    image?: { extensions: string[]; size: { max: number } }
  }
  avatar?: { file?: { size?: { max: number }; extensions?: string[] } }
  user?: { videoQuota: number; videoQuotaDaily: number }
  tracker?: { enabled: boolean }
  defaults?: { p2p?: { webapp?: { enabled: boolean } } }
  views?: { videos?: { watchingInterval?: { anonymous: number; users: number } } }
}
