//! Chooses the slot that a turn gets, and so the scope that is parked for it. Pure: it sees plain data and decides; the
//! scheduler carries it out.

use crate::engine::backend::{Sequence, Token};

/// The engine's place for a resident scope. Its index is its sequence id.
#[derive(Debug, Clone, Default)]
pub(super) struct Slot {
    /// The scope that owns it; None if it is free.
    pub(super) scope: Option<String>,
    /// The tokens that the sequence holds in memory.
    pub(super) tokens: Vec<Token>,
    /// A turn is running on it.
    pub(super) busy: bool,
    /// The scope has a turn in the queue: parking it would be undone at once.
    pub(super) wanted: bool,
    /// The scheduler's clock when the last turn began: the smallest is the least recently used.
    pub(super) used: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SlotChoice {
    /// The scope's own slot, with the tokens that it holds.
    Own(Sequence),
    /// A free slot.
    Free(Sequence),
    /// An idle slot whose scope must be parked first.
    Displace(Sequence),
    /// No slot yet: the turn stays in the queue.
    Wait,
}

/// The scope's own slot; else a free one, next to busy ones if possible, because streams batch only over adjacent
/// ascending sequences; else the least recently used idle one, and last the slot of a scope that waits for a turn.
pub(super) fn choose(slots: &[Slot], scope: &str) -> SlotChoice {
    if let Some(own) = slots.iter().position(|slot| slot.scope.as_deref() == Some(scope)) {
        return if slots[own].busy { SlotChoice::Wait } else { SlotChoice::Own(own as Sequence) };
    }
    let busy = |index: Option<usize>| index.and_then(|index| slots.get(index)).is_some_and(|slot| slot.busy);
    let free =
        (0..slots.len()).filter(|index| slots[*index].scope.is_none() && !slots[*index].busy).max_by_key(|index| {
            let neighbours = u8::from(busy(index.checked_sub(1))) + u8::from(busy(index.checked_add(1)));
            (neighbours, std::cmp::Reverse(*index))
        });
    if let Some(free) = free {
        return SlotChoice::Free(free as Sequence);
    }
    let idle = (0..slots.len())
        .filter(|index| !slots[*index].busy)
        .min_by_key(|index| (slots[*index].wanted, slots[*index].used));
    idle.map_or(SlotChoice::Wait, |index| SlotChoice::Displace(index as Sequence))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One letter per slot: `.` free, lower case idle, upper case busy, `!` after it for wanted. `used` counts up.
    fn slots(picture: &str) -> Vec<Slot> {
        let mut slots: Vec<Slot> = Vec::new();
        for letter in picture.chars() {
            match (letter, slots.last_mut()) {
                ('!', Some(slot)) => slot.wanted = true,
                ('.', _) => slots.push(Slot::default()),
                _ => slots.push(Slot {
                    scope: Some(letter.to_lowercase().to_string()),
                    busy: letter.is_uppercase(),
                    used: slots.len() as u64,
                    ..Slot::default()
                }),
            }
        }
        slots
    }

    #[test]
    fn a_turn_gets_the_slot_that_costs_least() {
        let cases = [
            ("....", "x", SlotChoice::Free(0)),
            ("ax..", "x", SlotChoice::Own(1)),
            ("aX..", "x", SlotChoice::Wait),
            ("a..B", "x", SlotChoice::Free(2)),
            (".B..", "x", SlotChoice::Free(0)),
            (".aB.", "x", SlotChoice::Free(3)),
            (".C.D.", "x", SlotChoice::Free(2)),
            ("a.b.", "x", SlotChoice::Free(1)),
            ("abcd", "x", SlotChoice::Displace(0)),
            ("Abcd", "x", SlotChoice::Displace(1)),
            ("a!bcd", "x", SlotChoice::Displace(1)),
            ("a!b!c!d!", "x", SlotChoice::Displace(0)),
            ("ABCD", "x", SlotChoice::Wait),
            ("ABCd", "d", SlotChoice::Own(3)),
        ];
        for (picture, scope, choice) in cases {
            assert_eq!(choose(&slots(picture), scope), choice, "{scope} on {picture}");
        }
    }

    #[test]
    fn the_least_recently_used_scope_goes_first() {
        let mut slots = slots("abc");
        slots[0].used = 9;
        assert_eq!(choose(&slots, "x"), SlotChoice::Displace(1));
    }
}
