//! The parked scopes of one model, within a budget. Least recently parked goes first. A pure table.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Parked;

#[derive(Debug)]
pub(crate) struct Parking {
    budget: u64,
    /// Least recently parked first.
    places: VecDeque<Arc<Parked>>,
}

impl Parking {
    /// `budget` in bytes.
    pub(crate) fn new(budget: u64) -> Self {
        Self { budget, places: VecDeque::new() }
    }

    /// Keeps a scope, and gives up those that no longer fit; it may be among them.
    #[must_use = "who was given up is uncached now"]
    pub(crate) fn put(&mut self, parked: Arc<Parked>) -> Vec<Arc<Parked>> {
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

    pub(crate) fn get(&self, scope: &str) -> Option<Arc<Parked>> {
        self.places.iter().find(|parked| parked.scope() == scope).cloned()
    }

    /// Gives up everything.
    #[must_use = "who was given up is uncached now"]
    pub(crate) fn clear(&mut self) -> Vec<Arc<Parked>> {
        self.places.drain(..).collect()
    }

    /// RAM that is taken now.
    pub(crate) fn bytes(&self) -> u64 {
        self.places.iter().map(|parked| parked.bytes()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parked(scope: &str, bytes: usize) -> Arc<Parked> {
        Arc::new(Parked::new(scope.into(), Vec::new(), vec![0; bytes]))
    }

    fn put(parking: &mut Parking, scope: &str, bytes: usize) -> Vec<String> {
        parking.put(parked(scope, bytes)).into_iter().map(|given_up| given_up.scope().to_owned()).collect()
    }

    #[test]
    fn what_was_put_is_there_until_it_is_removed() {
        let mut parking = Parking::new(10);
        assert_eq!(put(&mut parking, "a", 4), [""; 0]);
        parking.remove("b");
        assert_eq!(parking.bytes(), 4);
        parking.remove("a");
        assert_eq!(parking.bytes(), 0);
    }

    #[test]
    fn a_scope_that_is_parked_again_replaces_what_was_parked() {
        let mut parking = Parking::new(10);
        put(&mut parking, "a", 4);
        assert_eq!(put(&mut parking, "a", 10), [""; 0]);
        assert_eq!(parking.bytes(), 10);
    }

    #[test]
    fn what_is_cleared_is_given_up_least_recently_parked_first() {
        let mut parking = Parking::new(10);
        put(&mut parking, "a", 4);
        put(&mut parking, "b", 4);
        let given_up: Vec<_> = parking.clear().iter().map(|parked| parked.scope().to_owned()).collect();
        assert_eq!((given_up, parking.bytes()), (vec!["a".to_owned(), "b".to_owned()], 0));
    }

    #[test]
    fn the_least_recently_parked_goes_when_the_budget_is_used_up() {
        let mut parking = Parking::new(10);
        put(&mut parking, "a", 4);
        put(&mut parking, "b", 4);
        assert_eq!(put(&mut parking, "c", 4), ["a"]);
        assert_eq!(put(&mut parking, "d", 9), ["b", "c"]);
        assert_eq!(put(&mut parking, "too large", 11), ["d", "too large"]);
        assert_eq!(put(&mut parking, "e", 10), [""; 0]);
    }
}
