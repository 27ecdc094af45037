//! The log: lines on standard error, for people or for programs.

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Starts the log. Crates below ours speak only from warnings on, unless everything is asked for.
pub fn start(config: &Log) {
    let level = config.level.word();
    let filter = match level {
        "debug" => {
            "debug,hyper=info,hyper_util=info,rustls=info,sqlx=info,tungstenite=info".to_owned()
        }
        "info" => "info,sqlx=warn,hyper=warn".to_owned(),
        other => other.to_owned(),
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr);
    match config.format {
        LogFormat::Json => lines.json().flatten_event(true).init(),
        LogFormat::Text => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            lines.with_ansi(colours).init();
        }
    }
}
