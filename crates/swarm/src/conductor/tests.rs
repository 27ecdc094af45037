//! Swarms as stories: what is brought in by whom, what it costs, and what becomes of those who lie or fail.

use super::*;
use proptest::prelude::*;

const FILM: Film = Film {
    pieces: 1716,
    piece_length: 64 << 10,
    length: 1716 * (64 << 10) - 1000,
    duration: Duration::from_secs(600),
};

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn playing(playhead: u32) -> Report {
    Report {
        playhead,
        lead: Duration::from_secs(3),
        uplink: 1_000_000,
        neighbours: 4,
        uploads: true,
        paused: false,
        dependable: true,
        rescued: 0,
    }
}

/// A swarm and what has been ordered in it.
struct Hall {
    conductor: Conductor<u32>,
    now: f64,
}

impl Hall {
    /// A start takes four pieces here.
    fn new() -> Self {
        let rules = Rules {
            instant: Duration::from_millis(1200),
            start_costs: 6,
            ..Rules::default()
        };
        Self {
            conductor: Conductor::new(FILM, rules),
            now: 0.0,
        }
    }

    fn join(&mut self, viewer: u32) -> Settings {
        self.conductor.join(at(self.now), viewer, Kind::Page)
    }

    fn report(&mut self, viewer: u32, report: Report) {
        self.conductor.report(at(self.now), viewer, &report);
    }

    fn gained(&mut self, viewer: u32, pieces: Range<u32>) {
        self.conductor.gained(at(self.now), viewer, pieces);
    }

    /// What is granted now, to whom.
    fn grants(&mut self) -> Vec<(u32, Vec<Range<u32>>)> {
        let mut orders = Vec::new();
        self.conductor.conduct(at(self.now), &mut orders);
        let grants = orders.into_iter().filter_map(|order| match order.what {
            What::Grant(pieces) => Some((order.viewer, pieces)),
            What::Settings(_) => None,
        });
        grants.collect()
    }

    /// What is granted within so many seconds while everybody brings at once what was granted.
    fn run(&mut self, seconds: f64, honest: impl Fn(u32) -> bool) -> Vec<(u32, Range<u32>)> {
        let end = self.now + seconds;
        let mut all = Vec::new();
        while self.now < end {
            for (viewer, pieces) in self.grants() {
                for run in pieces {
                    if honest(viewer) {
                        self.gained(viewer, run.clone());
                    }
                    all.push((viewer, run));
                }
            }
            self.now += 0.05;
        }
        all
    }
}

fn pieces(grants: &[(u32, Range<u32>)]) -> Vec<u32> {
    let mut pieces: Vec<u32> = grants.iter().flat_map(|(_, run)| run.clone()).collect();
    pieces.sort_unstable();
    pieces
}

#[test]
fn a_lone_viewer_is_fed_half_a_minute_ahead_and_no_further() {
    let mut hall = Hall::new();
    let settings = hall.join(1);
    assert_eq!(settings.instant, 4);
    hall.report(1, playing(0));
    // Others may come any moment, and share the work.
    let mut granted = hall.run(1.0, |_| true);
    assert!(pieces(&granted).last() < Some(&18), "{granted:?}");
    hall.gained(1, 0..4);
    granted.extend(hall.run(12.0, |_| true));
    // What it fetches by itself is not granted.
    assert_eq!(pieces(&granted), (4..86).collect::<Vec<u32>>());
    assert_eq!(hall.run(10.0, |_| true), []);
    // It plays on, and gets runs rather than crumbs.
    for second in 1..20 {
        hall.report(1, playing(second * 3));
        for (_, run) in hall.run(1.0, |_| true) {
            assert!(run.len() >= 4, "{run:?}");
        }
    }
    let account = hall.conductor.account();
    assert_eq!((account.instant, account.rescue), (0, 0));
    assert!(account.feed < 150 * (64 << 10));
}

