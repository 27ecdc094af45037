//! What misbehaviour, absence and time do to a score.

use proptest::prelude::*;

use super::*;
use Event::{BadSignature, Flood, Junk, Lie, Replay, ServerError, Silence, Success};

const EVENTS: [Event; 8] = [
    Success,
    Silence,
    ServerError,
    Junk,
    Flood,
    BadSignature,
    Replay,
    Lie,
];

/// Notes the same event every so often, and gives how many it took to expel, and the cause.
fn expelled_after(event: Event, every: i64, most: usize) -> Option<(usize, Cause)> {
    let mut score = Score::new(0);
    for n in 1..=most {
        let now = i64::try_from(n).unwrap() * every;
        let change = score.note(event, Witness::Ourselves, now);
        if let Some(cause) = change.and_then(|change| change.expelled) {
            return Some((n, cause));
        }
    }
    None
}

#[test]
fn how_much_is_too_much() {
    use Cause::{Absence, Misbehaviour};
    for (event, every, most, expected) in [
        (Lie, 1000, 9, Some((4, Misbehaviour))),
        (Lie, DAY, 9, Some((5, Misbehaviour))),
        (Replay, 1000, 99, Some((10, Misbehaviour))),
        (BadSignature, 1000, 99, Some((10, Misbehaviour))),
        (Junk, 1000, 99, Some((20, Misbehaviour))),
        (Flood, 60_000, 99, Some((51, Misbehaviour))),
        // A hiccup a day is nothing.
        (Junk, 2 * DAY, 999, None),
        // Tried every minute or every twenty hours: it is the hours that count.
        (Silence, 60_000, 9_999, Some((5_941, Absence))),
        (Silence, 20 * HOUR, 99, Some((6, Absence))),
        (ServerError, HOUR, 999, Some((100, Absence))),
        (Success, 1000, 9_999, None),
    ] {
        assert_eq!(
            expelled_after(event, every, most),
            expected,
            "{event:?} every {every}"
        );
    }
}

#[test]
fn a_weekend_is_forgiven_and_healed() {
    let mut score = Score::new(0);
    for hour in 1..=60 {
        score.note(Silence, Witness::Ourselves, hour * HOUR);
    }
    assert_eq!(score.points(), 40);
    let back = 61 * HOUR;
    let change = score.note(Success, Witness::Ourselves, back).unwrap();
    assert_eq!((change.before, change.after), (40, 41));
    for hour in 1..=24 * 6 {
        score.note(Success, Witness::Ourselves, back + hour * HOUR);
    }
    assert_eq!(score.points(), 100);
}

#[test]
fn our_own_absence_costs_a_friend_little() {
    let mut score = Score::new(0);
    // It was well, we were away for a week, and the first call fails.
    score.note(Silence, Witness::Ourselves, 7 * DAY);
    assert_eq!(score.points(), 99);
    // It was silent before we went away.
    score.note(Silence, Witness::Ourselves, 14 * DAY);
    assert_eq!(score.points(), 75);
    for (silent, friends, expected) in [(2, 2, false), (3, 3, true), (3, 4, false)] {
        assert_eq!(is_our_own_fault(silent, friends), expected);
    }
}

#[test]
fn nobody_is_punished_for_what_others_send() {
    let mut score = Score::new(0);
    for event in EVENTS {
        for _ in 0..1000 {
            assert_eq!(score.note(event, Witness::Nobody, DAY), None);
        }
    }
    assert_eq!(score, Score::new(0));
}

#[test]
fn chatter_buys_no_lies() {
    let mut score = Score::new(0);
    let mut lies = 0;
    for minute in 1..=7 * 24 * 60 {
        score.note(Success, Witness::Signature, minute * 60_000);
        if minute % (24 * 60) == 0
            && score
                .note(Lie, Witness::Signature, minute * 60_000)
                .is_some()
        {
            lies += 1;
        }
    }
    assert!(score.is_expelled());
    assert_eq!(lies, 6);
}

#[test]
fn the_expelled_stay_so_until_they_are_let_in() {
    let mut score = Score::new(0);
    let changes = [(); 4].map(|()| score.note(Lie, Witness::Signature, 0).unwrap());
    let last = &changes[3];
    assert_eq!((last.before, last.after), (25, 0));
    assert_eq!(last.expelled, Some(Cause::Misbehaviour));
    assert_eq!(last.reason, "it spoke of what belongs to others");
    assert_eq!(score.note(Success, Witness::Signature, 99 * DAY), None);
    assert_eq!(score.points(), 0);
    let mut again = Score::second_chance(99 * DAY);
    assert_eq!(again.points(), 50);
    again.note(Lie, Witness::Signature, 99 * DAY);
    again.note(Lie, Witness::Signature, 99 * DAY);
    assert!(again.is_expelled());
}

#[test]
fn a_liar_that_hides_is_still_a_liar() {
    let mut score = Score::new(0);
    for _ in 0..3 {
        score.note(Lie, Witness::Signature, 0);
    }
    let silence = (1..99).find_map(|hour| {
        score
            .note(Silence, Witness::Ourselves, hour * HOUR)?
            .expelled
    });
    assert_eq!(silence, Some(Cause::Misbehaviour));
}

#[test]
fn scores_survive_their_row() {
    let mut score = Score::new(5);
    score.note(Silence, Witness::Ourselves, 7);
    let row = serde_json::to_string(&score).unwrap();
    assert_eq!(
        row,
        r#"{"thousandths":99000,"blame":0,"at":5,"silentAt":7,"rewardedAt":null}"#
    );
    assert_eq!(serde_json::from_str::<Score>(&row).unwrap(), score);
}

proptest! {
    #[test]
    fn scores_stay_between_0_and_100(deeds in proptest::collection::vec((0_usize..8, any::<i64>()), 0..50)) {
        let mut score = Score::new(0);
        for (event, now) in deeds {
            score.note(EVENTS[event], Witness::Signature, now);
            prop_assert!(score.points() <= 100);
            prop_assert_eq!(score.points() == 0, score.is_expelled());
        }
    }
}
