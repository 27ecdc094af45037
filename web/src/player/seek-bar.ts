/*
 * media-chrome's seek bar without its animation: that asks for a new picture of the page sixty times a second, and for the
 * page's layout with it, to move a bar by parts of a pixel. Without it the bar moves when the player says where it is, four
 * times a second. As long as it believes that nothing plays, it does not animate.
 */

import MediaTimeRange from 'media-chrome/dist/media-time-range.js'

class SeekBar extends MediaTimeRange {
  override get mediaPaused(): boolean {
    return true
  }

  override set mediaPaused(_paused: boolean) {
    // The controller says it by an attribute; nothing else sets it.
  }
}

if (!customElements.get('seek-bar')) customElements.define('seek-bar', SeekBar)
