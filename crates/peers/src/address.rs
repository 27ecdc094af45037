//! Where a client is. Behind a proxy only the binary knows how to tell, so it says so in a request extension; without one the
//! connection's own address counts. A request whose address nobody knows is refused, because limits and peer lists need it.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

/// The address of the client, put among a request's extensions by whoever knows which proxies to trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The address of the client, if anybody knows it.
pub(crate) struct Known(pub(crate) Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Known {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let told = parts
            .extensions
            .get::<ClientAddress>()
            .map(|ClientAddress(ip)| *ip);
        let connected = || {
            parts
                .extensions
                .get::<ConnectInfo<SocketAddr>>()
                .map(|ConnectInfo(peer)| peer.ip())
        };
        Ok(Self(told.or_else(connected).map(|ip| ip.to_canonical())))
    }
}
