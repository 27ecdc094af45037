/*
 * Starts the page: theme and language first, so that nothing is painted twice, then the frame.
 */
import { mount } from 'svelte'
import './styles/tokens.css'
import './styles/base.css'
import App from './App.svelte'
import { keepListsOverReload } from './endless.svelte'
import { preferredLanguage, useLanguage } from './messages/messages.svelte'
import { hurryToTracker } from './player/early'
import { route, startRouter } from './router.svelte'
import { findRoute } from './routes'
import { startSession } from './session.svelte'
import { startTheme } from './theme.svelte'
import { endAllToasts } from './toasts.svelte'

startTheme()
startRouter()
keepListsOverReload(() => route.key)
startSession()
hurryToTracker(findRoute(route.path).parts.id)
addEventListener('pagehide', endAllToasts)

// Start loading the page's code while the texts of another language may still be on their way.
void findRoute(route.path).route.load?.().catch(() => undefined)
await useLanguage(preferredLanguage()).catch(() => undefined)

const place = document.getElementById('app')
if (place) mount(App, { target: place })
