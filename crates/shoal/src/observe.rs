//! What is seen of each request: an id, a line in the log, a count and a time.
//!
//! Times end with the head of the response; how long a body takes is the client's affair. Routes are named by their pattern, so that the
//! number of series does not grow with the visitors. Queries are not logged: they may hold tokens.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use tracing::Instrument;

/// The layer around every route.
pub async fn observe(request: Request, next: Next) -> Response {
    let id = RequestIds::next();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let start = Instant::now();
    let span = tracing::error_span!("request", id);
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = start.elapsed();
    let status = response.status();
    let name = route
        .as_ref()
        .map_or("none", MatchedPath::as_str)
        .to_owned();
    let labels = [("method", method_name(&method)), ("route", name)];
    metrics::histogram!("http_request_seconds", &labels).record(took);
    let class = format!("{}xx", status.as_u16() / 100);
    metrics::counter!("http_requests_total", "class" => class).increment(1);
    let ms = took.as_secs_f64() * 1000.0;
    span.in_scope(|| tracing::debug!(%method, path, status = status.as_u16(), ms, "answered"));
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// Clients can make up methods; those are one series.
fn method_name(method: &http::Method) -> String {
    use http::Method;
    let known = [
        &Method::GET,
        &Method::HEAD,
        &Method::POST,
        &Method::PUT,
        &Method::DELETE,
        &Method::PATCH,
        &Method::OPTIONS,
    ];
    if known.contains(&method) {
        method.to_string()
    } else {
        "other".into()
    }
}

/// Ids that are unique for a pod: when the process began, and a number.
struct RequestIds;

impl RequestIds {
    fn next() -> String {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        static BEGAN: std::sync::LazyLock<u64> = std::sync::LazyLock::new(|| {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            since.map_or(0, |since| since.as_secs())
        });
        format!("{:x}-{:x}", *BEGAN, NEXT.fetch_add(1, Ordering::Relaxed))
    }
}
