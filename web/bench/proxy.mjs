/*
 * The place outside all servers where bytes are counted: a relay of TCP connections that passes on what it gets, reads
 * along and keeps sums. Downwards each connection has the speed of a viewer's line, because on a loopback the kernel
 * would take megabytes that a browser has long given up on, and they would count as sent. The server's own buffers,
 * which a fast line would have drained as little, are behind it and count for nobody.
 */
import { createServer, connect } from 'node:net'
import { Conversation, Tally } from './conversation.mjs'

/** Relays to a port of this machine. `rate`: bytes per second of one connection to the browser. */
export class Proxy {
  #server
  #tally = new Tally()
  #open = new Set()

  static async start(target, rate) {
    const proxy = new Proxy()
    proxy.#server = createServer({ noDelay: true }, (browser) => proxy.#relay(browser, target, rate))
    await new Promise((done) => proxy.#server.listen(0, '127.0.0.1', done))
    return proxy
  }

  get port() {
    return this.#server.address().port
  }

  /** The sums since the last call, which begin anew. */
  take() {
    const tally = this.#tally
    this.#tally = new Tally()
    return tally
  }

  async end() {
    for (const socket of this.#open) socket.destroy()
    await new Promise((done) => this.#server.close(done))
  }

  #relay(browser, target, rate) {
    const server = connect({ port: target, host: '127.0.0.1', noDelay: true })
    const conversation = new Conversation(() => this.#tally)
    let timer
    const over = () => {
      clearTimeout(timer)
      for (const socket of [browser, server]) {
        this.#open.delete(socket)
        socket.destroy()
      }
    }
    for (const socket of [browser, server]) {
      this.#open.add(socket)
      socket.on('error', over)
      socket.on('close', () => (socket === browser ? over() : undefined))
    }
    browser.on('data', (chunk) => {
      conversation.fromBrowser(chunk)
      if (!server.write(chunk)) {
        browser.pause()
        server.once('drain', () => browser.resume())
      }
    })
    // What a connection may send at once after a pause: a hundredth of a second's worth.
    let free = 0
    server.on('data', (chunk) => {
      conversation.toBrowser(chunk)
      const now = performance.now()
      free = Math.max(free, now - 10) + (chunk.length / rate) * 1000
      const taken = browser.write(chunk)
      const wait = free - now
      if (taken && wait < 1) return
      server.pause()
      const goOn = () => {
        timer = setTimeout(() => server.resume(), Math.max(0, free - performance.now()))
      }
      if (taken) goOn()
      else browser.once('drain', goOn)
    })
    server.on('end', () => browser.end())
    browser.on('end', () => server.end())
  }
}
