//! The seeder as desktop clients meet it: real TCP connections on the loopback interface to a pod that hosts one video. `house` is the
//! pod and a client that speaks the protocol by hand.

#![expect(
    clippy::unwrap_used,
    reason = "a test that fails should stop where it failed"
)]

mod hostile;
mod house;
mod life;
mod serving;
