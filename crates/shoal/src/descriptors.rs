//! How many files and sockets the process may have open, which is what bounds its connections in the end.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are not for connections: databases, logs, uploads, child processes.
const RESERVED: u64 = 256;

/// Raises the limit as far as the system lets us; how many of `wanted` connections fit. One in three may have a file open.
pub fn raise(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised.current,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised");
            limit.current
        }
    };
    let fit = fitting(current, wanted);
    if fit < wanted {
        tracing::warn!(
            connections = fit,
            "fewer connections than limits.connections: the system's limit of open files is low (ulimit -Hn)"
        );
    }
    fit
}

fn fitting(descriptors: Option<u64>, wanted: usize) -> usize {
    let Some(descriptors) = descriptors else {
        return wanted;
    };
    let some_with_a_file = descriptors.saturating_sub(RESERVED) / 4 * 3;
    usize::try_from(some_with_a_file)
        .unwrap_or(wanted)
        .clamp(16, wanted.max(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_fit() {
        for (descriptors, wanted, expected) in [
            (None, 20_000, 20_000),
            (Some(1_048_576), 20_000, 20_000),
            (Some(1024), 20_000, 576),
            (Some(100), 20_000, 16),
        ] {
            assert_eq!(fitting(descriptors, wanted), expected);
        }
    }
}
