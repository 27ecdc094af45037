//! The tracker's routes as their clients meet them: browsers over real WebSockets on the loopback interface, desktop clients in
//! process. Each file is one kind of client; `house` is the pod that they come to.

#![expect(
    clippy::unwrap_used,
    reason = "a test that fails should stop where it failed"
)]

mod close;
mod hostile;
mod house;
mod http;
mod socket;
