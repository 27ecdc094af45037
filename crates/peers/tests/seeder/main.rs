//! The seeder as desktop clients and browsers meet it: real connections over TCP and WebRTC on the loopback interface to a pod that
//! hosts one video. `house` is the pod and a client that speaks the protocol by hand, `browser` what carries such a client over WebRTC.

#![expect(
    clippy::unwrap_used,
    reason = "a test that fails should stop where it failed"
)]

mod browser;
mod hostile;
mod house;
mod life;
mod serving;
