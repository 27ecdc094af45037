/*
 * Engines that are conducted: what comes from the pod and why, what the pod is told, and that playback does not depend on
 * anybody keeping a promise.
 */

import { describe, expect, test, vi } from 'vitest'
import { WELCOME_TIME } from './swarm'
import { numbers, TestConductor } from './test/conductor'
import { PACE, TestPlayer } from './test/player'
import { PodPeer } from './test/pod-peer'
import { Stranger } from './test/stranger'
import { World } from './test/world'

// Whole films of several viewers take a while on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const SIZE = 6_000_000
const PIECE = 65_536
const PIECES = Math.ceil(SIZE / PIECE)

/** A world whose pod conducts. */
function made(size = SIZE): { world: World; conductor: TestConductor } {
  const world = new World(size)
  return { world, conductor: new TestConductor(world) }
}

/** Plays until everybody is through, or as long as given. */
async function run(world: World, players: TestPlayer[], seconds = 60): Promise<void> {
  for (let second = 0; second < seconds && players.some(({ done }) => !done); second++) await world.clock.advance(1000)
}

describe('bytes of the pod', () => {
  test('a viewer who is alone takes everything once, by grants, and never waits', async () => {
    const { world } = made()
    const player = new TestPlayer(world)
    await run(world, [player])
    expect(player).toMatchObject({ done: true, stalled: 0 })
    expect(player.startedAfter).toBeLessThanOrEqual(WELCOME_TIME + 100)
    const { fromPod, fromPodGranted, fromPodRescued, conducted } = player.viewer.engine.stats()
    expect(conducted).toBe(true)
    expect(fromPod).toBe(SIZE)
    expect(fromPodGranted).toBeGreaterThan(SIZE * 0.8)
    expect(fromPodRescued).toBe(0)
    // Grants that hang together are one request.
    expect(world.pod.ranges.length).toBeLessThan(PIECES / 2)
  })

  test('eight who begin at the same time take little more than one copy, and all play', async () => {
    const { world, conductor } = made()
    const players = Array.from({ length: 8 }, () => new TestPlayer(world))
    await run(world, players)
    for (const player of players) {
      expect(player).toMatchObject({ done: true, stalled: 0 })
      expect(player.startedAfter).toBeLessThanOrEqual(1200)
      const { fromPod, fromPeers, fromPodGranted, fromPodInstant, fromPodRescued } = player.viewer.engine.stats()
      expect(fromPodGranted + fromPodInstant + fromPodRescued).toBe(fromPod)
      expect(fromPod + fromPeers).toBe(SIZE)
    }
    // Each takes the first two pieces, as the pod allows.
    const instant = 8 * conductor.settings.instant * PIECE
    expect(world.pod.sent).toBeLessThan((SIZE + instant) * 1.1)
    const told = conductor.reports.reduce((sum, { rescued }) => sum + rescued, 0)
    expect(told).toBe(players.reduce((sum, { viewer }) => sum + viewer.engine.stats().fromPodRescued, 0))
  })

  test('those who come later take next to nothing', async () => {
    const { world } = made()
    const first = new TestPlayer(world)
    await world.clock.advance(15_000)
    const before = world.pod.sent
    const later = [new TestPlayer(world), new TestPlayer(world)]
    await run(world, [first, ...later])
    expect(later.map(({ done, stalled }) => ({ done, stalled }))).toEqual([{ done: true, stalled: 0 }, { done: true, stalled: 0 }])
    expect(before + later.reduce((sum, { viewer }) => sum + viewer.engine.stats().fromPod, 0)).toBeLessThan(SIZE * 1.1)
  })

  test('while the buffer is full and the pod grants nothing, nothing is taken', async () => {
    const { world, conductor } = made(20_000_000)
    conductor.ahead = 40
    const player = new TestPlayer(world)
    await world.clock.advance(2000)
    player.paused = true
    await world.clock.advance(300_000)
    // Forty pieces are thirteen seconds; the player would like to hold thirty.
    expect(world.pod.sent).toBeLessThan(50 * PIECE)
    player.paused = false
    await world.clock.advance(5000)
    expect(player.stalled).toBe(0)
  })

  test('granted pieces are fetched whether the player wants them or not', async () => {
    const { world, conductor } = made()
    conductor.ahead = 0
    const player = new TestPlayer(world)
    await world.clock.advance(3000)
    player.paused = true
    await world.clock.advance(1000)
    world.pod.requests.length = 0
    conductor.grant([{ start: 50, end: 60 }, { start: 70, end: 71 }, { start: PIECES - 1, end: PIECES + 500 }])
    await world.clock.advance(1000)
    expect(world.pod.ranges.sort()).toEqual([`bytes=${50 * PIECE}-${60 * PIECE - 1}`, `bytes=${70 * PIECE}-${71 * PIECE - 1}`, `bytes=${(PIECES - 1) * PIECE}-${SIZE - 1}`].sort())
    expect(player.viewer.engine.stats().fromPodGranted).toBe(11 * PIECE + SIZE - (PIECES - 1) * PIECE)
  })
})