#[test]
fn a_seek_into_data_nobody_has_is_answered_at_once() {
    for others in [0, 3] {
        let mut hall = Hall::new();
        for viewer in 0..=others {
            hall.join(viewer);
            hall.report(viewer, playing(0));
        }
        for viewer in 0..=others {
            hall.gained(viewer, 0..5);
        }
        hall.run(3.0, |_| true);
        hall.report(0, playing(1000));
        let granted = hall.grants();
        let to_seeker: Vec<u32> = granted
            .iter()
            .filter(|(viewer, _)| *viewer == 0)
            .flat_map(|(_, runs)| runs.iter().cloned().flatten())
            .collect();
        assert!(
            to_seeker.starts_with(&[1004, 1005, 1006, 1007]),
            "{granted:?}"
        );
        hall.gained(0, 1000..1007);
        let mut granted = pieces(&hall.run(5.0, |_| true));
        granted.extend(to_seeker);
        granted.sort_unstable();
        granted.dedup();
        assert!(granted.contains(&1050), "{others}: {granted:?}");
    }
}

#[test]
fn a_crowd_gets_each_piece_once() {
    let mut hall = Hall::new();
    for viewer in 0..20 {
        hall.join(viewer);
        hall.report(viewer, playing(0));
        hall.gained(viewer, 0..3);
    }
    let granted = hall.run(12.0, |_| true);
    let all = pieces(&granted);
    let mut once = all.clone();
    once.dedup();
    assert_eq!(all, once);
    assert!(all.contains(&55));
    let receivers: std::collections::BTreeSet<u32> =
        granted.iter().map(|(viewer, _)| *viewer).collect();
    assert!(receivers.len() > 10, "the work is spread: {receivers:?}");
}

#[test]
fn of_a_crowd_that_comes_together_each_brings_in_another_piece() {
    let mut hall = Hall::new();
    let mut granted = Vec::new();
    for viewer in 0..6 {
        hall.join(viewer);
        hall.report(viewer, playing(0));
        granted.extend(hall.grants());
        hall.now += 0.05;
    }
    // A start takes pieces 0 to 3, and the page perhaps 4 as well.
    let one = |viewer: u32| {
        let piece = viewer + 5..viewer + 6;
        (viewer, vec![piece])
    };
    assert_eq!(granted, (0..6).map(one).collect::<Vec<_>>());
    // Nothing more until the others are likely to be here; then what is needed soon is dealt out singly.
    for viewer in 0..6 {
        hall.gained(viewer, 0..4);
        hall.gained(viewer, viewer + 5..viewer + 6);
    }
    assert_eq!(hall.run(0.35, |_| true), []);
    let granted = hall.run(0.4, |_| true);
    assert!(granted.iter().all(|(_, run)| run.len() == 1), "{granted:?}");
    let of_one = |viewer| granted.iter().filter(|(it, _)| *it == viewer).count();
    assert!((0..6).all(|viewer| of_one(viewer) <= 2), "{granted:?}");
    assert!(granted.len() > 4, "{granted:?}");
}

#[test]
fn who_uploads_nothing_or_cannot_be_relied_on_brings_nothing_in() {
    for useless in [
        Report {
            uploads: false,
            ..playing(0)
        },
        Report {
            dependable: false,
            ..playing(0)
        },
    ] {
        let mut hall = Hall::new();
        for viewer in 0..10 {
            hall.join(viewer);
            let report = if viewer < 5 { useless } else { playing(0) };
            hall.report(viewer, report);
        }
        for viewer in 0..10 {
            hall.gained(viewer, 0..9);
        }
        let granted = hall.run(12.0, |_| true);
        assert!(
            granted.iter().all(|(viewer, _)| *viewer >= 5),
            "{granted:?}"
        );
        assert!(pieces(&granted).contains(&55));
        // Nobody else is there any more: each is fed for itself.
        for viewer in 5..10 {
            hall.conductor.leave(at(hall.now), viewer);
        }
        for viewer in 0..5 {
            hall.report(viewer, useless);
        }
        let granted = pieces(&hall.run(10.0, |_| true));
        assert_eq!(granted.iter().filter(|piece| **piece == 50).count(), 5);
    }
}

