//! The conductor's constants in one place, so that the simulator and the bench can try others. What each is worth was measured in the
//! simulator (docs/conductor.md); none of them is a promise to a page except through [`Settings`].

use std::time::Duration;

/// What a page is told about using HTTP of its own accord.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Pieces from the playhead that may be fetched over HTTP at once, at the start and after a seek.
    pub instant: u32,
    /// The lead below which a rescue is due while playing.
    pub patience: Duration,
    /// The time between reports when nothing is urgent.
    pub interval: Duration,
}

/// All constants of a [`Conductor`](super::Conductor).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// How far ahead of a playhead what nobody has is fed. Whoever leaves has had that much brought in, perhaps for nobody.
    pub window: Duration,
    /// The same for a viewer that is alone and has only this to live on when its line fails.
    pub window_alone: Duration,
    /// The same for a viewer that has just come: of a crowd that comes together the first is not to bring in everything, while the
    /// others, who would share the work, are on their way.
    pub window_first: Duration,
    /// How long a viewer that begins with an instant start gets only a piece more: of a crowd that comes together the first would get
    /// all, with the slowest uplink if chance wants it, before the others are known.
    pub settling: Duration,
    /// How fast the window then grows, in seconds of film a second.
    pub window_growth: u32,
    /// Film fetched over HTTP at once by whoever starts, while the budget lasts.
    pub instant: Duration,
    /// Instant starts and rescues, in copies of the film.
    pub budget: f64,
    /// The budget is never less than so many instant starts: a handful of viewers of a short film do not wait for each other.
    pub starts: u32,
    /// What an instant start is expected to cost with the rescues that follow it: times its pieces.
    pub start_costs: u32,
    /// After so long a start is over.
    pub start: Duration,
    /// The time in which the whole budget comes back.
    pub refill: Duration,
    /// [`Settings::patience`] while the budget lasts.
    pub patience: Duration,
    /// The same when it is spent.
    pub patience_spent: Duration,
    /// Shortest time between reports; crowds report less often.
    pub interval: Duration,
    /// Viewers that may report in one second by [`Settings::interval`].
    pub reports_per_second: f64,
    /// How long a granted piece may take before somebody else is asked, on top of what its bytes take.
    pub grant_patience: Duration,
    /// The slowest a viewer is expected to take granted pieces (bytes per second).
    pub slowest: u64,
    /// Pieces granted to one viewer of a crowd and not there yet.
    pub grants_in_crowd: usize,
    /// The same for a viewer that nobody else can feed.
    pub grants_alone: usize,
    /// Longest run of adjacent pieces for one viewer of a crowd.
    pub run_in_crowd: u32,
    /// What is needed within this time is dealt out piece by piece, so that many uplinks pass it on.
    pub dealt: Duration,
    /// What is needed within this time goes to one who needs it as soon.
    pub urgent: Duration,
    /// The least time in which others can pass a piece on.
    pub passing: Duration,
    /// How much is granted at once to a viewer that seeks to where its neighbours hardly have anything.
    pub seek: Duration,
    /// How long a viewer may be without neighbours before it is fed as if it were alone.
    pub stranded: Duration,
    /// How far ahead it is then fed: it may find neighbours any moment.
    pub window_stranded: Duration,
    /// Seeds beyond the first, in copies of the film.
    pub seeds: f64,
    /// Seeds of a piece that is needed at once: one for so many viewers who need it.
    pub viewers_per_seed: f64,
    /// The time in which copies in a crowd double: a piece needed so much later gets half as many seeds.
    pub doubling: Duration,
    /// An uplink that nobody has measured (bytes per second).
    pub uplink_guess: u32,
    /// The most that an uplink counts for (bytes per second).
    pub uplink_most: u32,
    /// A stock viewer that gets nothing for so long is rescued.
    pub stock_patience: Duration,
    /// How fast a stock viewer, whose playhead nobody knows, is fed: times the pace of playback.
    pub stock_pace: f64,
    /// How long a viewer that let others down does not count, the first time; then twice as long each time.
    pub shunned: Duration,
    /// How often a viewer is looked at that says nothing.
    pub review: Duration,
    /// Viewers among whom a grant's receiver is chosen.
    pub sample: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(20),
            window_alone: Duration::from_secs(30),
            window_first: Duration::from_secs(3),
            settling: Duration::from_millis(700),
            window_growth: 3,
            instant: Duration::from_secs(2),
            budget: 0.2,
            starts: 10,
            start_costs: 2,
            start: Duration::from_secs(5),
            refill: Duration::from_secs(3600),
            patience: Duration::from_secs(1),
            patience_spent: Duration::from_millis(300),
            interval: Duration::from_secs(1),
            reports_per_second: 1000.0,
            grant_patience: Duration::from_secs(4),
            slowest: 250_000,
            grants_in_crowd: 8,
            grants_alone: 32,
            run_in_crowd: 4,
            dealt: Duration::from_secs(6),
            urgent: Duration::from_secs(3),
            passing: Duration::from_secs(1),
            seek: Duration::from_millis(4500),
            stranded: Duration::from_secs(8),
            window_stranded: Duration::from_secs(10),
            seeds: 0.2,
            viewers_per_seed: 20.0,
            doubling: Duration::from_millis(3000),
            uplink_guess: 500_000,
            uplink_most: 2_500_000,
            stock_patience: Duration::from_millis(2500),
            stock_pace: 2.0,
            shunned: Duration::from_secs(30),
            review: Duration::from_secs(2),
            sample: 64,
        }
    }
}
