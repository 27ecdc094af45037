// Clients of a seeder over WebRTC, told what to do line by line: `clients.mjs node|chromium TRACKER INFOHASH LENGTH PIECE_LENGTH` connects
// and says "ready". Then "take" has it take the whole file, "idle N" has N more peers connect, and "stay" makes sure that all are still
// there; each is followed by a line "done". They end with their input.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { meet, Wire } from './wire.mjs'

const [kind, tracker, infohash, length, pieceLength] = process.argv.slice(2)
const torrent = { infohash, length: Number(length), pieceLength: Number(pieceLength) }

/** Peers of node-datachannel. */
const inNode = async () => {
    const { default: library } = await import('node-datachannel')
    const { WebSocket } = await import('ws')
    const kept = []
    const connect = async () => {
        const connection = new library.PeerConnection('client', { iceServers: [] })
        const gathered = new Promise(done => connection.onGatheringStateChange(state => state === 'complete' && done()))
        const channel = connection.createDataChannel('wire')
        kept.push([connection, channel])
        await gathered
        const open = new Promise((done, failed) => {
            channel.onOpen(done)
            channel.onError(error => failed(new Error(error)))
            setTimeout(() => failed(new Error('the channel does not open')), 20000).unref()
        })
        connection.setRemoteDescription(await meet(WebSocket, tracker, infohash, connection.localDescription().sdp), 'answer')
        await open
        const wire = new Wire(bytes => channel.sendMessageBinary(bytes), torrent)
        channel.onClosed(() => wire.fail('the seeder has closed the channel'))
        channel.onMessage(bytes => wire.hear(bytes))
        return wire
    }
    const wire = await connect()
    await wire.begin()
    return {
        take: () => wire.take(),
        async idle (peers) {
            const few = Array.from({ length: 4 }, async () => { while (peers-- > 0) await connect() })
            await Promise.all(few)
        },
        /** Fails unless everybody who came is still there. */
        stay () {
            const gone = kept.filter(([, channel]) => !channel.isOpen())
            if (gone.length > 0) throw new Error(`${gone.length} of ${kept.length} peers were let go`)
        },
        async end () {}
    }
}

/** One page of Chromium. */
const inChromium = async () => {
    const { chromium } = createRequire(process.cwd() + '/web/package.json')('playwright-core')
    const script = readFileSync(new URL('wire.mjs', import.meta.url))
    const site = createServer((request, response) => request.url === '/wire.mjs'
        ? response.setHeader('content-type', 'text/javascript').end(script)
        : response.setHeader('content-type', 'text/html').end('<title>client</title>'))
    await new Promise(done => site.listen(0, '127.0.0.1', done))
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${site.address().port}`)
    await page.evaluate(async ([tracker, torrent]) => {
        const { meet, Wire } = await import('/wire.mjs')
        const connection = new RTCPeerConnection({ iceServers: [] })
        const channel = connection.createDataChannel('wire')
        channel.binaryType = 'arraybuffer'
        const gathered = new Promise(done => { connection.onicegatheringstatechange = () => connection.iceGatheringState === 'complete' && done() })
        await connection.setLocalDescription()
        await gathered
        const open = new Promise((done, failed) => {
            channel.onopen = done
            setTimeout(() => failed(new Error(`the channel does not open: ${connection.iceConnectionState}`)), 20000)
        })
        const sdp = await meet(WebSocket, tracker, torrent.infohash, connection.localDescription.sdp)
        await connection.setRemoteDescription({ type: 'answer', sdp })
        await open
        const wire = new Wire(bytes => channel.send(bytes), torrent)
        channel.onclose = () => wire.fail('the seeder has closed the channel')
        channel.onmessage = ({ data }) => wire.hear(new Uint8Array(data))
        await wire.begin()
        window.client = { wire, connection }
    }, [tracker, torrent])
    return {
        take: () => page.evaluate(() => window.client.wire.take()),
        async end () {
            await browser.close()
            site.close()
        }
    }
}

let client
process.on('SIGTERM', async () => {
    await client?.end()
    process.exit(0)
})
client = await { node: inNode, chromium: inChromium }[kind]()
console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
    const [what, number] = line.split(' ')
    await client[what](Number(number))
    console.log('done')
}
await client.end()
process.exit(0)
