//! The flight recorder: the last lifecycle events, kept for `readLog`.

use std::collections::VecDeque;

use crate::protocol::LifecycleRecord;

const CAPACITY: usize = 512;

#[derive(Debug, Default)]
pub(super) struct FlightRecorder {
    records: VecDeque<LifecycleRecord>,
}

impl FlightRecorder {
    pub(super) fn push(&mut self, record: LifecycleRecord) {
        if self.records.len() == CAPACITY {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    pub(super) fn records(&self) -> Vec<LifecycleRecord> {
        self.records.iter().cloned().collect()
    }
}
