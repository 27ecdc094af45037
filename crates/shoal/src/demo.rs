//! `shoal demo`: fresh pods side by side on this machine, each in a process and a folder of its own, ready to become a network.
//!
//! The pods are ordinary ones: this starts them as `shoal serve` with another port and folder each, and tells who to click where. It
//! holds no pod itself, so what works here works between machines. They are reached from this machine alone, and end together.

mod pod;

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use futures_util::future::{join_all, select_all, try_join_all};
use tokio::signal::unix::{SignalKind, signal};

use crate::serve;
use pod::DemoPod;

/// A pod that has not answered after so long will not.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many letters a password has that is typed from one window into another. Guesses are counted by the pod.
const PASSWORD: usize = 8;

/// What can be said about the pods of a demonstration.
#[derive(Args)]
pub struct Demo {
    /// How many pods.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=9))]
    pods: u16,
    /// The port of the first one; the others follow.
    #[arg(long, default_value_t = 9001)]
    port: u16,
    /// Keep what the pods store in this folder, and go on with it next time. Without it everything is removed at the end.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Runs the pods until SIGINT, SIGTERM or SIGHUP, or until one of them ends.
pub fn demo(demo: &Demo) -> Result<()> {
    let Some(last) = demo.port.checked_add(demo.pods - 1) else {
        bail!("--port: there are no ports after 65535 for the other pods");
    };
    let ports = demo.port..=last;
    for port in ports.clone() {
        if taken(port) {
            bail!(
                "port {port} is taken by another program. End it, or choose other ports, such as: shoal demo --port {}",
                if demo.port == 9101 { 9201 } else { 9101 }
            );
        }
    }
    // Goes away with everything in it when this function is left, however that comes about.
    let fleeting = match &demo.keep {
        Some(_) => None,
        None => Some(
            tempfile::Builder::new()
                .prefix("shoal-demo-")
                .tempdir()
                .context("there is no room for the folders of the pods")?,
        ),
    };
    let folder = match (&demo.keep, &fleeting) {
        (Some(folder), _) => folder.as_path(),
        (None, Some(folder)) => folder.path(),
        (None, None) => bail!("there is no folder for the pods"),
    };
    let password = std::env::var("SHOAL_ADMIN_PASSWORD")
        .ok()
        .filter(|password| !password.is_empty())
        .unwrap_or_else(|| app::random_password().chars().take(PASSWORD).collect());
    let known = folder.join("pod1").exists();
    let runtime = serve::runtime()?;
    let ended = runtime.block_on(run(&ports, folder, &password, known));
    runtime.shutdown_timeout(Duration::from_millis(100));
    ended
}

async fn run(
    ports: &RangeInclusive<u16>,
    folder: &Path,
    password: &str,
    known: bool,
) -> Result<()> {
    // Before there is anything that somebody would have to end.
    let stop = told_to_stop()?;
    let mut pods = Vec::new();
    for port in ports.clone() {
        let number = port - ports.start() + 1;
        let place = pod::Place {
            number,
            port,
            data: folder.join(format!("pod{number}")),
            entry: entry(ports, port).map(|port| format!("localhost:{port}")),
        };
        pods.push(DemoPod::start(place, password)?);
    }
    let ended = tokio::select! {
        biased;
        () = stop => Ok(()),
        ended = together(&mut pods, ports, password, known) => ended,
    };
    join_all(pods.iter_mut().map(DemoPod::end)).await;
    ended
}

fn told_to_stop() -> Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

/// Waits until all pods answer, tells what to do with them, and stays until one ends.
async fn together(
    pods: &mut [DemoPod],
    ports: &RangeInclusive<u16>,
    password: &str,
    known: bool,
) -> Result<()> {
    let answered = try_join_all(pods.iter_mut().map(DemoPod::answers));
    tokio::time::timeout(PATIENCE, answered)
        .await
        .context("not all pods answer after a minute")??;
    println!("{}", guide(ports, password, known));
    let waits = pods.iter_mut().map(|pod| Box::pin(pod.ended()));
    let (ended, _, _) = select_all(waits).await;
    Err(ended)
}

/// Whether another program listens where a browser would look for a pod.
fn taken(port: u16) -> bool {
    let used = |bound: std::io::Result<TcpListener>| {
        bound.is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse)
    };
    // "localhost" is both; a machine without IPv6 has the first only.
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err()
        || used(TcpListener::bind((Ipv6Addr::LOCALHOST, port)))
}

