//! A child process and its end. Whatever happens to the caller, nothing stays behind: the child leads a process group
//! of its own, which is killed when the handle is dropped, and it is told to die when the pod does. Its environment is
//! empty but for what a program needs to start, so that no secret of ours is in it. Its complaints are kept to a few
//! kilobytes. What the program is told to do is the business of other modules.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{LazyLock, Once, mpsc};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{ChildStderr, ChildStdout};

use crate::runner::RunError;
use crate::{Tools, confine};

/// What a child may touch and use.
#[derive(Clone, Debug, Default)]
pub struct Sandbox {
    pub read: Vec<PathBuf>,
    pub write: Option<PathBuf>,
    pub memory: u64,
    pub time: Duration,
    pub file_size: u64,
}

/// Longest line that is read; more of it is thrown away.
const MAX_LINE: u64 = 64 << 10;
/// Bytes of the complaints that are kept.
const MAX_COMPLAINT: usize = 4 << 10;
/// Niceness of media work beside the web server.
const NICE: u32 = 10;

/// A running child.
pub struct Child {
    group: Group,
    child: tokio::process::Child,
    stdout: BufReader<ChildStdout>,
    complaint: tokio::task::JoinHandle<Vec<u8>>,
    program: String,
}

/// Kills the whole group when it goes out of scope.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // It may have ended by itself; then there is nothing to kill.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

impl Child {
    pub fn spawn(
        tools: &Tools,
        program: &Path,
        args: &[OsString],
        sandbox: &Sandbox,
    ) -> Result<Child, RunError> {
        let path = find(program).ok_or_else(|| RunError::ToolMissing {
            tool: program.display().to_string(),
        })?;
        let mut command = match &tools.confine {
            Some(jailer) => {
                warn_once();
                let mut command = tokio::process::Command::new(jailer);
                command.args(jail(sandbox)).arg("--").arg(&path);
                command
            }
            None => tokio::process::Command::new(&path),
        };
        command
            .args(args)
            .env_clear()
            .env("LC_ALL", "C")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let missing = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => RunError::ToolMissing {
                tool: program.display().to_string(),
            },
            _ => RunError::Failed {
                reason: error.to_string(),
            },
        };
        let mut child = spawn_on_lasting_thread(command).map_err(missing)?;
        let group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(RunError::Failed {
                reason: "the child has no output".into(),
            });
        };
        let complaint = tokio::spawn(tail(stderr));
        let program = program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Ok(Child {
            group,
            child,
            stdout: BufReader::new(stdout),
            complaint,
            program,
        })
    }

    /// Gives each line of its output to `line`, until it ends.
    pub async fn lines(&mut self, limit: Duration, line: impl FnMut(&str)) -> Result<(), RunError> {
        tokio::time::timeout(limit, self.lines_to_end(line))
            .await
            .unwrap_or(Err(RunError::TimedOut))
    }

    async fn lines_to_end(&mut self, mut line: impl FnMut(&str)) -> Result<(), RunError> {
        while let Some(text) = self.next_line().await? {
            line(&text);
        }
        self.end().await
    }

    /// All of its output, if it is not too long.
    pub async fn text(mut self, limit: Duration) -> Result<String, RunError> {
        let mut text = String::new();
        self.lines(limit, |line| {
            if text.len() < 1 << 20 {
                text.push_str(line);
            }
        })
        .await?;
        Ok(text)
    }

    /// The next line with its end, `None` when there are no more.
    pub async fn next_line(&mut self) -> Result<Option<String>, RunError> {
        let mut bytes = Vec::new();
        let read = (&mut self.stdout)
            .take(MAX_LINE)
            .read_until(b'\n', &mut bytes)
            .await;
        match read {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) => Err(RunError::Failed {
                reason: error.to_string(),
            }),
        }
    }

    /// Waits for its end and judges it.
    pub async fn end(&mut self) -> Result<(), RunError> {
        let status = self.child.wait().await.map_err(|error| RunError::Failed {
            reason: error.to_string(),
        })?;
        // Whoever it started holds the pipes open no longer.
        self.group = Group(None);
        if status.success() {
            return Ok(());
        }
        let complaint = (&mut self.complaint).await.unwrap_or_default();
        Err(RunError::from_complaint(
            &self.program,
            status,
            &String::from_utf8_lossy(&complaint),
        ))
    }
}

/// Arguments for [`confine::enter`].
fn jail(sandbox: &Sandbox) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec!["confine".into(), "--nice".into(), NICE.to_string().into()];
    args.extend(["--parent".into(), std::process::id().to_string().into()]);
    for path in &sandbox.read {
        args.extend(["--read".into(), path.into()]);
    }
    if let Some(path) = &sandbox.write {
        args.extend(["--write".into(), path.into()]);
    }
    // The clock on the wall stops a run first; this is for the case that nobody watches the clock any more.
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let cpu = sandbox.time.as_secs().saturating_mul(cores).max(1);
    for (option, value) in [
        ("--memory", sandbox.memory),
        ("--cpu", cpu),
        ("--file-size", sandbox.file_size),
    ] {
        if value > 0 {
            args.extend([option.into(), value.to_string().into()]);
        }
    }
    args
}

/// "Die when your parent dies" means the parent's thread, and threads of an asynchronous runtime come and go. So all
/// children are started on one thread that never ends.
fn spawn_on_lasting_thread(command: tokio::process::Command) -> io::Result<tokio::process::Child> {
    struct Order {
        command: tokio::process::Command,
        runtime: tokio::runtime::Handle,
        answer: mpsc::Sender<io::Result<tokio::process::Child>>,
    }
    static SPAWNER: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
        let (sender, orders) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for mut order in orders {
                let _inside = order.runtime.enter();
                // The answer is not awaited by anybody only if the asking thread panicked.
                let _ = order.answer.send(order.command.spawn());
            }
        });
        sender
    });
    let gone = || io::Error::other("the thread that starts programs has ended");
    let (answer, child) = mpsc::channel();
    let order = Order {
        command,
        runtime: tokio::runtime::Handle::current(),
        answer,
    };
    SPAWNER.send(order).map_err(|_| gone())?;
    child.recv().map_err(|_| gone())?
}

fn warn_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let support = confine::support();
        if !support.files {
            tracing::warn!("this kernel has no landlock: ffmpeg can read every file that the pod can");
        }
        if !support.sockets {
            tracing::warn!("no system call filter on this processor: ffmpeg is kept from the network by landlock only");
        }
    });
}

/// A name without a folder is looked for in `PATH`.
fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.exists().then(|| program.to_owned());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// Reads to the end and keeps the last bytes.
async fn tail(mut stderr: ChildStderr) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = stderr.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..count]);
        let excess = kept.len().saturating_sub(MAX_COMPLAINT);
        kept.drain(..excess);
    }
    kept
}
