//! What is simulated: who comes when and with what, named as in the tables of docs/conductor.md. The film is the same everywhere.

/// Ten minutes at 1.5 Mbit/s.
pub const DURATION: f64 = 600.0;
/// Bytes of the film per second.
pub const RATE: f64 = 187_500.0;

/// A crowd and its circumstances.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// How the command line calls it.
    pub name: &'static str,
    /// How many come.
    pub viewers: u32,
    /// Seconds within which they come.
    pub arrivals: f64,
    /// Mean seconds after which they leave; 0 is never.
    pub watch: f64,
    /// Share of viewers that give nothing to others.
    pub silent: f64,
    /// Share of viewers that nobody can connect to (UDP blocked).
    pub blocked: f64,
    /// Share of pairs that cannot connect.
    pub unreachable: f64,
    /// Share of pieces that have to be sent twice.
    pub loss: f64,
    /// Share of viewers that seek once, to anywhere.
    pub seekers: f64,
    /// Lowest and highest uplink, Mbit/s; their logarithms are even.
    pub uplinks: (f64, f64),
    /// Uplinks given one by one, Mbit/s.
    pub exact_uplinks: &'static [f64],
}

const PLAIN: Scenario = Scenario {
    name: "",
    viewers: 0,
    arrivals: 2.0,
    watch: 0.0,
    silent: 0.0,
    blocked: 0.0,
    unreachable: 0.05,
    loss: 0.005,
    seekers: 0.0,
    uplinks: (2.0, 20.0),
    exact_uplinks: &[],
};

const fn at_once(name: &'static str, viewers: u32) -> Scenario {
    Scenario {
        name,
        viewers,
        ..PLAIN
    }
}

const fn spread(name: &'static str, viewers: u32) -> Scenario {
    Scenario {
        arrivals: 600.0,
        ..at_once(name, viewers)
    }
}

const fn leaving(name: &'static str, viewers: u32) -> Scenario {
    Scenario {
        watch: 200.0,
        ..spread(name, viewers)
    }
}

/// The uplinks of the bench with real browsers.
const BROWSERS: &[f64] = &[6.0, 3.0, 10.0, 4.0, 16.0, 5.0, 24.0, 8.0];

/// Everything that can be asked for by name.
pub const SCENARIOS: &[Scenario] = &[
    at_once("alone", 1),
    Scenario {
        exact_uplinks: BROWSERS,
        ..at_once("browsers-at-once", 8)
    },
    Scenario {
        arrivals: 64.0,
        exact_uplinks: BROWSERS,
        ..at_once("browsers-one-per-8s", 8)
    },
    at_once("10-at-once", 10),
    at_once("100-at-once", 100),
    at_once("1000-at-once", 1000),
    at_once("10000-at-once", 10_000),
    spread("10-over-10min", 10),
    spread("100-over-10min", 100),
    spread("1000-over-10min", 1000),
    spread("10000-over-10min", 10_000),
    leaving("10-leaving", 10),
    leaving("100-leaving", 100),
    leaving("1000-leaving", 1000),
    leaving("10000-leaving", 10_000),
    Scenario {
        arrivals: 3600.0,
        ..leaving("100-in-an-hour", 100)
    },
    Scenario {
        arrivals: 3600.0,
        ..leaving("1000-in-an-hour", 1000)
    },
    Scenario {
        silent: 0.3,
        ..spread("10-over-10min-30silent", 10)
    },
    Scenario {
        silent: 0.3,
        ..spread("100-over-10min-30silent", 100)
    },
    Scenario {
        silent: 0.3,
        ..spread("1000-over-10min-30silent", 1000)
    },
    Scenario {
        silent: 0.3,
        ..spread("10000-over-10min-30silent", 10_000)
    },
    Scenario {
        silent: 0.6,
        ..spread("1000-over-10min-60silent", 1000)
    },
    Scenario {
        silent: 0.3,
        ..at_once("100-at-once-30silent", 100)
    },
    Scenario {
        silent: 0.3,
        ..at_once("1000-at-once-30silent", 1000)
    },
    Scenario {
        seekers: 0.5,
        ..spread("100-seeking", 100)
    },
    Scenario {
        blocked: 0.05,
        ..spread("100-some-blocked", 100)
    },
    Scenario {
        uplinks: (1.0, 10.0),
        ..at_once("1000-at-once-half-uplinks", 1000)
    },
];