/// The port of the pod through which this one enters the network: the next one, and for the last the first. So whoever goes
/// backwards from the last pod but one to the first makes friends of all by one click on each, because a pod whose entry pod has
/// friends already finds them on its list.
fn entry(ports: &RangeInclusive<u16>, port: u16) -> Option<u16> {
    let (first, last) = (*ports.start(), *ports.end());
    match port {
        _ if first == last => None,
        port if port == last => Some(first),
        port => Some(port + 1),
    }
}

/// What is printed when all pods answer.
fn guide(ports: &RangeInclusive<u16>, password: &str, known: bool) -> String {
    let (first, last) = (*ports.start(), *ports.end());
    let name = |port: u16| port - first + 1;
    let mut text = match ports.len() {
        1 => "A pod is running:\n\n".to_owned(),
        count => format!("{count} pods are running, each with an administrator of its own:\n\n"),
    };
    for port in ports.clone() {
        text += &format!(
            "  pod {}   http://localhost:{port}   its friends: http://localhost:{port}/admin/network\n",
            name(port)
        );
    }
    text += &match known {
        true => {
            "\nSign in as root, with the password of the first time that this folder was used.\n"
                .to_owned()
        }
        false => format!("\nSign in as root, with the password {password}\n"),
    };
    if first < last {
        text += "\nMake a network of them:\n";
        for (step, port) in (first..last).rev().enumerate() {
            let found = match step {
                0 => format!("It and pod {} become friends.", name(last)),
                _ => format!(
                    "It asks pod {} whom that knows, and becomes a friend of all.",
                    name(port + 1)
                ),
            };
            text += &format!(
                "  {}. Press “Make friends” on http://localhost:{port}/admin/network\n     {found}\n",
                step + 1
            );
        }
        text += &format!(
            "  {}. Upload a video to pod {}: http://localhost:{last}/videos/upload\n  {}. Seconds later it is on {}: find it there, and watch it.\n     Viewers help each other, whichever pod they came from.\n",
            ports.len(),
            name(last),
            ports.len() + 1,
            others(first..=last - 1),
        );
    }
    text + "\nCtrl-C ends them."
}

fn others(ports: RangeInclusive<u16>) -> String {
    let addresses: Vec<String> = ports
        .map(|port| format!("http://localhost:{port}"))
        .collect();
    match addresses.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => addresses.join(""),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// One click on each pod from the last but one to the first, by the rule of the network: the entry pod and all on its list.
    #[test]
    fn all_are_friends_after_the_clicks_that_are_told() {
        for count in 2..=9 {
            let ports = 9001..=9000 + count;
            let mut friends = BTreeSet::new();
            for port in (9001..9000 + count).rev() {
                let entry = entry(&ports, port).unwrap();
                let listed: Vec<u16> = ports
                    .clone()
                    .filter(|other| friends.contains(&(entry, *other)))
                    .collect();
                for other in listed.into_iter().chain([entry]) {
                    friends.extend([(port, other), (other, port)]);
                }
            }
            assert_eq!(friends.len(), usize::from(count * (count - 1)), "{count}");
        }
        assert_eq!(entry(&(9001..=9003), 9003), Some(9001));
        assert_eq!(entry(&(9001..=9001), 9001), None);
    }

    #[test]
    fn the_guide_tells_the_way() {
        let three = guide(&(9001..=9003), "secret", false);
        for expected in [
            "3 pods are running",
            "  pod 2   http://localhost:9002   its friends: http://localhost:9002/admin/network\n",
            "the password secret\n",
            "  1. Press “Make friends” on http://localhost:9002/admin/network\n     It and pod 3 become friends.",
            "  2. Press “Make friends” on http://localhost:9001/admin/network\n     It asks pod 2 whom",
            "  3. Upload a video to pod 3: http://localhost:9003/videos/upload\n",
            "  4. Seconds later it is on http://localhost:9001 and http://localhost:9002:",
        ] {
            assert!(three.contains(expected), "{expected} in\n{three}");
        }
        let one = guide(&(9001..=9001), "secret", true);
        assert!(
            !one.contains("friends of") && !one.contains("secret") && !one.contains("network of")
        );
    }

    #[test]
    fn a_port_is_taken_or_not() {
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = held.local_addr().unwrap().port();
        assert!(taken(port));
        drop(held);
        assert!(!taken(port));
    }
}
