//! What measurements of seeding have in common: a file that is shared, and processes whose lines are read.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, BufWriter, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    time::Duration,
};

use anyhow::{Context as _, Result};

use crate::chance::Chance;

/// Bytes that clients ask for at once.
pub const BLOCK: usize = 16 << 10;

/// Longer than anything takes.
pub const PATIENCE: Duration = Duration::from_secs(240);

/// A file each block of which begins with its number.
pub fn fill(path: &Path, blocks: u32) -> Result<()> {
    let mut chance = Chance::new(3);
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut block = vec![0; BLOCK];
    block.fill_with(|| chance.below(256) as u8);
    for number in 0..blocks {
        block[..4].copy_from_slice(&number.to_be_bytes());
        file.write_all(&block)?;
    }
    Ok(file.flush()?)
}

/// Starts a process whose lines are read. What else it has to say is for whoever reads the measurements.
pub fn start(command: &mut Command, input: Stdio) -> Result<(Child, Receiver<String>)> {
    let name = command.get_program().to_owned();
    let mut child = command
        .stdin(input)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} does not start", name.display()))?;
    let output = child.stdout.take().context("no output")?;
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    Ok((child, lines))
}
