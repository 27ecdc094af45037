//! WebRTC data channels for a server: ICE-lite, DTLS, SCTP and the channels themselves, as state machines over datagrams. All peers
//! share one UDP port. Nothing here opens a socket or reads the clock: datagrams, times and chance come in as arguments, datagrams
//! and events come out, so a lossy network is a loop in a test. It answers offers and makes none, carries no pictures or sound,
//! gathers no candidates and knows nothing of what the bytes in a channel mean.

mod certificate;
mod chance;
pub mod dcep;
mod dtls;
mod endpoint;
pub mod sctp;
pub mod sdp;
pub mod stun;

pub use certificate::{Certificate, Fingerprint, NoKey};
pub use endpoint::{
    Batch, Config, Counts, Endpoint, Event, MOST_SEGMENTS, Path, PeerKey, Reason, Transmit,
};
pub use sdp::BadOffer;
