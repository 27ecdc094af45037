//! The command line: what can be asked of the program, and where its configuration is read from.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};

use crate::config::load::{Loaded, Problem, Sources, load};
use crate::demo::Demo;
use crate::{check, config, demo, serve, user};

/// A decentralized video platform: one pod is one program.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Command {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    place: Place,
}

#[derive(Subcommand)]
enum What {
    /// Run the pod.
    Serve,
    /// Run several fresh pods side by side on this machine, to see how they become a network.
    Demo(Demo),
    /// Show the configuration in force, where it comes from, and what is wrong with it.
    CheckConfig,
    /// Print a configuration file with every key, what it means and its default.
    SampleConfig,
    /// Create users and help them back in.
    #[command(subcommand)]
    User(User),
    /// Print the version.
    Version,
}

/// What can be done with users from here. A password that is not given is made up and printed.
#[derive(Subcommand)]
pub enum User {
    /// Create a user (while the pod does not run; on a running pod, administrators do it on the page).
    Create {
        /// The name to sign in with.
        username: String,
        /// Their address.
        #[arg(long)]
        email: String,
        /// What they may do: admin, moderator or user.
        #[arg(long, default_value = "user")]
        role: String,
        /// Their password.
        #[arg(long, env = "SHOAL_USER_PASSWORD", hide_env_values = true)]
        password: Option<String>,
    },
    /// Give a user a new password and sign them out everywhere.
    ResetPassword {
        /// Name or address.
        login: String,
        /// The new password.
        #[arg(long, env = "SHOAL_USER_PASSWORD", hide_env_values = true)]
        password: Option<String>,
    },
}

/// Where the configuration comes from, for every command.
#[derive(Args)]
struct Place {
    /// Configuration file (TOML); see `shoal sample-config`.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Address and port to listen on.
    #[arg(long, global = true, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// The folder that holds everything the pod stores.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<String>,
    /// How visitors reach the pod.
    #[arg(long, global = true, value_name = "URL")]
    public_url: Option<String>,
}

/// Does what the command line says.
pub fn run() -> Result<()> {
    let command = Command::parse();
    match &command.what {
        What::Version => print(&format!("shoal {}\n", env!("CARGO_PKG_VERSION"))),
        What::SampleConfig => print(&config::sample::sample()),
        What::CheckConfig => check::check(&command.place.load()?),
        What::Serve => serve::serve(command.place.load()?.config),
        What::Demo(what) => {
            command
                .place
                .refuse("shoal demo chooses them for each pod")?;
            demo::demo(what)
        }
        What::User(what) => user::user(command.place.load()?.config, what),
    }
}

/// Output that somebody reads through `head` may end early without an error.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

impl Place {
    /// For a command that has no use for any of it.
    fn refuse(&self, why: &str) -> Result<()> {
        let Place {
            config,
            listen,
            data,
            public_url,
        } = self;
        if config.is_some() || [listen, data, public_url].iter().any(|flag| flag.is_some()) {
            bail!("--config, --listen, --data and --public-url have no place here: {why}");
        }
        Ok(())
    }

    fn load(&self) -> Result<Loaded> {
        load(&self.sources()?).map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
            anyhow::anyhow!("the configuration is not right:\n  {}", lines.join("\n  "))
        })
    }

    fn sources(&self) -> Result<Sources> {
        let file = match &self.config {
            None => None,
            Some(path) => {
                let text = std::fs::read_to_string(path).with_context(|| {
                    format!("the configuration file {} cannot be read", path.display())
                })?;
                Some((path.display().to_string(), text))
            }
        };
        let mut variables = Vec::new();
        for (name, value) in std::env::vars_os() {
            if let Ok(name) = name.into_string()
                && name.starts_with("SHOAL_")
            {
                let Ok(value) = value.into_string() else {
                    bail!("the environment variable {name} is not UTF-8");
                };
                variables.push((name, value));
            }
        }
        let flags = [
            ("--listen", "listen", &self.listen),
            ("--data", "data", &self.data),
            ("--public-url", "public_url", &self.public_url),
        ];
        let flags = flags
            .into_iter()
            .filter_map(|(flag, key, value)| Some((flag, key, value.clone()?)))
            .collect();
        Ok(Sources {
            file,
            variables,
            flags,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Command::command().debug_assert();
    }
}
