//! Tables on a terminal, medians, and what the machine is.

use anyhow::Result;

use crate::Bench;

/// Says where this is measured.
pub fn machine(bench: &Bench) -> Result<()> {
    let cores = std::thread::available_parallelism()?;
    let memory = std::fs::read_to_string("/proc/meminfo")?;
    let kib = memory.lines().find_map(|l| l.strip_prefix("MemTotal:"));
    let kib: f64 = kib
        .and_then(|l| l.trim().trim_end_matches("kB").trim().parse().ok())
        .unwrap_or(0.0);
    let system = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    println!(
        "{cores} cores, {:.0} GiB, Linux {}, {} videos",
        kib / 1024.0 / 1024.0,
        system.trim(),
        bench.videos
    );
    Ok(())
}

/// A table: its heading, its columns, and rows of as many cells; the first column is text, the others are numbers.
pub fn table(heading: &str, columns: &[&str], rows: &[Vec<String>]) {
    println!("\n{heading}");
    let width = |n: usize| {
        let cells = rows.iter().filter_map(|row| row.get(n)).map(String::len);
        cells.chain([columns[n].len()]).max().unwrap_or(0)
    };
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().enumerate().map(|(n, cell)| match n {
            0 => format!("{cell:<w$}", w = width(n)),
            _ => format!("{cell:>w$}", w = width(n)),
        });
        println!("  {}", padded.collect::<Vec<_>>().join("  ").trim_end());
    };
    line(columns.to_vec());
    for row in rows {
        line(row.iter().map(String::as_str).collect());
    }
}

/// The number in the middle.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => numbers[middle],
        _ => (numbers[middle - 1] + numbers[middle]) / 2.0,
    }
}

/// Whether an aim was reached, in a word for a table.
pub fn verdict(reached: bool) -> String {
    if reached { "reached" } else { "missed" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }
}
