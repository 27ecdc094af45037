//! Numbers for Prometheus: what the crates count, and what the process uses.
//!
//! `/metrics` answers only to the configured addresses, because counts tell about visitors. `/health` answers to everybody, and only
//! says whether the database does.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::routing::get;
use axum::{Extension, Router};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use peers::ClientAddress;

use crate::config::Networks;

/// Seconds that separate the buckets of request times.
const BUCKETS: [f64; 12] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0, 10.0,
];

/// Starts counting.
pub fn start() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &BUCKETS)?
        .install_recorder()?;
    metrics::describe_counter!(
        "http_requests_total",
        "Requests answered, by class of status"
    );
    metrics::describe_histogram!(
        "http_request_seconds",
        "Time until the head of the response"
    );
    metrics::describe_gauge!("process_resident_memory_bytes", "Memory of this process");
    metrics::describe_gauge!("process_open_fds", "Open descriptors of this process");
    metrics::describe_gauge!(
        "process_cpu_seconds_total",
        "CPU time this process has used"
    );
    let began = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    metrics::gauge!("process_start_time_seconds_total").set(began.as_secs_f64());
    metrics::gauge!("shoal_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(handle)
}

/// Folds what was recorded into buckets now and then, so that it does not pile up when nobody reads it.
pub async fn keep_up(handle: PrometheusHandle) {
    let mut beat = tokio::time::interval(Duration::from_secs(5));
    loop {
        beat.tick().await;
        handle.run_upkeep();
    }
}

/// The routes `/metrics` and `/health`.
pub fn routes(handle: PrometheusHandle, allowed: Networks, pod: app::Pod) -> Router {
    let allowed = Arc::new(allowed);
    let numbers = move |Extension(client): Extension<ClientAddress>| async move {
        if !allowed.contain(client.0) {
            return Err((
                StatusCode::FORBIDDEN,
                "metrics.allow does not name your address\n",
            ));
        }
        process();
        let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
        Ok((kind, handle.render()))
    };
    let health = move || async move {
        match db::settings::get(&pod.db, "secret").await {
            Ok(_) => (StatusCode::OK, "ok\n"),
            Err(error) => {
                tracing::error!(%error, "the database does not answer");
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the database does not answer\n",
                )
            }
        }
    };
    Router::new()
        .route("/metrics", get(numbers))
        .route("/health", get(health))
}

/// Measures this process, as far as the system lets it.
fn process() {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = used.tv_sec as f64 + used.tv_nsec as f64 / 1e9;
    metrics::gauge!("process_cpu_seconds_total").set(seconds);
    if let Ok(entries) = std::fs::read_dir("/proc/self/fd") {
        metrics::gauge!("process_open_fds").set(entries.count() as f64);
    }
    if let Ok(status) = std::fs::read_to_string("/proc/self/status")
        && let Some(bytes) = resident(&status)
    {
        metrics::gauge!("process_resident_memory_bytes").set(bytes);
    }
}

fn resident(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_a_process() {
        assert_eq!(
            resident("Name:\tx\nVmRSS:\t  10240 kB\n"),
            Some(10_485_760.0)
        );
        assert_eq!(resident("Name:\tx\n"), None);
    }
}
