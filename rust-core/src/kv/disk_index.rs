//! The KV files on disk, within a budget. Least recently used goes first. A pure table: whoever asks removes the files.

use std::collections::HashMap;

use super::SavedKv;

/// 2 GiB: some twenty conversations of a thousand tokens on a 3 B model.
pub(crate) const DEFAULT_SAVED_BUDGET_BYTES: u64 = 2 << 30;

#[derive(Debug)]
pub(crate) struct DiskIndex {
    budget: u64,
    /// By scope.
    places: HashMap<String, Place>,
}

#[derive(Debug)]
struct Place {
    kv: SavedKv,
    /// Milliseconds since the Unix epoch.
    last_used_at: u64,
}

impl DiskIndex {
    /// `budget` in bytes.
    pub(crate) fn new(budget: u64) -> Self {
        Self { budget, places: HashMap::new() }
    }

    /// From now on, in bytes.
    pub(crate) fn set_budget(&mut self, budget: u64) {
        self.budget = budget;
    }

    /// A file was written or found; it takes the place of the scope's earlier one. `last_used_at` is the scope's.
    pub(crate) fn put(&mut self, scope: &str, kv: SavedKv, last_used_at: u64) {
        self.places.insert(scope.to_owned(), Place { kv, last_used_at });
    }

    /// The file is gone.
    pub(crate) fn remove(&mut self, scope: &str) {
        self.places.remove(scope);
    }

    /// The scope was used; whether it has a file does not matter.
    pub(crate) fn touch(&mut self, scope: &str, last_used_at: u64) {
        if let Some(place) = self.places.get_mut(scope) {
            place.last_used_at = last_used_at;
        }
    }

    /// Whose files have to go for the others to fit, least recently used first. A file larger than the whole budget goes,
    /// however new it is, and drives no other one out.
    #[must_use = "the files are still there"]
    pub(crate) fn over_budget(&self) -> Vec<String> {
        let mut places: Vec<_> = self.places.iter().collect();
        places.sort_by_key(|(scope, place)| (place.last_used_at, *scope));
        let sizes = places.iter().map(|(_, place)| place.kv.bytes);
        let mut kept: u64 = sizes.filter(|bytes| *bytes <= self.budget).sum();
        places.retain(|(_, place)| {
            let bytes = place.kv.bytes;
            if bytes > self.budget {
                return true;
            }
            let goes = kept > self.budget;
            if goes {
                kept -= bytes;
            }
            goes
        });
        places.into_iter().map(|(scope, _)| scope.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kv::Fingerprint;

    fn kv(bytes: u64) -> SavedKv {
        SavedKv { fingerprint: Fingerprint(1), tokens: 1, bytes, saved_at: 1 }
    }

    /// A scope, the size of its file, and when it was used.
    type Row = (&'static str, u64, u64);

    /// A budget of ten bytes.
    fn shelf(places: &[Row]) -> DiskIndex {
        let mut shelf = DiskIndex::new(10);
        for (scope, bytes, last_used_at) in places {
            shelf.put(scope, kv(*bytes), *last_used_at);
        }
        shelf
    }

    #[test]
    fn the_least_recently_used_go_until_the_rest_fits() {
        let cases: [(&[Row], &[&str]); 7] = [
            (&[], &[]),
            (&[("a", 10, 1)], &[]),
            (&[("a", 4, 3), ("b", 4, 1), ("c", 2, 2)], &[]),
            (&[("a", 4, 3), ("b", 4, 1), ("c", 3, 2)], &["b"]),
            (&[("a", 9, 3), ("b", 4, 1), ("c", 3, 2)], &["b", "c"]),
            // Never a newer one in place of an older one, however well it would fit.
            (&[("a", 1, 1), ("b", 5, 2), ("c", 7, 3)], &["a", "b"]),
            // Of the same time: the same answer every time.
            (&[("b", 6, 1), ("a", 6, 1)], &["a"]),
        ];
        for (places, expected) in cases {
            assert_eq!(shelf(places).over_budget(), expected, "{places:?}");
        }
    }

    #[test]
    fn a_file_larger_than_the_budget_goes_and_drives_no_other_out() {
        assert_eq!(shelf(&[("a", 4, 1), ("b", 11, 9), ("c", 6, 2)]).over_budget(), ["b"]);
        assert_eq!(shelf(&[("a", 4, 2), ("b", 11, 9), ("c", 7, 1)]).over_budget(), ["c", "b"]);
    }

    #[test]
    fn who_is_used_again_stays() {
        let mut shelf = shelf(&[("a", 6, 1), ("b", 4, 2), ("c", 4, 3)]);
        shelf.touch("a", 4);
        shelf.touch("nobody", 5);
        assert_eq!(shelf.over_budget(), ["b"]);
    }

    #[test]
    fn what_is_put_again_replaces_what_was_there_and_what_is_removed_frees_its_bytes() {
        let mut shelf = shelf(&[("a", 6, 1), ("b", 6, 2)]);
        assert_eq!(shelf.over_budget(), ["a"]);
        shelf.put("a", kv(4), 3);
        assert_eq!(shelf.over_budget(), [""; 0]);
        shelf.put("c", kv(10), 4);
        assert_eq!(shelf.over_budget(), ["b", "a"]);
        shelf.remove("b");
        shelf.remove("a");
        assert_eq!(shelf.over_budget(), [""; 0]);
    }

    #[test]
    fn a_smaller_budget_counts_at_once() {
        let mut shelf = shelf(&[("a", 4, 1), ("b", 6, 2)]);
        shelf.set_budget(9);
        assert_eq!(shelf.over_budget(), ["a"]);
        shelf.set_budget(0);
        assert_eq!(shelf.over_budget(), ["a", "b"]);
    }
}
