/*
 * People talk below a video: one writes, another answers, likes come and go, what is deleted leaves a gap where it was answered, and
 * the owner decides first what everybody sees. None of it is asked for before somebody comes near it.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { browser, looks, minute, noBarriers, plays, signedIn, startPod, until } from './pod.mjs'

let pod, video, people, address
before(async () => {
  pod = await startPod({ SHOAL_TRANSCODING_HEIGHTS: '144' })
  people = await Promise.all([browser(), browser(), browser()])
  video = await pod.publish(minute(), { name: 'A whale passes by' })
  address = `${pod.address}/w/${video.shortUUID}`
  const ann = { username: 'ann', password: 'ann-password', email: 'ann@example.org', role: 2, videoQuota: -1, videoQuotaDaily: -1 }
  const headers = { ...video.headers, 'content-type': 'application/json' }
  await pod.json('/api/v1/users', { method: 'POST', headers, body: JSON.stringify(ann) })
})
after(async () => {
  await Promise.all((people ?? []).map((person) => person.close()))
  await pod?.end()
})

const threads = async () => (await pod.json(`/api/v1/videos/${video.uuid}/comment-threads`)).data
const counts = async () => pod.json(`/api/v1/videos/${video.uuid}`)

/** Opens the video's page and goes down to what is said. */
async function comeNear(page) {
  await page.goto(address)
  await plays(page, 0.2)
  await page.locator('.discussion').scrollIntoViewIfNeeded()
  await page.locator('[data-comment], [data-comments=none]').first().waitFor()
}

test('nothing of it is asked for before one comes near', async () => {
  const page = await people[2].newPage({ viewport: { width: 1280, height: 500 } })
  const asked = []
  page.on('request', (request) => /comment/i.test(request.url()) && asked.push(request.url()))
  await page.goto(address)
  await plays(page, 1)
  assert.deepEqual(asked, [])
  await page.locator('.discussion').scrollIntoViewIfNeeded()
  await page.locator('[data-comments=none]').waitFor()
  assert.equal(asked.filter((url) => url.includes('/comment-threads')).length, 1)
  await page.locator('.discussion').getByRole('link', { name: 'Sign in' }).waitFor()
  await page.locator('[data-opinion=like]').click()
  await page.getByText('Sign in to say what you think of it.').waitFor()
  await page.close()
})

let ann, root
test('one writes, the owner answers', async () => {
  ann = await signedIn(pod, people[0], 'ann')
  root = await signedIn(pod, people[1])
  await comeNear(ann)
  await ann.getByLabel('Write a comment').fill('It comes up at 0:30, <b>look</b>!')
  await ann.keyboard.press('Control+Enter')
  const first = ann.locator('[data-comment]').first()
  await first.waitFor()
  assert.match(await first.innerText(), /<b>look<\/b>/, 'what looks like HTML stays text')
  await ann.getByRole('heading', { name: '1 comment' }).waitFor()
  await first.getByRole('button', { name: '0:30' }).click()
  await until('the time led into the film', () => ann.evaluate(() => document.querySelector('video').currentTime >= 29))

  await comeNear(root)
  await root.locator('[data-do=reply]').first().click()
  await root.keyboard.type('So it does.')
  await root.locator('form').getByRole('button', { name: 'Reply', exact: true }).click()
  await root.locator('[data-level="1"]').getByText('So it does.').waitFor()
  await root.getByRole('heading', { name: '2 comments' }).waitFor()

  await comeNear(ann)
  await ann.getByRole('button', { name: '1 reply' }).click()
  await ann.locator('[data-level="1"]').getByText('Owner of the video').waitFor()
  await looks(ann, 'comments', '.discussion')
  assert.deepEqual([...ann.policies, ...root.policies], [])
})

test('a like counts once, and is taken back by a second press', async () => {
  const like = ann.locator('[data-opinion=like]')
  await like.click()
  assert.equal(await like.getAttribute('aria-pressed'), 'true')
  await until('the pod has counted it', async () => (await counts()).likes === 1, 10)
  await ann.locator('[data-opinion=dislike]').click()
  await until('it is a dislike now', async () => {
    const { likes, dislikes } = await counts()
    return likes === 0 && dislikes === 1
  }, 10)
  await ann.reload()
  await ann.locator('[data-opinion=dislike][aria-pressed=true][data-count="1"]').waitFor()
  await ann.locator('[data-opinion=dislike]').click()
  await until('it is taken back', async () => (await counts()).dislikes === 0, 10)
})

test('what the pod does not take is taken back on the page', async () => {
  await ann.route('**/rate', (route) => route.fulfill({ status: 500 }))
  const like = ann.locator('[data-opinion=like]')
  await like.click()
  await ann.getByText('The pod had a problem of its own.').waitFor()
  assert.deepEqual([await like.getAttribute('aria-pressed'), await like.getAttribute('data-count')], ['false', '0'])
  await ann.unroute('**/rate')
})

test('what is deleted can be had back for a moment, and leaves a gap where it was answered', async () => {
  await comeNear(ann)
  const own = ann.locator('[data-comment]').first()
  const remove = own.locator('[data-do=delete]').first()
  await remove.click()
  await own.getByText('This comment was deleted.').waitFor()
  await ann.getByRole('button', { name: 'Undo' }).click()
  await own.getByText('It comes up at').waitFor()
  assert.equal((await threads())[0].isDeleted, false)
  await remove.click()
  await until('the pod has deleted it', async () => (await threads())[0].isDeleted, 20)
  await ann.getByRole('button', { name: '1 reply' }).waitFor()
  await noBarriers(ann)
})

test('the owner looks first, if that is wanted', async () => {
  await root.goto(`${pod.address}/videos/update/${video.shortUUID}`)
  await root.getByLabel('Comments', { exact: true }).selectOption('3')
  await looks(root, 'comments-form', 'select:last-of-type')
  await root.getByRole('button', { name: 'Save' }).click()
  await root.waitForURL(address)

  await comeNear(ann)
  await ann.getByLabel('Write a comment').fill('Is this seen?')
  await ann.getByRole('button', { name: 'Comment', exact: true }).click()
  await ann.locator('[data-comment]').first().getByText('Waits for approval').waitFor()
  assert.equal((await threads()).length, 1)

  await comeNear(root)
  await looks(root, 'comments-held', '.discussion')
  await root.locator('[data-do=approve]').click()
  await until('everybody sees it', async () => (await threads()).length === 2, 10)
  await root.locator('[data-do=approve]').waitFor({ state: 'detached' })
})
