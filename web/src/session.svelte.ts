/*
 * Who is signed in. `user` is undefined while nobody is or while it is not known yet; `known` tells the two
 * apart, so that a page for members neither flashes a log-in form nor shows an empty list.
 */
import * as api from './api/api'
import { Failure } from './api/failure'
import { keepTokens, readTokens, tokensByPassword, watchTokens } from './api/tokens'
import { administrator, moderator, type ServerConfig, type User } from './api/types'
import { firstConfig } from './first-data'

let user = $state.raw<User | undefined>(undefined)
let known = $state(false)
let config = $state.raw<ServerConfig | undefined>(undefined)

export const session = {
  get user() {
    return user
  },
  get known() {
    return known
  },
  get config() {
    return config
  },
  /** The host by which others know this pod; it may be reached under another name, too. */
  get host() {
    return config?.network?.host ?? location.host
  },
  get mayRegister() {
    return config?.signup.allowed === true && config.signup.allowedForCurrentIP !== false
  },
  get isModerator() {
    return user !== undefined && (user.role.id === administrator || user.role.id === moderator)
  },
  get isAdministrator() {
    return user?.role.id === administrator
  },
}

export function startSession() {
  config = firstConfig()
  if (!config) {
    api.config().then(
      (answer) => (config = answer),
      () => undefined,
    )
  }
  watchTokens((tokens) => {
    if (!tokens) user = undefined
    else if (!user) void loadUser()
  })
  void loadUser()
}

let loading: Promise<void> | undefined

/** Asks who one is; whoever asks while that runs shares the answer. */
export function loadUser(): Promise<void> {
  loading ??= askWhoIAm().finally(() => (loading = undefined))
  return loading
}

async function askWhoIAm() {
  if (!readTokens()) {
    user = undefined
    known = true
    return
  }
  try {
    user = await api.me()
  } catch (error) {
    if (error instanceof Failure && !error.passing) {
      keepTokens(undefined)
      user = undefined
    }
  } finally {
    known = true
  }
}

export async function signIn(name: string, password: string) {
  await tokensByPassword(name, password)
  await loadUser()
}

export async function signOut() {
  await api.revokeToken().catch(() => undefined)
  keepTokens(undefined)
}
