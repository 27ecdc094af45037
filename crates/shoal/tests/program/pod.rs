//! A pod in a process of its own, in a folder of its own, on a free port.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that goes away with the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("shoal-program-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The program, without what the environment of the test says to it.
pub fn shoal() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shoal"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SHOAL_") {
            command.env_remove(name);
        }
    }
    command
}

pub struct Pod {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub port: u16,
    /// What was printed before the address.
    pub greeting: String,
    pub folder: Folder,
}

impl Pod {
    pub fn start(arguments: &[&str]) -> Pod {
        Pod::start_in(Folder::new(), arguments)
    }

    pub fn start_in(folder: Folder, arguments: &[&str]) -> Pod {
        let mut child = shoal()
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = String::new();
        let port = loop {
            let mut line = String::new();
            if stdout.read_line(&mut line).unwrap() == 0 {
                let mut log = String::new();
                child
                    .stderr
                    .take()
                    .unwrap()
                    .read_to_string(&mut log)
                    .unwrap();
                panic!("the pod did not start: {log}");
            }
            match line.trim().strip_prefix("Shoal is at ") {
                Some(url) => break url.rsplit(':').next().unwrap().parse().unwrap(),
                None => greeting.push_str(&line),
            }
        };
        Pod {
            child,
            stdout,
            port,
            greeting,
            folder,
        }
    }

    pub fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).unwrap()
    }

    /// Sends a request with these lines of a head on a connection of its own.
    pub fn ask(&self, head: &str) -> String {
        let mut socket = self.connect();
        let head = head.replace('\n', "\r\n");
        write!(socket, "{head}\r\nHost: pod\r\nConnection: close\r\n\r\n").unwrap();
        read_all(socket)
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(sent.success());
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end; the status and the rest of what was printed.
    pub fn wait(mut self) -> (ExitStatus, Folder) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        let status = self.child.wait().unwrap();
        let folder = std::mem::replace(&mut self.folder, Folder(PathBuf::new()));
        (status, folder)
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What comes until the other side closes.
pub fn read_all(mut socket: TcpStream) -> String {
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).into_owned()
}