describe('a late welcome', () => {
  test('what a start has taken meanwhile is no rescue', async () => {
    const { world, conductor } = made()
    conductor.settings = { instant: 7, patience: 1000, interval: 2000 }
    conductor.delay = WELCOME_TIME + 300
    const player = new TestPlayer(world)
    await run(world, [player])
    expect(player).toMatchObject({ done: true, stalled: 0 })
    // The second fragment was asked for before the welcome, too.
    expect(player.viewer.engine.stats().fromPodInstant).toBeGreaterThanOrEqual(6 * PIECE)
    expect(conductor.reports[0]?.gained).toEqual([{ start: 0, end: 7 }])
    expect(conductor.reports[0]?.rescued).toBe(0)
  })
})

describe('rescue', () => {
  test('a pod that grants nothing does not stop playback; the first frame waits for the patience', async () => {
    const { world, conductor } = made()
    conductor.ahead = 0
    conductor.settings = { instant: 1, patience: 1500, interval: 2000 }
    const stranger = new Stranger(world)
    await stranger.join()
    const player = new TestPlayer(world)
    await run(world, [player])
    expect(player).toMatchObject({ done: true, stalled: 0 })
    expect(player.startedAfter).toBeGreaterThanOrEqual(600)
    expect(player.startedAfter).toBeLessThan(1100)
    const { fromPodInstant, fromPodRescued } = player.viewer.engine.stats()
    expect(fromPodInstant).toBe(PIECE)
    expect(fromPodRescued).toBe(SIZE - PIECE)
    expect(conductor.reports.reduce((sum, { rescued }) => sum + rescued, 0)).toBe(fromPodRescued)
  })

  // A fragment of two seconds ends in the seventh piece.
  test.each([
    [6, 7],
    [7, 7],
    [5, 5],
  ])('of a start with %d pieces at once, %d are taken at once', async (instant, taken) => {
    const { world, conductor } = made()
    conductor.ahead = 0
    conductor.settings = { instant, patience: 1000, interval: 2000 }
    const stranger = new Stranger(world)
    await stranger.join()
    const player = new TestPlayer(world)
    await run(world, [player])
    expect(player).toMatchObject({ done: true, stalled: 0 })
    expect((player.startedAfter ?? Infinity) < 600).toBe(taken === 7)
    expect(player.viewer.engine.stats().fromPodInstant).toBe(taken * PIECE)
  })

  test('it is due when the buffer is nearly empty, not before', async () => {
    const { world, conductor } = made()
    conductor.ahead = 0
    conductor.settings = { instant: 40, patience: 1000, interval: 2000 }
    const stranger = new Stranger(world)
    await stranger.join()
    const player = new TestPlayer(world)
    // Forty pieces are thirteen seconds.
    await world.clock.advance(10_000)
    expect(player.viewer.engine.stats().fromPodRescued).toBe(0)
    await world.clock.advance(5000)
    expect(player.viewer.engine.stats().fromPodRescued).toBeGreaterThan(0)
    expect(player.stalled).toBe(0)
  })

  test('what follows the first fragment waits while others are on their way', async () => {
    const { world, conductor } = made()
    conductor.settings = { instant: 7, patience: 300, interval: 2000 }
    const { connector } = world.switchboard
    const soon = (): Promise<void> => new Promise((resolve) => world.clock.after(1000, resolve))
    const slow = { offer: () => connector.offer(), answer: (sdp: string) => soon().then(() => connector.answer(sdp)) }
    const first = new TestPlayer(world, {}, { connector: slow })
    await world.clock.advance(10_000)
    const second = new TestPlayer(world)
    await run(world, [first, second])
    expect(second).toMatchObject({ done: true, stalled: 0 })
    expect(second.startedAfter).toBeLessThanOrEqual(400)
    expect(second.viewer.engine.stats()).toMatchObject({ fromPodRescued: 0, fromPodInstant: 7 * PIECE })
  })

  test('a fragment that the player counts bit by bit as buffered is no short buffer', async () => {
    const { world, conductor } = made()
    conductor.settings = { instant: 7, patience: 300, interval: 2000 }
    const first = new TestPlayer(world)
    await world.clock.advance(10_000)
    const begun = world.clock.now()
    const second: TestPlayer = new TestPlayer(world, {
      player: () => {
        const { position, ahead, paused } = second.state()
        const appending = world.clock.now() - begun < 700
        return { position, ahead: appending ? Math.min(ahead, 0.2) : ahead, paused }
      },
    })
    await run(world, [first, second])
    expect(second).toMatchObject({ done: true, stalled: 0 })
    expect(second.viewer.engine.stats()).toMatchObject({ fromPodRescued: 0, fromPodInstant: 7 * PIECE })
  })

  test('only what is missing of a piece is fetched', async () => {
    const { world, conductor } = made()
    conductor.ahead = 0
    conductor.settings = { instant: 0, patience: 1000, interval: 2000 }
    const stranger = new Stranger(world)
    await stranger.join()
    stranger.serve()
    const { answer } = stranger
    // Gives the first two blocks of each piece, and nothing more.
    stranger.answer = (message) => {
      if (message.kind === 'request' && message.begin < 32_768) answer(message)
    }
    const player = new TestPlayer(world)
    await world.clock.advance(100)
    stranger.pretendToSeed()
    await run(world, [player], 20)
    const { fromPod, fromPeers, verified } = player.viewer.engine.stats()
    expect(player.startedAfter).not.toBeNull()
    expect(fromPeers).toBeGreaterThan(0)
    expect(fromPod + fromPeers).toBe(verified * PIECE)
  })

  test.each<[string, (stranger: Stranger) => void]>([
    ['lies about what it has and never answers', () => undefined],
    ['sends garbage for pieces', (stranger) => stranger.serve((data) => data.map((byte) => byte ^ 1))],
  ])('a peer that %s is found out, and playback goes on', async (_name, prepare) => {
    const { world, conductor } = made()
    const honest = new TestPlayer(world)
    const player = new TestPlayer(world)
    await world.clock.advance(3000)
    const stranger = new Stranger(world)
    prepare(stranger)
    await stranger.join()
    stranger.pretendToSeed()
    conductor.ahead = 0
    await run(world, [player, honest], 50)
    expect([player.stalled, honest.stalled, player.done]).toEqual([0, 0, true])
    // It is asked a few times, never without others being asked as well, and then left alone.
    expect(stranger.count('request')).toBeLessThan(PIECES * 2)
    const asked = stranger.count('request')
    player.seek(2)
    await world.clock.advance(5000)
    expect(stranger.count('request') - asked).toBeLessThan(20)
  })
})