#[test]
fn grants_that_are_not_brought_go_to_others() {
    let mut hall = Hall::new();
    for viewer in 0..4 {
        hall.join(viewer);
        hall.report(viewer, playing(0));
    }
    // Number 0 takes grants and brings nothing.
    let granted = hall.run(40.0, |viewer| viewer != 0);
    let mut brought: Vec<u32> = granted
        .iter()
        .filter(|(viewer, _)| *viewer != 0)
        .flat_map(|(_, run)| run.clone())
        .collect();
    brought.sort_unstable();
    assert!((9..55).all(|piece| brought.contains(&piece)), "{brought:?}");
    let to_liar = granted.iter().filter(|(viewer, _)| *viewer == 0).count();
    assert!(to_liar < 30, "{to_liar}");
}

#[test]
fn a_liar_about_haves_is_found_out() {
    let mut hall = Hall::new();
    hall.join(0);
    hall.gained(0, 0..1716);
    hall.report(0, playing(1715));
    for viewer in 1..5 {
        hall.join(viewer);
        hall.report(viewer, playing(0));
    }
    assert_eq!(hall.run(1.0, |_| true), [], "it is believed at first");
    for viewer in 1..5 {
        let rescued = Report {
            rescued: 2 * (64 << 10),
            ..playing(0)
        };
        hall.report(viewer, rescued);
        hall.gained(viewer, viewer * 4..viewer * 4 + 2);
    }
    let granted = hall.run(12.0, |_| true);
    assert!(pieces(&granted).contains(&55));
    assert!(granted.iter().all(|(viewer, _)| *viewer != 0));
    let account = hall.conductor.account();
    assert_eq!(account.rescue, 8 * (64 << 10));
}

#[test]
fn an_infinite_uplink_counts_for_an_ordinary_fast_one() {
    let taken = |claimed| -> u32 {
        let mut hall = Hall::new();
        for (viewer, uplink) in [(0, 2_500_000), (1, claimed)] {
            let report = Report {
                uplink,
                ..playing(0)
            };
            hall.join(viewer);
            hall.report(viewer, report);
        }
        let granted = hall.run(5.0, |_| true);
        let runs = granted.iter().filter(|(viewer, _)| *viewer == 1);
        runs.map(|(_, run)| run.end - run.start).sum()
    };
    assert_eq!(taken(u32::MAX), taken(2_500_000));
}

#[test]
fn an_honest_one_outlives_some_rescues() {
    let mut hall = Hall::new();
    for viewer in 0..3 {
        hall.join(viewer);
        hall.report(viewer, playing(0));
    }
    hall.gained(0, 0..400);
    hall.gained(1, 0..100);
    for piece in 200..210 {
        let rescued = Report {
            rescued: 64 << 10,
            ..playing(190)
        };
        hall.report(1, rescued);
        hall.gained(1, piece..piece + 1);
    }
    hall.report(1, playing(300));
    assert!(!pieces(&hall.run(1.0, |_| true)).contains(&330));
}

#[test]
fn the_budget_ends_instant_starts() {
    let mut hall = Hall::new();
    let generous = (0..1000)
        .filter(|viewer| hall.join(*viewer).instant > 0)
        .count();
    // A fifth of the film, for each a start and the rescues that follow it.
    assert!((11..15).contains(&generous), "{generous}");
    let mut orders = Vec::new();
    hall.conductor.conduct(at(0.0), &mut orders);
    assert!(hall.conductor.account().copies() < 0.01);
    // Everybody says goodbye before it begins: nothing was spent.
    for viewer in 0..1000 {
        hall.conductor.leave(at(1.0), viewer);
    }
    assert!(hall.conductor.is_empty());
    hall.join(2000);
    assert_eq!(hall.join(2001).instant, 4);
}

