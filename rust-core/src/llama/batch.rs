//! One reused batch, so that decoding allocates nothing.

use llama_cpp_sys_2 as sys;

use crate::engine::Row;

/// Rows in the arrays that llama.cpp reads. The arrays are allocated once and never grow.
pub(super) struct Batch {
    tokens: Box<[sys::llama_token]>,
    positions: Box<[sys::llama_pos]>,
    sequence_counts: Box<[i32]>,
    sequences: Box<[sys::llama_seq_id]>,
    /// Points at each entry of `sequences`, which therefore must not move.
    sequence_pointers: Box<[*mut sys::llama_seq_id]>,
    wants_logits: Box<[i8]>,
    raw: sys::llama_batch,
}

impl Batch {
    pub fn with_capacity(rows: usize) -> Self {
        let mut sequences = vec![0; rows].into_boxed_slice();
        let mut batch = Self {
            tokens: vec![0; rows].into_boxed_slice(),
            positions: vec![0; rows].into_boxed_slice(),
            sequence_counts: vec![1; rows].into_boxed_slice(),
            sequence_pointers: sequences.iter_mut().map(std::ptr::from_mut).collect(),
            sequences,
            wants_logits: vec![0; rows].into_boxed_slice(),
            raw: sys::llama_batch {
                n_tokens: 0,
                token: std::ptr::null_mut(),
                embd: std::ptr::null_mut(),
                pos: std::ptr::null_mut(),
                n_seq_id: std::ptr::null_mut(),
                seq_id: std::ptr::null_mut(),
                logits: std::ptr::null_mut(),
            },
        };
        batch.point();
        batch
    }

    /// Takes the arrays' addresses again: writing through the boxes invalidates older pointers into them.
    fn point(&mut self) {
        let base = self.sequences.as_mut_ptr();
        for (index, pointer) in self.sequence_pointers.iter_mut().enumerate() {
            *pointer = base.wrapping_add(index);
        }
        self.raw.token = self.tokens.as_mut_ptr();
        self.raw.pos = self.positions.as_mut_ptr();
        self.raw.n_seq_id = self.sequence_counts.as_mut_ptr();
        self.raw.seq_id = self.sequence_pointers.as_mut_ptr();
        self.raw.logits = self.wants_logits.as_mut_ptr();
    }

    /// Forgets all rows, and which of them have logits.
    pub fn clear(&mut self) {
        self.raw.n_tokens = 0;
    }

    /// # Panics
    ///
    /// If there are more rows than the capacity, which the context checks.
    pub fn fill(&mut self, rows: &[Row]) {
        assert!(rows.len() <= self.tokens.len(), "the context checks the number of rows");
        let signed = |value: u32| i32::try_from(value).expect("the context checks sequences and positions");
        for (index, row) in rows.iter().enumerate() {
            self.tokens[index] = row.token;
            self.positions[index] = signed(row.position);
            self.sequences[index] = signed(row.sequence);
            self.wants_logits[index] = i8::from(row.wants_logits);
        }
        self.raw.n_tokens = i32::try_from(rows.len()).expect("the capacity is small");
        self.point();
    }

    pub fn as_raw(&self) -> &sys::llama_batch {
        &self.raw
    }

    /// Whether the last decode left logits for this row.
    pub fn has_logits(&self, row: usize) -> bool {
        i32::try_from(row).is_ok_and(|index| index < self.raw.n_tokens) && self.wants_logits[row] != 0
    }
}
