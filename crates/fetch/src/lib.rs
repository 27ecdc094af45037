//! The only outgoing HTTP of the pod. Other pods name the addresses we fetch, so every request is guarded and bounded: the
//! address is checked after the name was resolved and the connection goes to exactly that address, on each hop of a redirect anew;
//! bytes, times, redirects, headers and connections have limits. Signing is not its business: callers pass headers, or a function that
//! makes them for each hop.
//!
//! The engine is hyper over rustls, one connection at a time and without HTTP/2. A ready-made client would bring a dozen more crates,
//! and its resolver, its proxies from the environment, its redirects and its pool would each have to be replaced or switched off here.

mod body;
mod client;
mod connect;
mod error;
mod gate;
mod guard;
mod limits;
mod message;
mod pool;

pub use client::{Client, Options};
pub use connect::Resolver;
pub use error::{Error, Kind};
pub use futures_util::future::BoxFuture;
pub use guard::Policy;
pub use limits::Limits;
pub use message::{Answer, Method, Redirects, Request, Signer, Transport};
