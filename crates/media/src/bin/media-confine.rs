//! The jailer by itself, for tests and for whoever runs media jobs without the whole pod: `media-confine confine
//! [options] -- program arguments`. The pod's own binary does the same under the same word.

use std::process::ExitCode;

fn main() -> ExitCode {
    let error = media::confine::enter(std::env::args_os().skip(2));
    eprintln!("{error}");
    ExitCode::FAILURE
}
