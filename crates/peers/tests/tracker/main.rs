//! The tracker as its clients meet it: browsers over real WebSockets on the loopback interface, desktop clients over UDP there or, over
//! HTTP, in process. Each file is one kind of client; `house` is the pod that they come to.

#![expect(
    clippy::unwrap_used,
    reason = "a test that fails should stop where it failed"
)]

mod close;
mod conducted;
mod hostile;
mod house;
mod http;
mod resident;
mod socket;
mod udp;
