//! Swarms, for admins.

use app::swarms::{Overview, SwarmNow};
use peers::seeder::{Transport, TransportState};
use serde::Serialize;

/// What the pod does in its swarms.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Swarms {
    /// How many swarms the list has in all.
    pub total: usize,
    pub data: Vec<Swarm>,
    pub transports: Vec<TransportView>,
    pub tracker: TrackerView,
}

/// One swarm.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Swarm {
    /// The v1 infohash in hexadecimal digits.
    pub info_hash: String,
    pub video: SwarmVideo,
    /// The short side in pixels; 0 is sound alone.
    pub resolution: i64,
    /// Bytes.
    pub size: i64,
    /// Members that have everything, without the pod.
    pub seeders: u32,
    /// Members that lack something.
    pub leechers: u32,
    /// Members that are browsers.
    pub browsers: u32,
    /// Members that are other clients.
    pub clients: u32,
    /// Peers that the pod is connected to.
    pub peers: ByTransport,
    /// Bytes that the pod has sent since it started.
    pub sent: ByTransport,
}

/// What a swarm is of.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SwarmVideo {
    pub uuid: String,
    #[serde(rename = "shortUUID")]
    pub short_uuid: String,
    pub name: String,
}

/// A number for each transport.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ByTransport {
    pub tcp: u64,
    pub webrtc: u64,
}

/// A way by which peers reach the pod.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransportView {
    /// `tcp`, `webrtc` or `udp` (the tracker).
    pub name: &'static str,
    pub enabled: bool,
    /// Where it listens; `null` when it does not.
    pub address: Option<String>,
    /// Why it does not although it should.
    pub problem: Option<String>,
    /// Peers that are connected by it.
    pub peers: usize,
    /// Bytes sent by it since the pod started.
    pub sent: u64,
}

/// The tracker in numbers.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrackerView {
    /// Open WebSockets.
    pub sockets: usize,
    /// Swarms with members.
    pub swarms: usize,
    /// Members of all swarms.
    pub peers: usize,
}

impl Swarms {
    pub fn new(overview: &Overview) -> Self {
        Self {
            total: overview.total,
            data: overview.swarms.iter().map(Swarm::new).collect(),
            transports: overview.transports.iter().map(TransportView::new).collect(),
            tracker: TrackerView {
                sockets: overview.tracker.sockets,
                swarms: overview.tracker.swarms,
                peers: overview.tracker.peers,
            },
        }
    }
}

impl Swarm {
    fn new(swarm: &SwarmNow) -> Self {
        let members = swarm.members;
        let all = members.seeders + members.leechers;
        let peers = |transport: Transport| swarm.taken.peers[transport as usize] as u64;
        let sent = |transport: Transport| swarm.taken.sent[transport as usize];
        Self {
            info_hash: swarm.infohash.to_string(),
            video: SwarmVideo {
                uuid: swarm.video.to_string(),
                short_uuid: swarm.video.short(),
                name: swarm.name.clone(),
            },
            resolution: swarm.resolution,
            size: swarm.size,
            seeders: members.seeders,
            leechers: members.leechers,
            browsers: members.browsers,
            clients: all.saturating_sub(members.browsers),
            peers: ByTransport {
                tcp: peers(Transport::Tcp),
                webrtc: peers(Transport::WebRtc),
            },
            sent: ByTransport {
                tcp: sent(Transport::Tcp),
                webrtc: sent(Transport::WebRtc),
            },
        }
    }
}

impl TransportView {
    fn new(state: &TransportState) -> Self {
        Self {
            name: state.transport.label(),
            enabled: state.on,
            address: state.address.map(|address| address.to_string()),
            problem: state.problem.clone(),
            peers: state.peers,
            sent: state.sent,
        }
    }
}
