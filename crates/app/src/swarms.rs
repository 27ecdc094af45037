//! The pod in its swarms: which infohashes it shares, and what it seeds them from. The tracker and the seeder ask; a video that is
//! removed, made private or kept out of peer-to-peer leaves its swarms at once. An idle torrent is a row and nothing more.

use crate::{Error, Pod, Result, access, access::Right, secrets, terms::Gate};
use bittorrent::InfoHash;
use db::{Db, users::User};
use files::{FileName, Files, Key};
use names::VideoUuid;
use peers::seeder::{Addresses, Found, Seeder, SeederConfig, Taken, Transport, TransportState};
use peers::{Film, Hosting};
use std::{collections::HashMap, net::IpAddr, num::NonZero, str::FromStr, time::Duration};

/// How much of the pod its swarms may have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sharing {
    /// Addresses that peers are told; empty: those of the public URL's host.
    pub addresses: Vec<IpAddr>,
    /// Bytes per second to all peers; 0 is without a limit.
    pub upload: u64,
    /// Bytes per second to one peer; 0 is without a limit.
    pub upload_per_peer: u64,
    /// Peers that are served at a time.
    pub slots: usize,
}

/// The tracker for exactly the infohashes this pod shares.
pub(crate) fn tracker(gate: &Gate) -> peers::Tracker {
    let gate = gate.clone();
    peers::Tracker::new(peers::Config::default(), move |infohash: InfoHash| {
        let gate = gate.clone();
        async move {
            let shared = gate.shared_now(infohash).await;
            shared.map_or(Hosting::No, |shared| {
                film(&shared).map_or(Hosting::Tracked, Hosting::Conducted)
            })
        }
    })
}

/// What the conductor has to know of a rendition.
fn film(shared: &db::renditions::Shared) -> Option<Film> {
    let length = u64::try_from(shared.size).ok()?;
    let piece_length = NonZero::new(u32::try_from(shared.piece_length).ok()?)?.get();
    let pieces = u32::try_from(length.div_ceil(piece_length.into())).ok()?;
    let seconds = u64::try_from(shared.duration).ok()?.max(1);
    Some(Film {
        pieces,
        piece_length,
        length,
        duration: Duration::from_secs(seconds),
    })
}

/// The seeder of the same.
pub(crate) fn seeder(
    gate: &Gate,
    files: &Files,
    tracker: &peers::Tracker,
    sharing: &Sharing,
) -> Seeder {
    let config = SeederConfig {
        upload: sharing.upload,
        upload_per_peer: sharing.upload_per_peer,
        slots: sharing.slots,
        ..SeederConfig::default()
    };
    let addresses = Addresses::default();
    addresses.set_public(sharing.addresses.clone());
    let (gate, files) = (gate.clone(), files.clone());
    Seeder::new(
        config,
        addresses,
        tracker.clone(),
        move |infohash: InfoHash| {
            let (gate, files) = (gate.clone(), files.clone());
            async move {
                let shared = gate.shared(infohash).await?;
                let torrent = files
                    .read_small(&Key::Torrent(FileName::parse(&shared.torrent)?))
                    .await;
                let opened = files
                    .read(&Key::Hls(shared.video, FileName::parse(&shared.file)?))
                    .await;
                match (torrent, opened) {
                    (Ok(Some(torrent)), Ok(Some(opened))) => Some(Found {
                        torrent,
                        file: opened.file,
                    }),
                    (Ok(_), Ok(_)) => {
                        tracing::error!(%infohash, "the files of a torrent are missing");
                        None
                    }
                    (Err(error), _) | (_, Err(error)) => {
                        tracing::error!(%error, %infohash, "the files of a torrent cannot be opened");
                        None
                    }
                }
            }
        },
    )
}

/// Ends the swarms of these infohashes.
pub(crate) fn forget(pod: &Pod, infohashes: &[String]) {
    for infohash in infohashes
        .iter()
        .filter_map(|hex| InfoHash::from_str(hex).ok())
    {
        pod.tracker.forget(infohash);
        pod.seeder.forget(infohash);
    }
}

