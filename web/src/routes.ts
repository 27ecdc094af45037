/*
 * Every page and its address, to be read top to bottom. The home page is in the first bundle; the others, and the
 * player with them, load when they are asked for.
 */
import type { Component } from 'svelte'
import { match } from './match'
import Home from './pages/Home.svelte'

// Pages that take no parts of the address declare no props, which TypeScript counts as another type.
export type Page = Component<any>
export type Load = () => Promise<{ default: Page }>

export interface Route {
  pattern: string
  page?: Page
  load?: Load
  /** Pages for members send others to the log-in page. */
  members?: boolean
  /** Without header and footer. */
  bare?: boolean
}

const watch: Load = () => import('./pages/Watch.svelte')
const channel: Load = () => import('./pages/Channel.svelte')
const account: Load = () => import('./pages/Account.svelte')

export const routes: Route[] = [
  { pattern: '/', page: Home },
  { pattern: '/videos/browse', page: Home },
  { pattern: '/search', load: () => import('./pages/Search.svelte') },
  { pattern: '/w/:id', load: watch },
  { pattern: '/videos/watch/:id', load: watch },
  { pattern: '/videos/embed/:id', load: () => import('./pages/Embed.svelte'), bare: true },
  { pattern: '/c/:name', load: channel },
  { pattern: '/c/:name/videos', load: channel },
  { pattern: '/a/:name', load: account },
  { pattern: '/a/:name/video-channels', load: account },
  { pattern: '/login', load: () => import('./pages/Login.svelte') },
  { pattern: '/signup', load: () => import('./pages/Signup.svelte') },
  { pattern: '/videos/upload', load: () => import('./pages/Upload.svelte'), members: true },
  { pattern: '/videos/update/:id', load: () => import('./pages/EditVideo.svelte'), members: true },
  { pattern: '/my-library/videos', load: () => import('./pages/MyVideos.svelte'), members: true },
  { pattern: '/my-library/video-channels', load: () => import('./pages/MyChannels.svelte'), members: true },
  { pattern: '/my-account/settings', load: () => import('./pages/Settings.svelte'), members: true },
  { pattern: '/admin/users', load: () => import('./pages/AdminUsers.svelte'), members: true },
  { pattern: '/admin/jobs', load: () => import('./pages/AdminJobs.svelte'), members: true },
  { pattern: '/admin/swarms', load: () => import('./pages/AdminSwarms.svelte'), members: true },
  { pattern: '/admin/network', load: () => import('./pages/AdminNetwork.svelte'), members: true },
  { pattern: '/about', load: () => import('./pages/About.svelte') },
]

export const missing: Route = { pattern: '*', load: () => import('./pages/NotFound.svelte') }

export function findRoute(path: string): { route: Route; parts: Record<string, string> } {
  for (const route of routes) {
    const parts = match(route.pattern, path)
    if (parts) return { route, parts }
  }
  return { route: missing, parts: {} }
}
