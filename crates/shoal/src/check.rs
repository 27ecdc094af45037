//! `shoal check-config`: the configuration in force, and what will not work with it.
//!
//! Single values were checked when they were read. Here are the combinations, and what the machine must have: programs, folders,
//! certificate files. `serve` refuses to start on the same findings.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::config::load::Loaded;
use crate::config::{Config, KEYS, Role};
use crate::listener::tls::Tls;
use crate::settings;

/// Prints everything; an error when there is a problem.
pub fn check(loaded: &Loaded) -> Result<()> {
    let mut text = String::new();
    for key in KEYS {
        let origin = loaded
            .origins
            .get(key.name)
            .map_or("default", String::as_str);
        let value = (key.show)(&loaded.config);
        writeln!(text, "{} = {value}  # {origin}", key.name)?;
    }
    writeln!(
        text,
        "# visitors reach it at {}",
        loaded.config.public_url()
    )?;
    print!("{text}");
    let problems = problems(&loaded.config);
    if problems.is_empty() {
        println!("# no problems found");
        return Ok(());
    }
    bail!(
        "{} found:\n  {}",
        plural(problems.len()),
        problems.join("\n  ")
    )
}

fn plural(count: usize) -> String {
    if count == 1 {
        "1 problem".into()
    } else {
        format!("{count} problems")
    }
}

/// What stops a pod with this configuration from working, each in one sentence.
pub fn problems(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    let (certificate, key) = (&config.tls.certificate, &config.tls.key);
    if certificate.as_os_str().is_empty() != key.as_os_str().is_empty() {
        problems.push("tls.certificate and tls.key belong together: set both or none.".into());
    } else if config.has_tls()
        && let Err(error) = Tls::load(certificate, key)
    {
        problems.push(format!("{error:#}."));
    }
    if config.database.is_sqlite() && !config.roles.has(Role::Web) {
        problems.push(
            "roles: a process without the role web works beside one that has it, and SQLite serves one process only. Use PostgreSQL, or add web.".into(),
        );
    }
    if config.roles.has(Role::Web) != config.roles.has(Role::Tracker) {
        problems
            .push("roles: web and tracker share one address; give a process both or none.".into());
    }
    if let Err(error) = writable(&config.data) {
        problems.push(format!(
            "data: {} cannot be written to: {error}.",
            config.data.display()
        ));
    }
    if config.roles.has(Role::Worker) {
        for (key, program) in [
            ("ffmpeg", &config.transcoding.ffmpeg),
            ("ffprobe", &config.transcoding.ffprobe),
        ] {
            if find(program).is_none() {
                problems.push(format!(
                    "transcoding.{key}: there is no program {}. On Debian, `apt install ffmpeg` brings it.",
                    program.display()
                ));
            }
        }
    }
    problems.extend(settings::problems(config));
    problems
}

/// The nearest folder that exists must let us write.
fn writable(folder: &Path) -> rustix::io::Result<()> {
    let here = PathBuf::from(".");
    let exists = folder
        .ancestors()
        .find(|folder| folder.exists())
        .unwrap_or(&here);
    let exists = if exists.as_os_str().is_empty() {
        &here
    } else {
        exists
    };
    rustix::fs::access(exists, rustix::fs::Access::WRITE_OK)
}

/// A program by its path, or by its name in `PATH`.
fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}