/// Which transports the admin has switched off; kept with the pod's other values.
const SWITCHED_OFF: &str = "transports_off";

/// Sets the switches as they were left.
pub(crate) async fn restore_switches(db: &Db, seeder: &Seeder) -> db::Result<()> {
    let off = db::settings::get(db, SWITCHED_OFF)
        .await?
        .unwrap_or_default();
    for transport in Transport::ALL {
        seeder.switch(
            transport,
            !off.split(',').any(|label| label == transport.label()),
        );
    }
    Ok(())
}

/// What the pod does in its swarms, for the admin.
#[derive(Debug, Clone)]
pub struct Overview {
    pub transports: Vec<TransportState>,
    pub tracker: peers::Totals,
    /// Torrents that were taken since the pod started, or that have peers in their swarm.
    pub swarms: Vec<SwarmNow>,
    /// All of them, of which `swarms` may be a part.
    pub total: usize,
}

/// One swarm.
#[derive(Debug, Clone)]
pub struct SwarmNow {
    pub infohash: InfoHash,
    /// What it is of.
    pub resolution: i64,
    pub size: i64,
    pub video: VideoUuid,
    pub name: String,
    /// Who is in it, as the tracker knows.
    pub members: peers::SwarmCounts,
    /// What the pod has sent, and to how many it is connected.
    pub taken: Taken,
}

/// Of the swarms of which the pod gave nothing yet as many are listed, those with the most members.
const BUSIEST: usize = 1000;

/// Swarms in order of what the pod sent to them, then of who is in them, for those who run the pod.
pub async fn overview(pod: &Pod, user: &User, start: usize, count: usize) -> Result<Overview> {
    access::require(user, Right::ManageSwarms)?;
    let mut swarms: HashMap<InfoHash, Taken> = pod.seeder.taken().into_iter().collect();
    for (infohash, _) in pod.tracker.busiest(BUSIEST) {
        swarms.entry(infohash).or_default();
    }
    let total = swarms.len();
    let mut swarms: Vec<(InfoHash, Taken)> = swarms.into_iter().collect();
    let rank = |(infohash, taken): &(InfoHash, Taken)| {
        let peers: usize = taken.peers.iter().sum();
        let members = pod.tracker.counts(*infohash);
        let members = members.seeders.saturating_add(members.leechers);
        std::cmp::Reverse((taken.total(), peers, members, infohash.0))
    };
    swarms.sort_by_cached_key(rank);
    let page: Vec<(InfoHash, Taken)> = swarms.into_iter().skip(start).take(count).collect();
    let hex: Vec<String> = page
        .iter()
        .map(|(infohash, _)| secrets::hex(&infohash.0))
        .collect();
    let named = db::renditions::named(&pod.db, &hex).await?;
    let swarms = page
        .into_iter()
        .zip(hex)
        .filter_map(|((infohash, taken), hex)| {
            // A video that was removed meanwhile has no name any more.
            let named = named.iter().find(|named| named.infohash == hex)?;
            Some(SwarmNow {
                infohash,
                resolution: named.resolution,
                size: named.size,
                video: named.video,
                name: named.name.clone(),
                members: pod.tracker.counts(infohash),
                taken,
            })
        });
    Ok(Overview {
        transports: pod.seeder.transports(),
        tracker: pod.tracker.totals(),
        swarms: swarms.collect(),
        total,
    })
}

/// Opens or closes a transport, now and after every start.
pub async fn switch(pod: &Pod, user: &User, label: &str, open: bool) -> Result<()> {
    access::require(user, Right::ManageSwarms)?;
    let transport = Transport::ALL
        .into_iter()
        .find(|transport| transport.label() == label);
    let transport = transport.ok_or(Error::NotFound("The transport was"))?;
    pod.seeder.switch(transport, open);
    let off: Vec<&str> = pod
        .seeder
        .transports()
        .iter()
        .filter(|state| !state.on)
        .map(|state| state.transport.label())
        .collect();
    db::settings::put(&pod.db, SWITCHED_OFF, &off.join(",")).await?;
    Ok(())
}
