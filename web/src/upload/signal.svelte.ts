/*
 * The little that the rest of the site knows about uploads: how many run and how far they are together. Apart from
 * the queue itself so that the home page does not load the whole uploader.
 */
import { percent } from '../format'
import { currentLanguage } from '../messages/messages.svelte'

let active = $state(0)
let share = $state(0)

export const uploads = {
  get active() {
    return active
  },
  get percentText() {
    return percent(share, currentLanguage())
  },
}

export function signalUploads(running: number, doneShare: number) {
  active = running
  share = doneShare
}
