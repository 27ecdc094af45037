// WebTorrent's seeder in Node.js: `webtorrent.mjs FILE TRACKER` shares one file with browsers and says on a line of JSON what it is called.

import WebTorrent from 'webtorrent'

const [file, tracker] = process.argv.slice(2)
const client = new WebTorrent({ dht: false, lsd: false, utp: false, natUpnp: false, natPmp: false, tracker: {} })
client.on('error', error => { console.error(error); process.exit(1) })
client.seed(file, { announceList: [[tracker]] }, ({ infoHash, length, pieceLength }) =>
    console.log(JSON.stringify({ infohash: infoHash, length, piece_length: pieceLength })))
process.on('SIGTERM', () => process.exit(0))