#[test]
fn rescues_make_everybody_careful() {
    let mut hall = Hall::new();
    for viewer in 0..10 {
        hall.join(viewer);
        hall.report(viewer, playing(0));
        hall.gained(viewer, 0..3);
    }
    hall.grants();
    let film = u64::from(FILM.pieces) * u64::from(FILM.piece_length);
    for viewer in 0..10 {
        let rescued = Report {
            rescued: film,
            ..playing(0)
        };
        hall.report(viewer, rescued);
        hall.gained(viewer, 3..86);
    }
    let mut orders = Vec::new();
    hall.conductor.conduct(at(0.5), &mut orders);
    let told = orders
        .iter()
        .filter(|order| matches!(order.what, What::Settings(settings) if settings.instant == 0));
    assert_eq!(told.count(), 10);
    assert_eq!(hall.join(11).instant, 0);
}

#[test]
fn a_stock_viewer_is_granted_what_it_waits_for() {
    let mut hall = Hall::new();
    hall.conductor.join(at(0.0), 1, Kind::Stock);
    let granted = hall.run(3.0, |_| true);
    assert!(granted.first().is_some_and(|(_, run)| run.start == 0));
    // Another claims everything and gives it nothing.
    let mut hall = Hall::new();
    hall.join(0);
    hall.gained(0, 0..1716);
    hall.report(0, playing(1000));
    hall.conductor.join(at(0.0), 1, Kind::Stock);
    let granted = hall.run(6.0, |_| true);
    assert!(granted.contains(&(1, 0..2)), "{granted:?}");
    assert!(hall.conductor.account().rescue > 0);
}

#[test]
fn a_viewer_whom_nobody_reaches_is_fed_by_the_pod() {
    let mut hall = Hall::new();
    for viewer in 0..5 {
        hall.join(viewer);
        hall.report(viewer, playing(0));
        hall.gained(viewer, 0..300);
    }
    hall.join(9);
    let alone = Report {
        neighbours: 0,
        ..playing(0)
    };
    hall.report(9, alone);
    hall.now = 1.0;
    assert_eq!(hall.grants(), [], "connections take a while");
    let granted = hall.run(12.0, |_| true);
    // Not half a minute ahead, because neighbours may turn up.
    assert!(pieces(&granted).ends_with(&[27, 28]), "{granted:?}");
    assert!(granted.iter().all(|(viewer, _)| *viewer == 9));
}

#[test]
fn two_are_introduced_once_until_it_must_have_failed() {
    let mut conductor = Hall::new().conductor;
    let everybody: Vec<u32> = (0..6).collect();
    let mut pairs = std::collections::HashSet::new();
    let mut introduce = |second: u64, who: u32| {
        let now = Duration::from_secs(second);
        let chosen = conductor.neighbours(now, who, &everybody, 5, &mut |_| 0);
        let chosen: Vec<u32> = chosen.into_iter().map(|at| everybody[at]).collect();
        for other in &chosen {
            pairs.insert((who.min(*other), who.max(*other)));
        }
        chosen.len()
    };
    let offers: usize = everybody.iter().map(|who| introduce(1, *who)).sum();
    assert_eq!(offers, 15);
    assert_eq!(introduce(15, 3), 0);
    assert_eq!(introduce(30, 3), 5);
    assert_eq!(pairs.len(), 15);
}

#[test]
fn neighbours_are_ahead_and_have_uplink_to_spare() {
    let mut hall = Hall::new();
    for viewer in 0..60 {
        hall.join(viewer);
        let (uplink, neighbours) = match viewer % 3 {
            0 => (2_000_000, 1),
            1 => (200_000, 8),
            _ => (1_000_000, 60),
        };
        let report = Report {
            uplink,
            neighbours,
            uploads: viewer % 5 != 0,
            ..playing(viewer)
        };
        hall.report(viewer, report);
        hall.gained(viewer, 0..viewer * 5);
    }
    let candidates: Vec<u32> = (0..60).collect();
    let mut state = 7_usize;
    let mut below = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % n
    };
    for wanted in 0..70 {
        // Long after the last time, so that everybody may be introduced anew.
        let now = Duration::from_secs(1000 * u64::try_from(wanted).unwrap());
        let chosen = hall
            .conductor
            .neighbours(now, 3, &candidates, wanted, &mut below);
        assert_eq!(chosen.len(), wanted.min(59));
        assert!(!chosen.contains(&3));
        if wanted == 8 {
            let good = chosen.iter().filter(|it| **it % 3 == 0 && **it % 5 != 0);
            assert!(good.count() >= 5, "{chosen:?}");
        }
    }
    // Strangers are as good as anybody to a stranger.
    assert_eq!(
        hall.conductor
            .neighbours(Duration::MAX, 99, &[70, 71], 5, &mut below)
            .len(),
        2
    );
}

