# libtorrent as a seeder and as one who takes: `seed TORRENT FOLDER` says its port and stays, `take TORRENT FOLDER PORT` takes the file
# from whoever is at that port of this machine and says "done" when it has all of it. No trackers, no other ways than TCP.
import sys
import time

import libtorrent

mode, torrent, folder = sys.argv[1:4]
session = libtorrent.session({
    'listen_interfaces': '127.0.0.1:0',
    'allow_multiple_connections_per_ip': True,
    'enable_dht': False,
    'enable_lsd': False,
    'enable_natpmp': False,
    'enable_upnp': False,
    'enable_incoming_utp': False,
    'enable_outgoing_utp': False,
    'in_enc_policy': libtorrent.enc_policy.pe_disabled,
    'out_enc_policy': libtorrent.enc_policy.pe_disabled,
})
wanted = libtorrent.add_torrent_params()
wanted.ti = libtorrent.torrent_info(torrent)
wanted.save_path = folder
wanted.trackers = []
if mode == 'seed':
    wanted.flags |= libtorrent.torrent_flags.seed_mode
handle = session.add_torrent(wanted)
if mode == 'seed':
    print(session.listen_port(), flush=True)
    while True:
        time.sleep(60)
time.sleep(0.5)
handle.connect_peer(('127.0.0.1', int(sys.argv[4])))
while not handle.status().is_seeding:
    time.sleep(0.05)
print('done', flush=True)
