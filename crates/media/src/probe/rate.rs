//! Frames per second as a fraction, because 30000/1001 has no other exact form and keyframes of different renditions
//! must fall on the same instants for hours. Also the choice of one honest rate for a file whose frames come unevenly.

use serde::{Deserialize, Serialize};

/// `num / den` per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Numerator; never 0.
    pub num: u32,
    /// Denominator; never 0.
    pub den: u32,
}

/// Rates that cameras and programs mean when they measure something close to it.
const STANDARD: [(u32, u32); 12] = [
    (10, 1),
    (12, 1),
    (15, 1),
    (24000, 1001),
    (24, 1),
    (25, 1),
    (30000, 1001),
    (30, 1),
    (48, 1),
    (50, 1),
    (60000, 1001),
    (60, 1),
];

impl Rate {
    /// `num / den` in lowest terms; at least one in a thousand seconds and at most a thousand in one.
    pub fn new(num: u32, den: u32) -> Option<Rate> {
        let common = gcd(num, den);
        let rate = Rate {
            num: num.checked_div(common)?,
            den: den.checked_div(common)?,
        };
        (0.001..=1000.0).contains(&rate.value()).then_some(rate)
    }

    /// As a number.
    pub fn value(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// Every `divisor`-th frame only.
    pub fn divided(self, divisor: u32) -> Rate {
        let common = gcd(self.num, divisor.max(1));
        Rate {
            num: self.num / common,
            den: self.den.saturating_mul(divisor.max(1) / common),
        }
    }

    /// The rate that was probably meant by a measured one.
    pub fn near(measured: f64) -> Rate {
        let distance =
            |&(num, den): &(u32, u32)| (f64::from(num) / f64::from(den) / measured - 1.0).abs();
        let standard = STANDARD
            .iter()
            .min_by(|a, b| distance(a).total_cmp(&distance(b)));
        if let Some(&(num, den)) = standard.filter(|rate| distance(rate) < 0.02) {
            return Rate { num, den };
        }
        let (num, den) = if measured >= 10.0 {
            (measured.round(), 1)
        } else {
            ((measured * 1000.0).round(), 1000)
        };
        Rate::new(num as u32, den).unwrap_or(Rate { num: 25, den: 1 })
    }
}

/// Reads `30000/1001` as ffprobe writes it; `0/0` is nothing.
pub(super) fn parse(text: &str) -> Option<Rate> {
    let (num, den) = text.split_once('/')?;
    Rate::new(num.parse().ok()?, den.parse().ok()?)
}

/// One rate for a stream: the average of the header unless the frames that were seen contradict it. The median of
/// their distances counts then: a screen recording that stands still half of the time still moves at full speed in
/// the other half.
pub(super) fn choose(average: Option<Rate>, mut times: Vec<f64>) -> Rate {
    times.sort_by(f64::total_cmp);
    let mut steps: Vec<f64> = times
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .filter(|step| *step > 0.0005)
        .collect();
    steps.sort_by(f64::total_cmp);
    let median = steps
        .get(steps.len() / 2)
        .filter(|_| steps.len() >= 8)
        .map(|step| 1.0 / step);
    match (average, median) {
        (Some(average), Some(median)) if (median / average.value() - 1.0).abs() < 0.1 => {
            snap(average)
        }
        (_, Some(median)) => Rate::near(median),
        (Some(average), None) => snap(average),
        (None, None) => Rate { num: 25, den: 1 },
    }
}

/// Fractions that only measuring makes (`2978/99`) become what they are near to; exact ones stay.
fn snap(rate: Rate) -> Rate {
    if rate.den == 1 || (rate.den == 1001 && rate.num.is_multiple_of(1000)) {
        rate
    } else {
        Rate::near(rate.value())
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
