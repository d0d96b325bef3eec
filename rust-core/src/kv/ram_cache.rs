//! The parked scopes of one model, within a budget. Evicts the least recently parked first. A pure table.

use std::collections::VecDeque;
use std::sync::Arc;

use super::KvSnapshot;

#[derive(Debug)]
pub(crate) struct RamCache {
    budget: u64,
    /// Least recently parked first.
    snapshots: VecDeque<Arc<KvSnapshot>>,
}

impl RamCache {
    /// Creates an empty cache with a budget in bytes.
    pub(crate) fn new(budget: u64) -> Self {
        Self { budget, snapshots: VecDeque::new() }
    }

    /// The budget in bytes.
    pub(crate) fn budget(&self) -> u64 {
        self.budget
    }

    /// Adds a scope's snapshot and returns the evicted ones, which may include it.
    #[must_use = "the evicted scopes are uncached now"]
    pub(crate) fn put(&mut self, snapshot: Arc<KvSnapshot>) -> Vec<Arc<KvSnapshot>> {
        self.remove(snapshot.scope());
        self.snapshots.push_back(snapshot);
        let mut evicted = Vec::new();
        while self.bytes() > self.budget {
            evicted.extend(self.snapshots.pop_front());
        }
        evicted
    }

    /// Removes a scope that is back in a slot, or deleted. Returns whether it was here.
    pub(crate) fn remove(&mut self, scope: &str) -> bool {
        let before = self.snapshots.len();
        self.snapshots.retain(|snapshot| snapshot.scope() != scope);
        self.snapshots.len() < before
    }

    pub(crate) fn get(&self, scope: &str) -> Option<Arc<KvSnapshot>> {
        self.snapshots.iter().find(|snapshot| snapshot.scope() == scope).cloned()
    }

    /// Evicts the scopes that `unwanted` selects, and returns their snapshots.
    #[must_use = "the evicted scopes are uncached now"]
    pub(crate) fn evict(&mut self, unwanted: impl Fn(&str) -> bool) -> Vec<Arc<KvSnapshot>> {
        let (evicted, kept) = self.snapshots.drain(..).partition(|snapshot| unwanted(snapshot.scope()));
        self.snapshots = kept;
        Vec::from(evicted)
    }

    /// RAM in use, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.snapshots.iter().map(|snapshot| snapshot.bytes()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(scope: &str, bytes: usize) -> Arc<KvSnapshot> {
        Arc::new(KvSnapshot::new(scope.into(), Vec::new(), vec![0; bytes]))
    }

    fn put(cache: &mut RamCache, scope: &str, bytes: usize) -> Vec<String> {
        cache.put(snapshot(scope, bytes)).into_iter().map(|evicted| evicted.scope().to_owned()).collect()
    }

    #[test]
    fn what_was_put_is_there_until_it_is_removed() {
        let mut cache = RamCache::new(10);
        assert_eq!(put(&mut cache, "a", 4), [""; 0]);
        cache.remove("b");
        assert_eq!(cache.bytes(), 4);
        cache.remove("a");
        assert_eq!(cache.bytes(), 0);
    }

    #[test]
    fn a_scope_that_is_parked_again_replaces_what_was_parked() {
        let mut cache = RamCache::new(10);
        put(&mut cache, "a", 4);
        assert_eq!(put(&mut cache, "a", 10), [""; 0]);
        assert_eq!(cache.bytes(), 10);
    }

    #[test]
    fn those_that_are_unwanted_are_given_up_and_the_others_stay() {
        let mut cache = RamCache::new(10);
        put(&mut cache, "a", 4);
        put(&mut cache, "b", 3);
        put(&mut cache, "c", 2);
        let mut evict = |unwanted: &[&str]| {
            let evicted = cache.evict(|scope| unwanted.contains(&scope));
            (evicted.iter().map(|snapshot| snapshot.scope().to_owned()).collect::<Vec<_>>(), cache.bytes())
        };
        assert_eq!(evict(&["d"]), (vec![], 9));
        assert_eq!(evict(&["c", "a"]), (vec!["a".to_owned(), "c".to_owned()], 3));
        assert_eq!(evict(&["b"]), (vec!["b".to_owned()], 0));
    }

    #[test]
    fn the_least_recently_parked_goes_when_the_budget_is_used_up() {
        let mut cache = RamCache::new(10);
        put(&mut cache, "a", 4);
        put(&mut cache, "b", 4);
        assert_eq!(put(&mut cache, "c", 4), ["a"]);
        assert_eq!(put(&mut cache, "d", 9), ["b", "c"]);
        assert_eq!(put(&mut cache, "too large", 11), ["d", "too large"]);
        assert_eq!(put(&mut cache, "e", 10), [""; 0]);
    }
}
