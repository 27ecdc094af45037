//! Bursts, averages, who is charged, and how much is remembered.

use super::*;

const RATE: Rate = Rate {
    per_second: 1.0,
    burst: 2.0,
};

#[test]
fn bursts_pass_and_floods_wait() {
    let mut flood = Flood::new(RATE, 10);
    let passed = [0, 0, 0, 500, 1_000, 1_000, 900, 60_000, 60_000, 60_000]
        .map(|now| flood.pass("a", 1.0, now).is_ok());
    let expected = [
        true, true, false, false, true, false, false, true, true, false,
    ];
    assert_eq!(passed, expected);
    assert!(flood.pass("b", 1.0, 60_000).is_ok());
    let why = flood.pass("a", 1.0, 60_000).unwrap_err();
    assert_eq!(why.to_string(), "too many requests; come back in 1 seconds");
    // More than there ever is takes all there is.
    assert!(flood.pass("c", 1e9, 0).is_ok());
}

#[test]
fn a_flood_is_charged_once_a_minute() {
    let mut flood = Flood::new(RATE, 10);
    let tries = (0..180_000).step_by(100);
    let charged = tries.filter(|now| {
        let refused = flood.pass("a", 1.0, *now).err();
        refused.is_some_and(|why| why.charge == Charge::Now)
    });
    assert_eq!(charged.count(), 3);
}

#[test]
fn a_crowd_of_strangers_costs_bounded_memory() {
    let mut flood = Flood::new(RATE, 100);
    assert!(flood.pass(0, 1.0, 0).is_ok());
    for n in 1..100_000 {
        let _ = flood.pass(n, 1.0, 0);
    }
    assert_eq!(flood.len(), 100);
    // Who was there before is still served.
    assert!(flood.pass(0, 1.0, 0).is_ok());
    assert!(flood.pass(-1, 1.0, 999).is_err());
    // The calm are forgotten when somebody needs their place, and not for each who does.
    assert!(flood.pass(-1, 1.0, 1_999).is_ok());
    assert!(flood.len() < 100);
}

#[test]
fn time_that_goes_backwards_or_far_is_no_trouble() {
    let mut flood = Flood::new(RATE, 10);
    for now in [i64::MAX, 0, i64::MIN, 5, i64::MAX] {
        let _ = flood.pass("a", 1.0, now);
    }
}
