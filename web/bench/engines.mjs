/*
 * The players that are compared, as far as the bench has to tell them apart: where a viewer goes, how one chooses a
 * height there, and what the player says of its own traffic. The two that are not ours play in a bare page (watch.js)
 * that a small server of this bench hands out, which spares them all that a site has around its player.
 */

/** Runs in the page of the pod: a click on the player's menu. */
async function clickQuality(height) {
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))
  const menu = document.querySelector('.settings')
  const button = menu.querySelector('button')
  if (button.getAttribute('aria-expanded') !== 'true') button.click()
  await frame()
  const label = [...menu.querySelectorAll('label')].find((one) => one.textContent.trim() === `${height}p`)
  if (!label) throw new Error(`the menu offers no ${height}p: ${menu.textContent}`)
  label.querySelector('input').click()
  await frame()
  button.click()
}

/** Runs in the page of the pod: every number that the page shows of its engine. */
function shownStats() {
  const shown = {}
  for (const { dataset } of document.querySelectorAll('[data-stat]')) {
    if (dataset.bytes ?? dataset.count) shown[dataset.stat] = Number(dataset.bytes ?? dataset.count)
  }
  return shown
}

const bare = (name) => ({
  address: ({ site, playlist, tracker }) => `${site}/${name}?${new URLSearchParams({ playlist, tracker })}`,
  prepare: undefined,
  choose: (page, height) => page.evaluate((height) => globalThis.choose(height), height),
  stats: (page) => page.evaluate(() => globalThis.engineStats),
})

export const engines = {
  shoal: {
    label: 'Shoal',
    address: ({ watch }) => watch,
    // What this browser reached last time, as a returning viewer has it: both pages then begin with the best rendition.
    prepare: () => localStorage.setItem('shoal.bandwidth', '20000000'),
    choose: (page, height) => page.evaluate(clickQuality, height),
    stats: (page) => page.evaluate(shownStats),
  },
  p2pml: { label: 'p2p-media-loader 2.3.1', ...bare('p2pml') },
  hls: { label: 'hls.js alone', ...bare('hls') },
}
