//! Makes the torrent of a file by hand: `torrent FILE OUT TRACKER...` writes it, prints its magnet link and how fast the hashing went. It
//! exists to check our torrents with other programs and to measure; the pod itself hashes while it publishes.

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::time::Instant;

use bittorrent::{Hasher, Magnet, Metainfo};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, out, trackers @ ..] = &arguments[..] else {
        return Err("usage: torrent FILE OUT TRACKER...".into());
    };
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut hasher = Hasher::for_size(size);
    let mut buffer = vec![0; 4 << 20];
    let mut hashing = std::time::Duration::ZERO;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        let start = Instant::now();
        hasher.update(&buffer[..count]);
        hashing += start.elapsed();
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let torrent = hasher.finish(name, trackers)?;
    std::fs::write(out, &torrent.bytes)?;
    let magnet = Magnet {
        infohash: torrent.infohash,
        name: Some(name.to_owned()),
        length: Some(size),
        source: None,
        trackers: trackers.to_vec(),
    };
    println!("{magnet}");
    println!(
        "{} pieces of {} bytes, root {}",
        torrent.piece_count, torrent.piece_length, torrent.root
    );
    println!(
        "hashed {:.2} GB/s",
        size as f64 / 1e9 / hashing.as_secs_f64()
    );

    let metainfo = Metainfo::parse(&torrent.bytes)?;
    let bytes = std::fs::read(path)?;
    let pieces = bytes.chunks(torrent.piece_length as usize).zip(0..);
    let good = pieces
        .filter(|(bytes, index)| metainfo.holds(*index, bytes))
        .count();
    println!("{good} pieces verified");
    Ok(())
}
