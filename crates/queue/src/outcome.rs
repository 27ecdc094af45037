//! How a job's run ended, and how long to wait before the next try.

/// How a run ended.
#[derive(Debug)]
pub enum Outcome {
    /// Done; the job's row was completed in the transaction that wrote its effects.
    Done,
    /// It did not work; it is tried again, later each time, and given up after the last try.
    Retry(String),
    /// It cannot work, now or later; the row was failed with its effects.
    Failed,
    /// Not this job's fault (the disk is full): it waits and the try does not count.
    Wait { milliseconds: i64, reason: String },
    /// The pod is stopping: the job goes back untouched.
    GiveBack,
}

/// Milliseconds to wait after the given number of tries: 5 s, then four times longer, at most an hour.
pub fn pause(attempts: i64) -> i64 {
    let tries = attempts.clamp(1, 10) as u32;
    (5_000 * 4_i64.pow(tries - 1)).min(3_600_000)
}

#[cfg(test)]
mod tests {
    #[test]
    fn pauses_grow_and_end() {
        let pauses: Vec<i64> = [1, 2, 3, 4, 5, 6, 99].map(super::pause).to_vec();
        assert_eq!(
            pauses,
            [
                5_000, 20_000, 80_000, 320_000, 1_280_000, 3_600_000, 3_600_000
            ]
        );
    }
}
