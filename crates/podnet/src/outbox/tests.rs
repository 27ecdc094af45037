//! What cancels what, what fits, what is tried again; and that merging never leaves a receiver with another state.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use Verb::{Create, Delete, Dislike, Like, Undo, Update};

#[test]
fn waiting_rows_and_what_is_new() {
    use Merge::{DropBoth, Keep, Replace};
    for (waiting, new, never, maybe) in [
        (Create, Create, Keep, Replace(Create)),
        // What is under way says the old; its receipt must not end the new.
        (Create, Update, Keep, Replace(Create)),
        (Create, Delete, DropBoth, Replace(Delete)),
        (Update, Update, Keep, Replace(Update)),
        (Update, Delete, Replace(Delete), Replace(Delete)),
        (Update, Create, Replace(Create), Replace(Create)),
        (Delete, Create, Replace(Update), Replace(Create)),
        (Delete, Update, Replace(Update), Replace(Create)),
        (Delete, Delete, Keep, Replace(Delete)),
        (Like, Undo, DropBoth, Replace(Undo)),
        (Like, Dislike, Replace(Dislike), Replace(Dislike)),
        // What was undone may have been something else.
        (Undo, Like, Replace(Like), Replace(Like)),
    ] {
        assert_eq!(
            merge(waiting, Told::Never, new),
            never,
            "{waiting:?} {new:?}"
        );
        assert_eq!(
            merge(waiting, Told::Maybe, new),
            maybe,
            "{waiting:?} {new:?}"
        );
    }
    for verb in Verb::ALL {
        assert_eq!(Verb::named(verb.name()), Some(verb));
    }
}

/// One subject, one sender, one receiver, and at most one request under way.
#[derive(Default)]
struct Pair {
    ours: Option<u32>,
    theirs: Option<u32>,
    row: Option<(u32, Verb, Told)>,
    under_way: Option<u32>,
    count: u32,
}

impl Pair {
    fn change(&mut self, new: Verb) {
        self.count += 1;
        self.ours = (new != Delete).then_some(self.count);
        self.row = match self.row {
            None => Some((self.count, new, Told::Never)),
            Some((id, waiting, told)) => match merge(waiting, told, new) {
                Merge::Keep => Some((id, waiting, told)),
                Merge::Replace(verb) => Some((self.count, verb, told)),
                Merge::DropBoth => None,
            },
        };
    }

    /// Sends the row, of which the receiver may hear or not. A change of what it does not have is lost on it.
    fn send(&mut self, heard: Option<()>) {
        let Some((id, verb, told)) = &mut self.row else {
            return;
        };
        (*told, self.under_way) = (Told::Maybe, heard.map(|()| *id));
        if heard.is_some() {
            self.theirs = match verb {
                Delete => None,
                Update => self.theirs.and(self.ours),
                _ => self.ours,
            };
        }
    }

    fn receipt(&mut self) {
        let sent = self.under_way.take();
        self.row = self.row.filter(|(id, ..)| sent != Some(*id));
    }
}

proptest! {
    /// Whatever is published, changed and removed, whenever something is sent and whatever gets lost: in the end the receiver has what
    /// the sender has.
    #[test]
    fn merged_rows_end_in_the_same_state(deeds in proptest::collection::vec(0_u8..7, 0..60)) {
        let mut pair = Pair::default();
        for deed in deeds {
            match (deed, pair.ours) {
                (0, None) => pair.change(Create),
                (1, Some(_)) => pair.change(Update),
                (2, Some(_)) => pair.change(Delete),
                (3, _) => pair.send(None),
                (4, _) => pair.send(Some(())),
                (5, _) => pair.receipt(),
                // A receipt that is lost.
                (6, _) => pair.under_way = None,
                _ => {}
            }
        }
        pair.send(Some(()));
        pair.receipt();
        prop_assert_eq!(pair.ours, pair.theirs);
        prop_assert_eq!(pair.row, None);
    }
}

#[test]
fn groups_are_filled_but_not_over() {
    for (sizes, expected) in [
        (vec![], Ok(0)),
        (vec![10; 3], Ok(3)),
        (vec![10; 500], Ok(MAX_ITEMS)),
        (vec![600_000, 600_000], Ok(1)),
        (vec![400_000, 400_000, 400_000], Ok(2)),
        (vec![MAX_BYTES, 10], Err(TooLarge(MAX_BYTES))),
        (vec![usize::MAX], Err(TooLarge(usize::MAX))),
    ] {
        assert_eq!(fit(sizes.clone()), expected, "{} rows", sizes.len());
    }
}

#[test]
fn pauses_double_up_to_a_day() {
    let seconds = |failures| pause(failures, 0).as_secs();
    let pauses = [0, 1, 2, 3, 8, 12, 13, 14, 15, 40, u32::MAX].map(seconds);
    let expected = [
        10, 10, 20, 40, 1280, 20_480, 40_960, 81_920, 86_400, 86_400, 86_400,
    ];
    assert_eq!(pauses, expected);
    assert_eq!(pause(1, u32::MAX), Duration::from_millis(7_500));
    assert!(!is_dead(0, DEAD_AFTER - 1) && is_dead(0, DEAD_AFTER) && !is_dead(5, 0));
}

#[test]
fn failures_and_what_becomes_of_the_rows() {
    use Failure::{BadReceipt, Status, TimeOut, Unreachable};
    use Verdict::{EndRows, RefreshAndRetry, RetryHost, Split};
    for (failure, rows, tries, expected) in [
        (TimeOut, 1, 99, RetryHost),
        (Unreachable, 100, 99, RetryHost),
        (BadReceipt, 1, 99, RetryHost),
        (Status(500), 1, 99, RetryHost),
        (Status(429), 1, 99, RetryHost),
        (Status(408), 9, 1, RetryHost),
        (Status(401), 9, 1, RefreshAndRetry),
        (Status(404), 1, 4, RefreshAndRetry),
        (Status(403), 9, 5, Split),
        (Status(403), 1, 5, EndRows),
        (Status(400), 9, 1, Split),
        (Status(413), 2, 1, Split),
        (Status(422), 1, 1, EndRows),
        (Status(410), 1, 1, EndRows),
        (Status(301), 1, 1, EndRows),
    ] {
        assert_eq!(
            verdict(failure, rows, tries),
            expected,
            "{failure:?} {rows} {tries}"
        );
    }
    assert_eq!(Status(422).event(), None);
    assert_eq!(Status(429).event(), None);
}
