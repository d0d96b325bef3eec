//! The parked scopes of one model, within a budget. Least recently parked goes first. A pure table.

use std::collections::VecDeque;
use std::sync::Arc;

use super::KvSnapshot;

#[derive(Debug)]
pub(crate) struct RamCache {
    budget: u64,
    /// Least recently parked first.
    places: VecDeque<Arc<KvSnapshot>>,
}

impl RamCache {
    /// `budget` in bytes.
    pub(crate) fn new(budget: u64) -> Self {
        Self { budget, places: VecDeque::new() }
    }

    /// In bytes.
    pub(crate) fn budget(&self) -> u64 {
        self.budget
    }

    /// Keeps a scope, and gives up those that no longer fit; it may be among them.
    #[must_use = "who was given up is uncached now"]
    pub(crate) fn put(&mut self, parked: Arc<KvSnapshot>) -> Vec<Arc<KvSnapshot>> {
        self.remove(parked.scope());
        self.places.push_back(parked);
        let mut given_up = Vec::new();
        while self.bytes() > self.budget {
            given_up.extend(self.places.pop_front());
        }
        given_up
    }

    /// For a scope that is back in a slot, or gone. Whether it was here.
    pub(crate) fn remove(&mut self, scope: &str) -> bool {
        let before = self.places.len();
        self.places.retain(|parked| parked.scope() != scope);
        self.places.len() < before
    }

    pub(crate) fn get(&self, scope: &str) -> Option<Arc<KvSnapshot>> {
        self.places.iter().find(|parked| parked.scope() == scope).cloned()
    }

    /// Gives up those that `unwanted` names.
    #[must_use = "who was given up is uncached now"]
    pub(crate) fn give_up(&mut self, unwanted: impl Fn(&str) -> bool) -> Vec<Arc<KvSnapshot>> {
        let (given_up, kept) = self.places.drain(..).partition(|parked| unwanted(parked.scope()));
        self.places = kept;
        Vec::from(given_up)
    }

    /// RAM that is taken now.
    pub(crate) fn bytes(&self) -> u64 {
        self.places.iter().map(|parked| parked.bytes()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parked(scope: &str, bytes: usize) -> Arc<KvSnapshot> {
        Arc::new(KvSnapshot::new(scope.into(), Vec::new(), vec![0; bytes]))
    }

    fn put(parking: &mut RamCache, scope: &str, bytes: usize) -> Vec<String> {
        parking.put(parked(scope, bytes)).into_iter().map(|given_up| given_up.scope().to_owned()).collect()
    }

    #[test]
    fn what_was_put_is_there_until_it_is_removed() {
        let mut parking = RamCache::new(10);
        assert_eq!(put(&mut parking, "a", 4), [""; 0]);
        parking.remove("b");
        assert_eq!(parking.bytes(), 4);
        parking.remove("a");
        assert_eq!(parking.bytes(), 0);
    }

    #[test]
    fn a_scope_that_is_parked_again_replaces_what_was_parked() {
        let mut parking = RamCache::new(10);
        put(&mut parking, "a", 4);
        assert_eq!(put(&mut parking, "a", 10), [""; 0]);
        assert_eq!(parking.bytes(), 10);
    }

    #[test]
    fn those_that_are_unwanted_are_given_up_and_the_others_stay() {
        let mut parking = RamCache::new(10);
        put(&mut parking, "a", 4);
        put(&mut parking, "b", 3);
        put(&mut parking, "c", 2);
        let mut give_up = |unwanted: &[&str]| {
            let given_up = parking.give_up(|scope| unwanted.contains(&scope));
            (given_up.iter().map(|parked| parked.scope().to_owned()).collect::<Vec<_>>(), parking.bytes())
        };
        assert_eq!(give_up(&["d"]), (vec![], 9));
        assert_eq!(give_up(&["c", "a"]), (vec!["a".to_owned(), "c".to_owned()], 3));
        assert_eq!(give_up(&["b"]), (vec!["b".to_owned()], 0));
    }

    #[test]
    fn the_least_recently_parked_goes_when_the_budget_is_used_up() {
        let mut parking = RamCache::new(10);
        put(&mut parking, "a", 4);
        put(&mut parking, "b", 4);
        assert_eq!(put(&mut parking, "c", 4), ["a"]);
        assert_eq!(put(&mut parking, "d", 9), ["b", "c"]);
        assert_eq!(put(&mut parking, "too large", 11), ["d", "too large"]);
        assert_eq!(put(&mut parking, "e", 10), [""; 0]);
    }
}
