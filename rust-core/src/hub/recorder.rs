//! The flight recorder: the last lifecycle events, for whoever asks what happened.

use std::collections::VecDeque;

use crate::protocol::LifecycleRecord;

const CAPACITY: usize = 512;

#[derive(Debug, Default)]
pub(super) struct Recorder {
    records: VecDeque<LifecycleRecord>,
}

impl Recorder {
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
