//! What processes cost, as the kernel counts it: processor time with that of their children, and memory.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};

/// What /proc counts time in; the same on every Linux machine.
const TICKS_PER_SECOND: f64 = 100.0;

/// A process and all below it, now.
fn family(root: u32) -> BTreeSet<u32> {
    let all: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|process: u32| Some((process, fields(process)?.get(1)?.parse().ok()?)))
        .collect();
    let mut family = BTreeSet::from([root]);
    loop {
        let children: Vec<u32> = all
            .iter()
            .filter(|(process, parent)| family.contains(parent) && !family.contains(process))
            .map(|(process, _)| *process)
            .collect();
        if children.is_empty() {
            return family;
        }
        family.extend(children);
    }
}

/// The fields of /proc/N/stat after the name, so that the first is the state and the second the parent.
fn fields(process: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

/// Seconds of processor time of these processes, of all below them, and of their children that have ended.
pub fn cpu_seconds(roots: &[u32]) -> f64 {
    let ticks = |process: u32| -> f64 {
        let fields = fields(process).unwrap_or_default();
        // utime, stime, cutime, cstime
        fields
            .iter()
            .skip(11)
            .take(4)
            .filter_map(|n| n.parse::<f64>().ok())
            .sum()
    };
    let processes: BTreeSet<u32> = roots.iter().flat_map(|root| family(*root)).collect();
    processes.into_iter().map(ticks).sum::<f64>() / TICKS_PER_SECOND
}

/// Memory in MiB: resident, and with shared pages divided among those who share them.
pub struct Memory {
    pub resident: f64,
    pub proportional: f64,
}

/// The memory of a process and all below it.
pub fn memory(root: u32) -> Result<Memory> {
    let mut memory = Memory {
        resident: 0.0,
        proportional: 0.0,
    };
    for process in family(root) {
        let path = format!("/proc/{process}/smaps_rollup");
        let text = std::fs::read_to_string(&path).with_context(|| path.clone())?;
        let kib = |key: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(key));
            line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse().ok())
                .unwrap_or(0.0)
        };
        memory.resident += kib("Rss:") / 1024.0;
        memory.proportional += kib("Pss:") / 1024.0;
    }
    Ok(memory)
}

/// Ticks that all processors of the machine were busy, and ticks that there were.
pub fn machine_ticks() -> Result<(f64, f64)> {
    let text = std::fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().context("/proc/stat is empty")?;
    let ticks: Vec<f64> = line
        .split_whitespace()
        .skip(1)
        .take(8)
        .filter_map(|n| n.parse().ok())
        .collect();
    let all: f64 = ticks.iter().sum();
    let idle = ticks.get(3).unwrap_or(&0.0) + ticks.get(4).unwrap_or(&0.0);
    Ok((all - idle, all))
}