/// One thing that somebody may say.
#[derive(Debug, Clone)]
enum Deed {
    Join(u32, Kind),
    Report(u32, Report),
    Gained(u32, Range<u32>),
    Lost(u32, Range<u32>),
    Leave(u32),
    Conduct,
}

fn deeds() -> impl Strategy<Value = Vec<(u64, Deed)>> {
    let viewer = || 0..8_u32;
    let range = || {
        (any::<u32>(), 0..200_u32, any::<bool>()).prop_map(|(start, length, near)| {
            let start = if near { start % 2000 } else { start };
            start..start.saturating_add(length)
        })
    };
    let number = || prop_oneof![0..2000_u32, any::<u32>()];
    let report = (
        number(),
        number(),
        number(),
        any::<u16>(),
        any::<[bool; 3]>(),
        any::<u64>(),
    );
    let report = report.prop_map(
        |(playhead, lead, uplink, neighbours, flags, rescued)| Report {
            playhead,
            lead: Duration::from_millis(lead.into()),
            uplink,
            neighbours,
            uploads: flags[0],
            paused: flags[1],
            dependable: flags[2],
            rescued,
        },
    );
    let deed = prop_oneof![
        (viewer(), any::<bool>()).prop_map(|(viewer, page)| {
            Deed::Join(viewer, if page { Kind::Page } else { Kind::Stock })
        }),
        (viewer(), report).prop_map(|(viewer, report)| Deed::Report(viewer, report)),
        (viewer(), range()).prop_map(|(viewer, range)| Deed::Gained(viewer, range)),
        (viewer(), range()).prop_map(|(viewer, range)| Deed::Lost(viewer, range)),
        viewer().prop_map(Deed::Leave),
        Just(Deed::Conduct),
    ];
    proptest::collection::vec((0..5000_u64, deed), 0..200)
}

proptest! {
    /// Whatever anybody says, in whatever order and however the clock jumps: nothing breaks, grants lie in the film, and when all
    /// are gone nothing is left.
    #[test]
    fn nonsense(deeds in deeds(), pieces in 0..1800_u32, backwards: bool) {
        let film = Film { pieces, ..FILM };
        let mut conductor = Conductor::new(film, Rules::default());
        let mut now = Duration::from_secs(3600);
        let mut orders = Vec::new();
        for (wait, deed) in deeds {
            let wait = Duration::from_millis(wait);
            now = if backwards && wait.subsec_millis().is_multiple_of(7) { now.saturating_sub(wait) } else { now + wait };
            match deed {
                Deed::Join(viewer, kind) => { conductor.join(now, viewer, kind); }
                Deed::Report(viewer, report) => conductor.report(now, viewer, &report),
                Deed::Gained(viewer, range) => conductor.gained(now, viewer, range),
                Deed::Lost(viewer, range) => conductor.lost(now, viewer, range),
                Deed::Leave(viewer) => conductor.leave(now, viewer),
                Deed::Conduct => conductor.conduct(now, &mut orders),
            }
            conductor.deadline();
            for order in orders.drain(..) {
                if let What::Grant(ranges) = order.what {
                    assert!(!ranges.is_empty());
                    let mut end = 0;
                    for range in ranges {
                        assert!(range.start >= end && range.start < range.end && range.end <= pieces);
                        end = range.end + 1;
                    }
                }
            }
        }
        for viewer in 0..8 {
            conductor.leave(now, viewer);
        }
        assert!(conductor.is_empty());
        assert!(conductor.replicas.missing().iter().eq(0..pieces));
        assert!(conductor.alarms.first().is_none());
        assert!((0..pieces).all(|piece| conductor.replicas.expected(piece) == 0));
        assert_eq!(conductor.crowd.before(pieces, usize::MAX), 0);
    }
}
