//! The program `shoal`: command line, configuration and wiring. It is the only place that knows every crate, and holds no rule of its own
//! about videos or people.

mod check;
mod command;
mod config;
mod demo;
mod descriptors;
mod listener;
mod lock;
mod log;
mod meters;
mod observe;
mod serve;
mod settings;
mod sharing;
mod user;

use std::process::ExitCode;

fn main() -> ExitCode {
    // The jail of a child process is built before anything else has happened, above all before there are threads.
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == "confine") {
        eprintln!("shoal: {}", media::confine::enter(args));
        return ExitCode::from(126);
    }
    match command::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shoal: {error:#}");
            ExitCode::FAILURE
        }
    }
}
