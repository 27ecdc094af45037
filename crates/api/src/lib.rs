//! The REST API, `/api/v1`: PeerTube's paths, parameters, bodies and errors, so that the clients
//! people have work unmodified. A handler takes things apart, calls one use case, and puts the
//! answer together; what is allowed and what happens is decided in `app`.

mod extract;
mod follows;
mod form;
mod params;
mod pods;
mod problem;
mod routes;
mod views;

mod accounts;
mod catalog;
mod channels;
mod comments;
mod config;
mod jobs;
mod me;
mod metrics;
mod oauth;
mod offload;
mod search;
mod swarms;
mod upload;
mod upload_resumable;
mod users;
mod videos;
mod watching;

pub use problem::Problem;
pub use routes::{openapi, router};

/// A handler's answer.
pub(crate) type Answer<T> = Result<T, Problem>;
