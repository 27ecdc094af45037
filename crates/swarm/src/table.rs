//! A map whose entries also have a position from 0 to its length. Drawing some members at random and sweeping a part at a time both
//! need positions, finding a member needs a key. Removing moves the last entry into the gap, so positions do not last.

use std::collections::HashMap;
use std::hash::Hash;

#[derive(Debug)]
pub(crate) struct Table<K, V> {
    entries: Vec<(K, V)>,
    positions: HashMap<K, usize>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            positions: HashMap::new(),
        }
    }
}

impl<K: Hash + Eq + Copy, V> Table<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Entries for which memory is set aside.
    pub(crate) fn room(&self) -> usize {
        self.entries.capacity().max(self.positions.capacity())
    }

    pub(crate) fn entries(&self) -> &[(K, V)] {
        &self.entries
    }

    pub(crate) fn position(&self, key: &K) -> Option<usize> {
        self.positions.get(key).copied()
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries
            .get(self.position(key)?)
            .map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let position = self.position(key)?;
        self.entries.get_mut(position).map(|(_, value)| value)
    }

    pub(crate) fn at_mut(&mut self, position: usize) -> Option<(K, &mut V)> {
        self.entries
            .get_mut(position)
            .map(|(key, value)| (*key, value))
    }

    /// Puts a value in; the former one of that key is returned.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some(known) = self.get_mut(&key) {
            return Some(std::mem::replace(known, value));
        }
        self.positions.insert(key, self.entries.len());
        self.entries.push((key, value));
        None
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let position = self.positions.remove(key)?;
        let (_, value) = self.entries.swap_remove(position);
        if let Some((moved, _)) = self.entries.get(position) {
            self.positions.insert(*moved, position);
        }
        // A crowd that has gone home should not keep its memory.
        if self.entries.len() * 4 < self.entries.capacity() {
            self.entries.shrink_to(self.entries.len() * 2);
            self.positions.shrink_to(self.entries.len() * 2);
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_a_map_with_positions(steps in prop::collection::vec((0..30_u8, prop::option::of(0..9_u8)), 0..200)) {
            let mut table = Table::default();
            let mut map = HashMap::new();
            for (key, value) in steps {
                match value {
                    Some(value) => assert_eq!(table.insert(key, value), map.insert(key, value)),
                    None => assert_eq!(table.remove(&key), map.remove(&key)),
                }
                assert_eq!(table.len(), map.len());
                for (position, (key, value)) in table.entries().iter().enumerate() {
                    assert_eq!(table.position(key), Some(position));
                    assert_eq!(map.get(key), Some(value));
                }
            }
        }
    }
}
