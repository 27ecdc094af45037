//! How much of the load viewers carry, over time.

use super::time;
use app::offload::{Series, Step};
use serde::Serialize;

/// Bytes from the pod and from viewers over time.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Offload {
    /// `1 hour` or `1 day`.
    pub group_interval: &'static str,
    pub total: OffloadSum,
    /// One for each interval, also where nothing was, oldest first.
    pub data: Vec<OffloadPoint>,
}

/// Sums over the whole time.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OffloadSum {
    /// Bytes that left the pod.
    pub from_pod: i64,
    /// Bytes that viewers got from each other.
    pub from_viewers: i64,
    /// The most viewers at a time.
    pub viewers: i64,
}

/// An hour or a day.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OffloadPoint {
    /// When it began.
    pub date: String,
    /// Bytes that left the pod.
    pub from_pod: i64,
    /// Bytes that viewers got from each other.
    pub from_viewers: i64,
    /// The most viewers at a time.
    pub viewers: i64,
}

impl Offload {
    pub fn new(series: &Series) -> Self {
        let point = |p: &db::offload::Offload| OffloadPoint {
            date: time(p.start_at),
            from_pod: p.from_pod,
            from_viewers: p.from_viewers,
            viewers: p.viewers,
        };
        Self {
            group_interval: match series.step {
                Step::Hour => "1 hour",
                Step::Day => "1 day",
            },
            total: OffloadSum {
                from_pod: series.total.from_pod,
                from_viewers: series.total.from_viewers,
                viewers: series.total.viewers,
            },
            data: series.points.iter().map(point).collect(),
        }
    }
}