describe('what the pod is told', () => {
  test('first who is there, then where it plays, as soon as that is known', async () => {
    const { world, conductor } = made()
    const player = new TestPlayer(world)
    await world.clock.advance(200)
    expect(conductor.hellos).toMatchObject([{ version: 1, swarm: 0, held: [] }])
    expect(conductor.reports[0]).toMatchObject({ swarm: 0, playhead: 0, lead: 0, neighbours: 0 })
    player.leave()
    expect(conductor.heard.at(-1)).toEqual({ kind: 'bye', swarm: 0 })
  })

  test('every piece once, when it comes and when it goes', async () => {
    const { world, conductor } = made()
    const player = new TestPlayer(world, { memoryBytes: 30 * PIECE })
    await run(world, [player])
    await world.clock.advance(5000)
    const gained = conductor.reports.flatMap(({ gained }) => numbers(gained))
    const lost = conductor.reports.flatMap(({ lost }) => numbers(lost))
    expect(new Set(gained).size).toBe(PIECES)
    expect(gained.length - lost.length).toBeLessThanOrEqual(30)
    expect(conductor.viewers[0]?.held.size).toBe(gained.length - lost.length)
  })

  test('a seek at once and a pause soon, and nothing while nothing changes', async () => {
    const { world, conductor } = made()
    const player = new TestPlayer(world)
    await run(world, [player], 5)
    conductor.heard.length = 0
    player.seek(24)
    await world.clock.advance(200)
    expect(conductor.reports[0]).toMatchObject({ playhead: Math.floor((24 * PACE) / PIECE), lead: 0 })
    await world.clock.advance(5000)
    conductor.heard.length = 0
    player.paused = true
    await world.clock.advance(600)
    expect(conductor.reports.at(-1)?.flags).toBe(3)
    await world.clock.advance(10_000)
    conductor.heard.length = 0
    await world.clock.advance(600_000)
    expect(conductor.heard).toEqual([])
  })

  test('no more than four times a second while pieces come in, and rarely else', async () => {
    const { world, conductor } = made(20_000_000)
    const player = new TestPlayer(world)
    await world.clock.advance(20_000)
    expect(conductor.reports.length).toBeLessThan(90)
    expect(player.stalled).toBe(0)
  })

  test('that it is not to be counted on: metered, hidden', async () => {
    const { world, conductor } = made()
    let metered = false
    let hidden = false
    const player = new TestPlayer(world, {}, { metered: () => metered, hidden: () => hidden })
    const flags = async (): Promise<number | undefined> => {
      await world.clock.advance(3000)
      return conductor.reports.at(-1)?.flags
    }
    expect(await flags()).toBe(1)
    hidden = true
    expect(await flags()).toBe(5)
    hidden = false
    metered = true
    expect(await flags()).toBe(4)
    expect(player.stalled).toBe(0)
  })

  test('that nobody can be reached: it plays all the same', async () => {
    const { world, conductor } = made()
    const others = [new TestPlayer(world), new TestPlayer(world)]
    await world.clock.advance(2000)
    const { connector } = world.switchboard
    // Offers and answers are made, and no connection ever opens.
    const blocked: typeof connector = {
      offer: async () => {
        const offer = await connector.offer()
        return offer && { ...offer, accept: () => Promise.resolve(null) }
      },
      answer: async (sdp) => {
        const answer = await connector.answer(sdp)
        return answer && { ...answer, link: Promise.resolve(null) }
      },
    }
    const player = new TestPlayer(world, {}, { connector: blocked })
    await run(world, [player, ...others], 50)
    expect(player).toMatchObject({ done: true, stalled: 0 })
    expect(others.map(({ stalled }) => stalled)).toEqual([0, 0])
    expect(player.viewer.engine.stats()).toMatchObject({ peers: 0, fromPeers: 0, fromPod: SIZE })
    expect(conductor.reports.some(({ flags }) => (flags & 1) === 0)).toBe(true)
  })
})

