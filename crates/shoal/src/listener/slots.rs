//! Places for connections: a bounded number of them, of which one address can have a quarter.
//!
//! When all are taken nothing is accepted until somebody leaves, which the limits for slow clients bring about. An IPv6 network of 64
//! bits counts as one address, because that is what one customer has.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// All places of a listener.
pub struct Slots {
    free: Arc<Semaphore>,
    limit: usize,
    taken: Arc<Taken>,
}

struct Taken {
    by_address: Mutex<HashMap<IpAddr, usize>>,
    each: usize,
}

/// Tells whether places run out.
#[derive(Clone)]
pub struct Crowd {
    free: Arc<Semaphore>,
    few: usize,
}

impl Crowd {
    /// True when less than a quarter of the places is free.
    pub fn is_there(&self) -> bool {
        self.free.available_permits() < self.few
    }
}

/// A free place that somebody may take.
pub struct Place {
    permit: OwnedSemaphorePermit,
    taken: Arc<Taken>,
}

/// A taken place; dropping it frees it.
pub struct Slot {
    _permit: OwnedSemaphorePermit,
    counted: Option<(Arc<Taken>, IpAddr)>,
}

impl Slots {
    /// Places for `limit` connections.
    pub fn new(limit: usize) -> Slots {
        Slots {
            free: Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))),
            limit,
            taken: Arc::new(Taken {
                by_address: Mutex::default(),
                each: limit.div_ceil(4),
            }),
        }
    }

    /// Where it can be seen whether places run out.
    pub fn crowd(&self) -> Crowd {
        Crowd {
            free: Arc::clone(&self.free),
            few: self.limit / 4,
        }
    }

    /// Waits for a free place.
    pub async fn place(&self) -> Place {
        let free = Arc::clone(&self.free);
        let permit = match Arc::clone(&free).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                tracing::warn!(
                    "all places for connections are taken: new ones wait (limits.connections)"
                );
                free.acquire_owned()
                    .await
                    .expect("the semaphore is never closed")
            }
        };
        Place {
            permit,
            taken: Arc::clone(&self.taken),
        }
    }
}

impl Place {
    /// Takes the place without regard to the address.
    pub fn slot(self) -> Slot {
        Slot {
            _permit: self.permit,
            counted: None,
        }
    }

    /// Takes the place, unless the address has as many as one can have.
    pub fn slot_of(self, address: IpAddr) -> Option<Slot> {
        let address = network(address);
        let mut by_address = self.taken.by_address();
        let count = by_address.entry(address).or_default();
        if *count >= self.taken.each {
            return None;
        }
        *count += 1;
        drop(by_address);
        Some(Slot {
            _permit: self.permit,
            counted: Some((self.taken, address)),
        })
    }
}

impl Taken {
    fn by_address(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some((taken, address)) = &self.counted {
            let mut by_address = taken.by_address();
            if let Some(count) = by_address.get_mut(address) {
                *count -= 1;
                if *count == 0 {
                    by_address.remove(address);
                }
            }
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_has_a_quarter() {
        let slots = Slots::new(8);
        let take = async |address: &str| slots.place().await.slot_of(address.parse().unwrap());
        let first = take("2001:db8::1").await.unwrap();
        let _second = take("2001:db8::2").await.unwrap();
        assert!(take("2001:db8::3").await.is_none());
        assert!(take("2001:db8:0:1::3").await.is_some());
        drop(first);
        assert!(take("2001:db8::3").await.is_some());
        assert_eq!(slots.free.available_permits(), 7);
        assert_eq!(slots.taken.by_address().len(), 1);
    }
}
