/*
 * media-chrome's seek bar without its animation: that asks for a new picture of the page sixty times a second, and for the
 * page's layout with it, to move a bar by parts of a pixel. Without it the bar moves when the player says where it is, four
 * times a second. As long as it believes that nothing plays, it does not animate. While nobody sees it (the attribute `quiet`)
 * it stays where it is: each step makes the page's styles and layout anew.
 */

import MediaTimeRange from 'media-chrome/dist/media-time-range.js'

/** What changes by itself while a film plays. */
const moving = ['mediacurrenttime', 'mediabuffered']

class SeekBar extends MediaTimeRange {
  static override get observedAttributes(): string[] {
    return [...super.observedAttributes, 'quiet']
  }

  override attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (name === 'quiet') {
      if (now === null) for (const each of moving) super.attributeChangedCallback(each, null, this.getAttribute(each))
    } else if (!moving.includes(name) || !this.hasAttribute('quiet')) {
      super.attributeChangedCallback(name, before, now)
    }
  }

  override get mediaPaused(): boolean {
    return true
  }

  override set mediaPaused(_paused: boolean) {
    // The controller says it by an attribute; nothing else sets it.
  }
}

if (!customElements.get('seek-bar')) customElements.define('seek-bar', SeekBar)
