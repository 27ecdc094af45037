//! Peers by number. A number is used again, with another generation, so a key of a peer that is gone never names its successor.

use super::PeerKey;

/// Slots with peers and without.
#[derive(Debug)]
pub(super) struct Slab<T> {
    slots: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn insert(&mut self, value: T) -> PeerKey {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            (self.slots.len() - 1) as u32
        });
        let (generation, place) = &mut self.slots[slot as usize];
        *place = Some(value);
        PeerKey {
            slot,
            generation: *generation,
        }
    }

    /// Takes out what is in a slot.
    pub(super) fn remove(&mut self, slot: u32) -> Option<T> {
        let (generation, place) = self.slots.get_mut(slot as usize)?;
        let value = place.take()?;
        *generation = generation.wrapping_add(1);
        self.free.push(slot);
        Some(value)
    }

    /// What is in a slot, with its key.
    pub(super) fn at(&mut self, slot: u32) -> Option<(PeerKey, &mut T)> {
        let (generation, place) = self.slots.get_mut(slot as usize)?;
        let key = PeerKey {
            slot,
            generation: *generation,
        };
        place.as_mut().map(|value| (key, value))
    }

    pub(super) fn get(&self, key: PeerKey) -> Option<&T> {
        let (generation, place) = self.slots.get(key.slot as usize)?;
        place.as_ref().filter(|_| *generation == key.generation)
    }

    pub(super) fn get_mut(&mut self, key: PeerKey) -> Option<&mut T> {
        let (generation, place) = self.slots.get_mut(key.slot as usize)?;
        place.as_mut().filter(|_| *generation == key.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_one_value_only() {
        let mut slab = Slab::default();
        let (one, two) = (slab.insert(1), slab.insert(2));
        assert_eq!(slab.remove(one.slot), Some(1));
        assert_eq!(slab.remove(one.slot), None);
        let three = slab.insert(3);
        assert_eq!(three.slot, one.slot);
        assert_eq!(slab.get(one), None);
        assert_eq!(slab.get_mut(one), None);
        assert_eq!((slab.get(two), slab.get(three)), (Some(&2), Some(&3)));
        assert_eq!(slab.at(one.slot), Some((three, &mut 3)));
        assert_eq!(slab.at(9), None);
        assert_eq!(slab.len(), 2);
    }
}
