// A client of one torrent, in Node.js and in a page alike: it finds whoever seeds through a tracker, and takes the file block by block by
// the peer protocol. Blocks are looked at and thrown away, because the other side is what is measured.

const BLOCK = 16384
// As many as common clients keep asked for.
const ASKED = 250

const latin = hex => hex.replace(/../g, pair => String.fromCharCode(parseInt(pair, 16)))
const name = () => '-SB0001-' + Math.random().toFixed(12).slice(2)

/** Gives an offer to whoever seeds and returns the answer; the tracker is asked again until somebody does. */
export const meet = (Socket, tracker, infohash, sdp) => new Promise((found, failed) => {
    const socket = new Socket(tracker)
    const announce = {
        action: 'announce', info_hash: latin(infohash), peer_id: name(), numwant: 1, left: 1e9, uploaded: 0, downloaded: 0,
        event: 'started', offers: [{ offer_id: ('0'.repeat(8) + name()).slice(-20), offer: { type: 'offer', sdp } }]
    }
    const ask = () => socket.send(JSON.stringify(announce))
    const again = setInterval(() => socket.readyState === 1 && ask(), 3000)
    const end = (how, what) => { clearInterval(again); clearTimeout(late); socket.close(); how(what) }
    const late = setTimeout(() => end(failed, new Error('nobody answers')), 30000)
    socket.onopen = ask
    socket.onerror = () => end(failed, new Error('the tracker is not there'))
    socket.onmessage = ({ data }) => {
        const { answer } = JSON.parse(data)
        if (answer) end(found, answer.sdp)
    }
})

/** Speaks the peer protocol over a channel: `send` takes bytes, `hear` is to be called with those that come. */
export class Wire {
    #send
    #torrent
    #parts = []
    #held = 0
    #greeted = false
    #unchoked
    #next = 0
    #came = 0
    #done
    #failed

    constructor (send, torrent) {
        this.#send = send
        this.#torrent = torrent
        const hello = new Uint8Array(68)
        const text = '\x13BitTorrent protocol' + '\0'.repeat(8) + latin(torrent.infohash) + name()
        for (let i = 0; i < 68; i++) hello[i] = text.charCodeAt(i)
        send(hello)
    }

    /** Says that it wants the file and waits for its turn. */
    begin () {
        return new Promise(turn => {
            this.#unchoked = turn
            this.#send(Uint8Array.of(0, 0, 0, 1, 2))
        })
    }

    /** Takes the whole file. */
    take () {
        return new Promise((done, failed) => {
            [this.#next, this.#came, this.#done, this.#failed] = [0, 0, done, failed]
            this.#ask(ASKED)
        })
    }

    /** Ends what is being taken. */
    fail (why) {
        this.#failed?.(new Error(why))
    }

    hear (bytes) {
        this.#parts.push(bytes)
        this.#held += bytes.length
        for (;;) {
            if (!this.#greeted) {
                if (this.#held < 68) return
                this.#pull(68)
                this.#greeted = true
            }
            if (this.#held < 4) return
            const head = this.#peek(4)
            const length = new DataView(head.buffer, head.byteOffset).getUint32(0)
            if (this.#held < 4 + length) return
            this.#message(this.#pull(4 + length).subarray(4))
        }
    }

    #message (message) {
        if (message[0] === 1) this.#unchoked?.()
        if (message[0] !== 7) return
        const { length, pieceLength } = this.#torrent
        const view = new DataView(message.buffer, message.byteOffset)
        const offset = view.getUint32(1) * pieceLength + view.getUint32(5)
        // Each block of the file begins with its number.
        if (view.getUint32(9) !== offset / BLOCK || message.length - 9 !== Math.min(BLOCK, length - offset)) {
            this.fail(`a wrong block at ${offset}`)
        }
        this.#came += message.length - 9
        if (this.#came === length) this.#done()
        else this.#ask(1)
    }

    #ask (most) {
        const { length, pieceLength } = this.#torrent
        const blocks = Math.min(most, Math.ceil((length - this.#next) / BLOCK))
        if (blocks <= 0) return
        const requests = new DataView(new ArrayBuffer(17 * blocks))
        for (let i = 0; i < blocks; i++, this.#next += BLOCK) {
            const numbers = [13, Math.floor(this.#next / pieceLength), this.#next % pieceLength, Math.min(BLOCK, length - this.#next)]
            numbers.forEach((number, n) => requests.setUint32(17 * i + 4 * n + (n ? 1 : 0), number))
            requests.setUint8(17 * i + 4, 6)
        }
        this.#send(new Uint8Array(requests.buffer))
    }

    /** The first bytes in one piece. */
    #peek (length) {
        if (this.#parts[0].length < length) {
            const all = new Uint8Array(this.#held)
            let at = 0
            for (const part of this.#parts) {
                all.set(part, at)
                at += part.length
            }
            this.#parts = [all]
        }
        return this.#parts[0].subarray(0, length)
    }

    #pull (length) {
        const bytes = this.#peek(length)
        if (this.#parts[0].length === length) this.#parts.shift()
        else this.#parts[0] = this.#parts[0].subarray(length)
        this.#held -= length
        return bytes
    }
}
