//! The alarm of the port: a timer of the kernel's, because the runtime's wakes its own driver each time it is set, and the pace of
//! sending sets it a thousand times a second. It rings at the time it is set to or before: the endpoint's deadline moves with every
//! datagram, mostly back, and waking up in vain now and then is cheaper than following it.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::watch;

/// What comes within the same so long is waited for together.
const GRAIN: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub(super) struct Alarm {
    timer: AsyncFd<OwnedFd>,
    /// When it rings, as far as it is set.
    at: Option<Duration>,
}

impl Alarm {
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self {
            timer: watch(timer)?,
            at: None,
        })
    }

    /// Sees to it that the alarm rings at `at` (a little later if that is at once) or before.
    pub(super) fn set(&mut self, now: Duration, at: Duration) -> io::Result<()> {
        if self.at.is_some_and(|set| now < set && set <= at) {
            return Ok(());
        }
        let wait = at.saturating_sub(now).max(GRAIN);
        let value = Timespec {
            tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: wait.subsec_nanos().into(),
        };
        let once = Itimerspec {
            it_interval: Timespec::default(),
            it_value: value,
        };
        // What rang before is forgotten, here and by the kernel.
        let _ = self.timer.try_io(Interest::READABLE, |_| {
            Err::<(), _>(io::ErrorKind::WouldBlock.into())
        });
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
        self.at = Some(now + wait);
        Ok(())
    }

    /// Waits until it rings.
    pub(super) async fn rings(&self) -> io::Result<()> {
        self.timer.readable().await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn it_rings_each_time_it_is_set() {
        let mut alarm = Alarm::new().unwrap();
        let start = Instant::now();
        for _ in 0..3 {
            let now = start.elapsed();
            alarm.set(now, now + Duration::from_secs(3600)).unwrap();
            alarm.set(now, now + 5 * GRAIN).unwrap();
            alarm.set(now, now + Duration::from_secs(60)).unwrap();
            alarm.rings().await.unwrap();
            assert!(start.elapsed() >= now + 5 * GRAIN);
        }
        assert!(start.elapsed() < Duration::from_secs(60));
    }
}
