//! The jail of a child process, built from inside: our own binary is started as `confine ... -- ffmpeg ...`, takes
//! rights away from itself and then becomes that program. So no code runs between fork and exec, and no `unsafe` is
//! needed. Taken away are: every file but the named ones and the system's libraries (landlock), every socket (seccomp),
//! memory, processor time and file size beyond the limits (rlimits), and life after the death of the pod. What a kernel
//! does not offer is left out; [`support`] tells the administrator. Users and namespaces are not touched, for that
//! would need privileges.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError,
};
use rustix::process::{Resource, Rlimit, Signal, setrlimit};

/// The newest rules that we know; an older kernel enforces those that it has.
const RULES: ABI = ABI::V5;

/// Folders and files of the system that a program needs to start.
const SYSTEM: [&str; 12] = [
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/nix/store",
    "/etc/ld.so.cache",
    "/etc/fonts",
    "/dev/zero",
    "/dev/urandom",
    "/proc/self",
    "/proc/cpuinfo",
    "/sys/devices/system",
];

/// What the kernel can enforce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Support {
    /// Files can be closed off.
    pub files: bool,
    /// Sockets can be closed off.
    pub sockets: bool,
}

/// Asks the kernel, without changing anything for this process.
pub fn support() -> Support {
    let files = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create)
        .is_ok();
    Support {
        files,
        sockets: sockets::AVAILABLE,
    }
}

/// What is left to the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Jail {
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
    memory: Option<u64>,
    cpu: Option<u64>,
    file_size: Option<u64>,
    nice: i32,
    parent: Option<u64>,
    program: Vec<OsString>,
}

/// Applies the options and becomes the program named behind `--`. Returns only when that fails. Must be called at the
/// very start of a process, before there is a second thread. `args` are the arguments behind the word `confine`:
/// `--read PATH` and `--write PATH` (any number), `--memory BYTES`, `--cpu SECONDS`, `--file-size BYTES`, `--nice N`,
/// `--parent PID` (do not start if that process, which should have started this one, is gone already).
pub fn enter(args: impl IntoIterator<Item = OsString>) -> io::Error {
    match parse(args).and_then(|jail| apply(&jail).map(|()| jail)) {
        Ok(jail) => Command::new(&jail.program[0])
            .args(&jail.program[1..])
            .exec(),
        Err(error) => error,
    }
}

fn parse(args: impl IntoIterator<Item = OsString>) -> io::Result<Jail> {
    let bad = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("confine: {why}"));
    let mut jail = Jail::default();
    let mut args = args.into_iter();
    while let Some(option) = args.next() {
        if option == "--" {
            jail.program = args.collect();
            break;
        }
        let value = args
            .next()
            .ok_or_else(|| bad("an option without a value"))?;
        let number = || {
            value
                .to_str()
                .and_then(|v| v.parse::<u64>().ok())
                .ok_or_else(|| bad("not a number"))
        };
        match option.to_str() {
            Some("--read") => jail.read.push(value.into()),
            Some("--write") => jail.write.push(value.into()),
            Some("--memory") => jail.memory = Some(number()?),
            Some("--cpu") => jail.cpu = Some(number()?),
            Some("--file-size") => jail.file_size = Some(number()?),
            Some("--parent") => jail.parent = Some(number()?),
            Some("--nice") => jail.nice = number()?.min(19) as i32,
            _ => return Err(bad("unknown option")),
        }
    }
    if jail.program.is_empty() {
        Err(bad("no program"))
    } else {
        Ok(jail)
    }
}

fn apply(jail: &Jail) -> io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    let parent =
        rustix::process::getppid().map(|pid| u64::from(pid.as_raw_nonzero().get().cast_unsigned()));
    if jail.parent.is_some() && jail.parent != parent {
        return Err(io::Error::other("confine: whoever wanted this is gone"));
    }
    for (resource, limit) in [
        (Resource::As, jail.memory),
        (Resource::Cpu, jail.cpu),
        (Resource::Fsize, jail.file_size),
        (Resource::Core, Some(0)),
    ] {
        if limit.is_some() {
            setrlimit(
                resource,
                Rlimit {
                    current: limit,
                    maximum: limit,
                },
            )?;
        }
    }
    if jail.nice > 0 {
        rustix::process::nice(jail.nice)?;
    }
    close_files(jail).map_err(|error| io::Error::other(format!("confine: {error}")))?;
    sockets::close()
}

fn close_files(jail: &Jail) -> Result<(), RulesetError> {
    let read = AccessFs::from_read(RULES);
    let write = AccessFs::from_all(RULES);
    let mut rules = Ruleset::default()
        .handle_access(write)?
        .handle_access(AccessNet::from_all(RULES))?
        .create()?;
    let program = Path::new(&jail.program[0]);
    let system = SYSTEM
        .iter()
        .map(Path::new)
        .chain(program.parent().filter(|p| p.is_absolute()));
    let shared = system.map(|path| (path, read));
    let own = jail
        .read
        .iter()
        .map(|path| (path.as_path(), AccessFs::ReadFile | AccessFs::ReadDir));
    let written = jail
        .write
        .iter()
        .map(|path| (path.as_path(), write & !AccessFs::Execute));
    let sink = (
        Path::new("/dev/null"),
        AccessFs::ReadFile | AccessFs::WriteFile,
    );
    for (path, access) in shared.chain(own).chain(written).chain([sink]) {
        // A path that does not exist needs no rule; what it would have held stays closed.
        let Ok(opened) = PathFd::new(path) else {
            continue;
        };
        let access = if path.is_dir() {
            access
        } else {
            access & AccessFs::from_file(RULES)
        };
        rules = rules.add_rule(PathBeneath::new(opened, access))?;
    }
    rules.restrict_self()?;
    Ok(())
}

/// Landlock knows TCP only; a filter on system calls closes every other kind of socket, and the ring through which
/// sockets could be made behind its back.
#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
))]
mod sockets {
    use std::io;

    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

    pub const AVAILABLE: bool = true;

    pub fn close() -> io::Result<()> {
        let refuse = SeccompAction::Errno(libc::EPERM as u32);
        let calls = [
            libc::SYS_socket,
            libc::SYS_socketpair,
            libc::SYS_io_uring_setup,
            libc::SYS_ptrace,
        ];
        let rules = calls.into_iter().map(|call| (call, Vec::new())).collect();
        let arch = std::env::consts::ARCH
            .try_into()
            .map_err(io::Error::other)?;
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)
            .map_err(io::Error::other)?;
        let program = BpfProgram::try_from(filter).map_err(io::Error::other)?;
        apply_filter(&program).map_err(io::Error::other)
    }
}

#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64"
)))]
mod sockets {
    use std::io;

    pub const AVAILABLE: bool = false;

    pub fn close() -> io::Result<()> {
        Ok(())
    }
}