describe('when things go wrong', () => {
  test('without a welcome the start is not late', async () => {
    const { world, conductor } = made()
    conductor.deaf = true
    const player = new TestPlayer(world)
    await run(world, [player])
    expect(player).toMatchObject({ done: true, stalled: 0 })
    expect(player.startedAfter).toBeLessThanOrEqual(WELCOME_TIME + 100)
    expect(player.viewer.engine.stats().conducted).toBe(false)
    expect(conductor.hellos).toHaveLength(1)
    expect(conductor.reports).toEqual([])
  })

  test('a pod that is gone is done without, and taken up again when it is back', async () => {
    const { world, conductor } = made(20_000_000)
    const player = new TestPlayer(world)
    await world.clock.advance(5000)
    world.tracker.hangUp()
    world.tracker.down = true
    await world.clock.advance(5000)
    expect(player.viewer.engine.stats().conducted).toBe(true)
    await world.clock.advance(10_000)
    expect(player.viewer.engine.stats().conducted).toBe(false)
    world.tracker.down = false
    conductor.heard.length = 0
    await world.clock.advance(40_000)
    expect(player.viewer.engine.stats().conducted).toBe(true)
    expect(conductor.hellos).toHaveLength(1)
    expect(numbers(conductor.hellos[0]?.held ?? []).length).toBeGreaterThan(10)
    expect(player.stalled).toBe(0)
  })

  test('a jump of the clock is no reason for a rescue, nor for a hang', async () => {
    const { world, conductor } = made(20_000_000)
    const players = [new TestPlayer(world), new TestPlayer(world)]
    await world.clock.advance(5000)
    const requests = world.pod.ranges.length
    for (const gap of [7_200_000, -3_600_000, 60_000]) {
      world.clock.jump(gap)
      await world.clock.advance(3000)
    }
    expect(players.map(({ stalled }) => stalled)).toEqual([0, 0])
    expect(players.map(({ viewer }) => viewer.engine.stats())).toMatchObject([{ peers: 1, dropped: 0 }, { peers: 1, dropped: 0 }])
    expect(players.every(({ viewer }) => viewer.engine.stats().fromPodRescued === 0)).toBe(true)
    expect(world.pod.ranges.length - requests).toBeLessThan(40)
    await world.clock.advance(30_000)
    expect(players.map(({ stalled }) => stalled)).toEqual([0, 0])
    expect(conductor.viewers).toHaveLength(2)
  })

  test('settings that make no sense are taken within bounds', async () => {
    const { world, conductor } = made()
    conductor.settings = { instant: 0xffff_ffff, patience: 0xffff_ffff, interval: 0 }
    conductor.ahead = 0
    const player = new TestPlayer(world)
    await run(world, [player], 10)
    conductor.change({ instant: 0, patience: 0, interval: 0xffff_ffff })
    conductor.grant([{ start: 0, end: 0xffff_ffff }])
    await run(world, [player])
    expect(player).toMatchObject({ done: true, stalled: 0 })
    expect(conductor.reports.length).toBeLessThan(200)
  })

  test.each<[string, (world: World) => void]>([
    ['is refused', (world) => (world.pod.status = 403)],
    ['is silent', (world) => (world.pod.silent = true)],
  ])('HTTP that %s is replaced by the pod as a peer', async (_name, block) => {
    const { world } = made()
    const peer = new PodPeer(world)
    block(world)
    const player = new TestPlayer(world)
    await run(world, [player])
    expect(player.done).toBe(true)
    expect(player.startedAfter).toBeLessThan(6000)
    expect(player.viewer.engine.stats()).toMatchObject({ fromPod: SIZE, fromPodByPeer: SIZE, fromPeers: 0, conducted: true })
    expect(peer.sent).toBeLessThan(SIZE * 1.2)
    expect(world.pod.ranges.length).toBeLessThan(30)
  })

  test('a quality switch leaves the old swarm its viewers and is told as a pause', async () => {
    const { world, conductor } = made()
    const other = { ...world.pod.file, fileUrl: 'http://pod/other.mp4', infoHash: '00'.repeat(20) }
    const viewer = world.engine({ files: [world.pod.file, other] })
    await viewer.play(0, 1_000_000)
    const second = new TestPlayer(world)
    await world.clock.advance(1000)
    conductor.heard.length = 0
    // The other rendition has no torrent here: it plays over HTTP.
    viewer.load(0, 100_000, { url: 'http://pod/other.mp4' })
    await world.clock.advance(2000)
    expect(conductor.reports.some(({ flags }) => flags === 3)).toBe(true)
    const before = viewer.engine.stats().toPeers
    await run(world, [second])
    expect(second).toMatchObject({ done: true, stalled: 0 })
    expect(viewer.engine.stats().toPeers + before).toBeGreaterThan(0)
  })

  test('HTTP that fails is replaced by viewers', async () => {
    const { world } = made()
    const first = new TestPlayer(world)
    await run(world, [first])
    world.pod.status = 503
    const second = new TestPlayer(world)
    await run(world, [second])
    expect(second).toMatchObject({ done: true, stalled: 0 })
    expect(second.viewer.engine.stats()).toMatchObject({ fromPod: 0, fromPeers: SIZE })
  })
})
