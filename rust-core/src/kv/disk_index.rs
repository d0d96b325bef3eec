//! The index of KV files on disk, within a budget. Least recently used files go first. A pure table: the caller removes
//! the files.

use std::collections::HashMap;

use super::SavedKv;

/// 2 GiB: about twenty conversations of a thousand tokens on a 3 B model.
pub(crate) const DEFAULT_SAVED_BUDGET_BYTES: u64 = 2 << 30;

#[derive(Debug)]
pub(crate) struct DiskIndex {
    budget: u64,
    /// By scope.
    files: HashMap<String, IndexedFile>,
}

#[derive(Debug)]
struct IndexedFile {
    kv: SavedKv,
    /// Milliseconds since the Unix epoch.
    last_used_at: u64,
}

impl DiskIndex {
    /// Creates an empty index with a budget in bytes.
    pub(crate) fn new(budget: u64) -> Self {
        Self { budget, files: HashMap::new() }
    }

    /// Changes the budget, in bytes.
    pub(crate) fn set_budget(&mut self, budget: u64) {
        self.budget = budget;
    }

    /// Notes that a scope's file was written or found. It replaces the scope's earlier file. `last_used_at` is the
    /// scope's.
    pub(crate) fn put(&mut self, scope: &str, kv: SavedKv, last_used_at: u64) {
        self.files.insert(scope.to_owned(), IndexedFile { kv, last_used_at });
    }

    /// Notes that a scope's file is gone.
    pub(crate) fn remove(&mut self, scope: &str) {
        self.files.remove(scope);
    }

    /// Notes that a scope was used, with or without a file.
    pub(crate) fn touch(&mut self, scope: &str, last_used_at: u64) {
        if let Some(file) = self.files.get_mut(scope) {
            file.last_used_at = last_used_at;
        }
    }

    /// The scopes whose files must go, least recently used first. A file larger than the whole budget goes too, however
    /// new, and evicts no other file.
    #[must_use = "the files still exist"]
    pub(crate) fn over_budget(&self) -> Vec<String> {
        let mut files: Vec<_> = self.files.iter().collect();
        files.sort_by_key(|(scope, file)| (file.last_used_at, *scope));
        let sizes = files.iter().map(|(_, file)| file.kv.bytes);
        let mut kept: u64 = sizes.filter(|bytes| *bytes <= self.budget).sum();
        files.retain(|(_, file)| {
            let bytes = file.kv.bytes;
            if bytes > self.budget {
                return true;
            }
            let goes = kept > self.budget;
            if goes {
                kept -= bytes;
            }
            goes
        });
        files.into_iter().map(|(scope, _)| scope.clone()).collect()
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
    fn index(files: &[Row]) -> DiskIndex {
        let mut index = DiskIndex::new(10);
        for (scope, bytes, last_used_at) in files {
            index.put(scope, kv(*bytes), *last_used_at);
        }
        index
    }

    #[test]
    fn the_least_recently_used_go_until_the_rest_fits() {
        let cases: [(&[Row], &[&str]); 7] = [
            (&[], &[]),
            (&[("a", 10, 1)], &[]),
            (&[("a", 4, 3), ("b", 4, 1), ("c", 2, 2)], &[]),
            (&[("a", 4, 3), ("b", 4, 1), ("c", 3, 2)], &["b"]),
            (&[("a", 9, 3), ("b", 4, 1), ("c", 3, 2)], &["b", "c"]),
            // A newer file never outlives an older one just because it fits better.
            (&[("a", 1, 1), ("b", 5, 2), ("c", 7, 3)], &["a", "b"]),
            // Equal times: the order is still deterministic.
            (&[("b", 6, 1), ("a", 6, 1)], &["a"]),
        ];
        for (files, expected) in cases {
            assert_eq!(index(files).over_budget(), expected, "{files:?}");
        }
    }

    #[test]
    fn a_file_larger_than_the_budget_goes_and_drives_no_other_out() {
        assert_eq!(index(&[("a", 4, 1), ("b", 11, 9), ("c", 6, 2)]).over_budget(), ["b"]);
        assert_eq!(index(&[("a", 4, 2), ("b", 11, 9), ("c", 7, 1)]).over_budget(), ["c", "b"]);
    }

    #[test]
    fn who_is_used_again_stays() {
        let mut index = index(&[("a", 6, 1), ("b", 4, 2), ("c", 4, 3)]);
        index.touch("a", 4);
        index.touch("nobody", 5);
        assert_eq!(index.over_budget(), ["b"]);
    }

    #[test]
    fn what_is_put_again_replaces_what_was_there_and_what_is_removed_frees_its_bytes() {
        let mut index = index(&[("a", 6, 1), ("b", 6, 2)]);
        assert_eq!(index.over_budget(), ["a"]);
        index.put("a", kv(4), 3);
        assert_eq!(index.over_budget(), [""; 0]);
        index.put("c", kv(10), 4);
        assert_eq!(index.over_budget(), ["b", "a"]);
        index.remove("b");
        index.remove("a");
        assert_eq!(index.over_budget(), [""; 0]);
    }

    #[test]
    fn a_smaller_budget_counts_at_once() {
        let mut index = index(&[("a", 4, 1), ("b", 6, 2)]);
        index.set_budget(9);
        assert_eq!(index.over_budget(), ["a"]);
        index.set_budget(0);
        assert_eq!(index.over_budget(), ["a", "b"]);
    }
}
