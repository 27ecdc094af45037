//! A pod's WebRTC port without a pod, for measuring it against other programs' peers. Lines come in and go out as JSON: an offer
//! `{"id":1,"offer":".."}` is answered by `{"id":1,"answer":".."}`, `{"stats":true}` by processor time, memory and peers. A peer that
//! sends `flood N` on its channel gets N messages of the size of a block of BitTorrent, and whatever else it sends comes back.
//!
//! `webrtc [ADDR:PORT [CANDIDATE..]]`

use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;

use bytes::Bytes;
use datachannel::{Event, PeerKey};
use peers::webrtc::{Config, Port};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

/// Sixteen KiB and the head of a piece message.
const MESSAGE: usize = 16 * 1024 + 13;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut addresses = std::env::args()
        .skip(1)
        .map(|text| text.parse::<SocketAddr>());
    let address = addresses.next().unwrap_or("127.0.0.1:0".parse())?;
    let candidates: Vec<SocketAddr> = addresses.collect::<Result<_, _>>()?;
    // Nothing here is worth guessing.
    let mut port = Port::open(Config::default(), address, &candidates, [7; 32])?;
    println!("{}", json!({ "address": port.address()?.to_string() }));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut floods: HashMap<PeerKey, usize> = HashMap::new();
    let message = Bytes::from(vec![7; MESSAGE]);
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => println!("{}", answer(&mut port, &line)?),
                None => return Ok(()),
            },
            event = port.next() => match event? {
                Event::Open(_) => {}
                Event::Data(key, bytes) => {
                    let text = str::from_utf8(&bytes).unwrap_or_default();
                    match text.strip_prefix("flood ").map(str::parse) {
                        Some(count) => drop(floods.insert(key, count?)),
                        None => drop(port.write(key, bytes)),
                    }
                    flood(&mut port, key, &mut floods, &message);
                }
                Event::Writable(key) => flood(&mut port, key, &mut floods, &message),
                Event::Closed(key, reason) => {
                    floods.remove(&key);
                    println!("{}", json!({ "closed": format!("{reason:?}") }));
                }
            }
        }
    }
}

/// Writes as many messages as fit now.
fn flood(port: &mut Port, key: PeerKey, floods: &mut HashMap<PeerKey, usize>, message: &Bytes) {
    if let Some(left) = floods.get_mut(&key) {
        while *left > 0 && port.write(key, message.clone()) {
            *left -= 1;
        }
        if *left == 0 {
            floods.remove(&key);
        }
    }
}

fn answer(port: &mut Port, line: &str) -> Result<Value, Box<dyn Error>> {
    let question: Value = serde_json::from_str(line)?;
    let Some(offer) = question["offer"].as_str() else {
        let counts = port.counts();
        let times = std::fs::read_to_string("/proc/self/stat")?;
        let ticks = |index: usize| times.split(' ').nth(index).unwrap_or("0").parse::<f64>();
        let pages = std::fs::read_to_string("/proc/self/statm")?;
        let pages: u64 = pages.split(' ').nth(1).unwrap_or("0").parse()?;
        return Ok(json!({
            "cpu_seconds": (ticks(13)? + ticks(14)?) / 100.0,
            "rss_kib": pages * 4,
            "setting_up": counts.setting_up,
            "open": counts.open,
        }));
    };
    Ok(match port.accept(offer) {
        Ok((_, answer)) => json!({ "id": question["id"], "answer": answer }),
        Err(bad) => json!({ "id": question["id"], "error": bad.to_string() }),
    })
}
