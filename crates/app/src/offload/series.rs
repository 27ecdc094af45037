//! Hours and days put in a row without gaps, as a chart draws them.

use super::{DAY, HOUR};
use db::offload::Offload;

/// How far apart the points are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Hour,
    Day,
}

impl Step {
    /// Milliseconds.
    pub fn length(self) -> i64 {
        match self {
            Self::Hour => HOUR,
            Self::Day => DAY,
        }
    }

    /// When the step began in which this moment is (milliseconds since 1970, UTC).
    pub(super) fn floor(self, moment: i64) -> i64 {
        moment - moment.rem_euclid(self.length())
    }
}

/// Bytes and viewers over time.
#[derive(Debug, Clone)]
pub struct Series {
    pub step: Step,
    /// One for each step, also where nothing was.
    pub points: Vec<Offload>,
    /// Over all points; its viewers are the most of any of them.
    pub total: Offload,
}

impl Series {
    /// From `from` (the beginning of a step) up to `to`. Rows are in order.
    pub(super) fn new(step: Step, from: i64, to: i64, rows: &[Offload]) -> Self {
        let empty = |start_at| Offload {
            start_at,
            hours: step.length() / HOUR,
            from_pod: 0,
            from_viewers: 0,
            viewers: 0,
        };
        let mut points = Vec::new();
        let (mut at, mut rows, mut total) = (from, rows.iter().peekable(), empty(from));
        while at < to {
            let mut point = empty(at);
            at += step.length();
            while let Some(row) = rows.next_if(|row| row.start_at < at) {
                add(&mut point, row);
                add(&mut total, row);
            }
            points.push(point);
        }
        Self {
            step,
            points,
            total,
        }
    }
}

fn add(sum: &mut Offload, more: &Offload) {
    sum.from_pod = sum.from_pod.saturating_add(more.from_pod);
    sum.from_viewers = sum.from_viewers.saturating_add(more.from_viewers);
    sum.viewers = sum.viewers.max(more.viewers);
}
