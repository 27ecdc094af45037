//! nginx beside the pod: the same files, the same machine, its own settings for files (Debian's, without the log, since the pod writes
//! none either).

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// A running nginx; stopped when dropped.
pub struct Nginx {
    child: Child,
    pub address: SocketAddr,
}

impl Nginx {
    /// Serves the files of a folder.
    pub fn start(scratch: &Path, files: &Path) -> Result<Self> {
        let prefix = scratch.join("nginx");
        std::fs::create_dir_all(&prefix)?;
        // Asked for and given back: nginx cannot say which port it took.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        // Its workers would drop to a user who may not read our files.
        let user = if rustix::process::geteuid().is_root() {
            "user root;"
        } else {
            ""
        };
        let folder = prefix.display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
            .collect();
        let settings = format!(
            "{user}\nworker_processes auto;\npid {folder}/pid;\nerror_log {folder}/log;\ndaemon off;\n\
             events {{ worker_connections 768; }}\n\
             http {{\n{temporary}access_log off;\nsendfile on;\ntcp_nopush on;\nkeepalive_requests 100000;\n\
             types {{ video/mp4 mp4; }}\nserver {{ listen {address}; root {}; }}\n}}\n",
            files.display()
        );
        let path = prefix.join("nginx.conf");
        std::fs::write(&path, settings)?;
        let child = Command::new("nginx")
            .arg("-p")
            .arg(&prefix)
            .arg("-c")
            .arg(&path)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("nginx is not installed")?;
        let nginx = Self { child, address };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if began.elapsed() > Duration::from_secs(5) {
                bail!(
                    "nginx said: {}",
                    std::fs::read_to_string(prefix.join("log")).unwrap_or_default()
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(nginx)
    }

    /// The number of its first process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        crate::pod::stop(&mut self.child);
    }
}
