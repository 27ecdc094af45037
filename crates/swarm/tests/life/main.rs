//! A day of a pod's swarms in seconds: tracker and seeder together, with thousands of viewers who come, announce themselves, ask for
//! blocks, wait for their turn and leave in every way there is. The clock is a number and chance is a seed, so a day is the same
//! each time. Beside the real things simple books are kept in maps; every hour they have to agree, and when everybody has gone
//! nothing may be left.

#![expect(
    clippy::unwrap_used,
    reason = "a test that fails should stop where it failed"
)]

mod chance;
mod client;
mod day;
mod seeding;
mod swarms;

use std::time::Duration;

use day::Day;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_day_leaves_nothing_behind() {
    let mut day = Day::new(20_261_122);
    for hour in 1..=24 {
        day.until(HOUR * hour);
        day.check();
    }
    // The last viewers came more than two hours before: those who vanished without a word have expired.
    day.assert_empty();
    let seen = day.seen();
    assert!(seen.browsers > 4000 && seen.desktops > 2000, "{seen:?}");
    assert!(seen.most_members > 300 && seen.expired > 1000, "{seen:?}");
    assert!(seen.peers > 3000 && seen.most_waiting > 20, "{seen:?}");
    assert!(seen.completed > 500 && seen.rotated > 1000, "{seen:?}");
    for farewell in ["idle", "silent", "malformed", "beyond"] {
        let farewells = seen.farewells.get(farewell);
        assert!(farewells > Some(&10), "{farewell}: {seen:?}");
    }
}

#[test]
fn the_same_seed_is_the_same_day() {
    let [first, second] = [7, 7].map(|seed| {
        let mut day = Day::new(seed);
        day.until(HOUR * 2);
        format!("{:?}", day.seen())
    });
    assert_eq!(first, second);
}
