//! The bytes of a sequence's state, in a form that every context of the model understands. llama.cpp writes one
//! attention cache as
//!
//! ```text
//! streams: u32, then for each of them
//!   cells: u32, and unless there are none
//!   for each cell       position: i32, sequences: u32 = 1, sequence: i32
//!   layout: u32 = 0, layers: u32, key rotation: u32, value rotation: u32
//!   for each layer      type: i32, row: u64, then `cells` rows of keys
//!   for each layer      the same of values; some architectures have none
//! ```
//!
//! with one stream for each slot; a sequence fills its own stream. A saved state has one stream and sequence 0, so that
//! it depends neither on the slot nor on the number of slots. A state to restore is checked in full here, because
//! llama.cpp trusts parts of it.

use twox_hash::XxHash3_64;

const U32: usize = 4;
const CELL: usize = 12;
/// llama.cpp's own limit.
const MAX_LAYERS: u32 = 512;

type Checked<T> = Result<T, String>;

/// The bytes around the one-stream form, without its count of streams, in a context with several streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub before: Vec<u8>,
    pub after: Vec<u8>,
}

impl Frame {
    /// The frame of `sequence`, one of `streams`.
    pub fn new(streams: u32, sequence: u32) -> Self {
        let empty = |count: u32| vec![0; U32 * count as usize];
        let mut before = streams.to_le_bytes().to_vec();
        before.extend(empty(sequence));
        Self { before, after: empty(streams - 1 - sequence) }
    }

    /// A frame of the same size, to be written into.
    pub fn blank(&self) -> Self {
        Self { before: vec![0; self.before.len()], after: vec![0; self.after.len()] }
    }

    /// The size of the one-stream form of a state that takes `size` bytes in this frame.
    pub fn inner(&self, size: usize) -> Option<usize> {
        size.checked_sub(self.before.len() + self.after.len())?.checked_add(U32)
    }
}

/// The offset in the one-stream form at which the count of streams ends and the framed bytes begin.
pub(super) const START: usize = U32;

/// Turns the bytes that llama.cpp wrote at `START` into the one-stream form: one stream, sequence 0.
pub(super) fn seal(state: &mut [u8]) -> Checked<()> {
    let mut reader = StateReader { bytes: state, at: START };
    let cells = reader.u32()?;
    reader.skip(u64::from(cells), CELL as u64)?;
    let end = reader.at;
    state[..START].copy_from_slice(&1_u32.to_le_bytes());
    for cell in state[START + U32..end].chunks_exact_mut(CELL) {
        cell[2 * U32..].fill(0);
    }
    check(state, cells).map(|_| ())
}

/// The number of tokens in a state of the one-stream form, at most `limit`. Checks that their positions count up from
/// 0, and that every count and size agrees with the state's length. llama.cpp checks types and sizes against the model.
pub(super) fn check(state: &[u8], limit: u32) -> Checked<u32> {
    let mut reader = StateReader { bytes: state, at: 0 };
    let streams = reader.u32()?;
    if streams != 1 {
        return Err(format!("it has {streams} streams instead of 1"));
    }
    let cells = reader.u32()?;
    if cells > limit {
        return Err(format!("it holds {cells} tokens, more than {limit}"));
    }
    for position in 0..cells {
        if (reader.u32()?, reader.u32()?, reader.u32()?) != (position, 1, 0) {
            return Err(format!("token {position} is out of place"));
        }
    }
    if cells > 0 {
        rows(&mut reader, cells)?;
    }
    match state.len() - reader.at {
        0 => Ok(cells),
        more => Err(format!("there are {more} bytes behind it")),
    }
}

/// Adds a checksum to a state of unknown form, such as that of a recurrent model, so that llama.cpp never reads bytes
/// that it did not write. The state fits only contexts with as many slots; the fingerprint ensures that.
pub(super) fn seal_opaque(mut state: Vec<u8>) -> Vec<u8> {
    let checksum = XxHash3_64::oneshot(&state).to_le_bytes();
    state.extend(checksum);
    state
}

/// Undoes `seal_opaque`.
pub(super) fn open_opaque(state: &[u8]) -> Checked<&[u8]> {
    match state.split_last_chunk() {
        Some((state, checksum)) if XxHash3_64::oneshot(state).to_le_bytes() == *checksum => Ok(state),
        _ => Err("it is damaged".to_owned()),
    }
}

fn rows(reader: &mut StateReader<'_>, cells: u32) -> Checked<()> {
    let layout = reader.u32()?;
    let layers = reader.u32()?;
    if layout != 0 || layers == 0 || layers > MAX_LAYERS {
        return Err(format!("it has {layers} layers in layout {layout}"));
    }
    reader.skip(2, U32 as u64)?;
    for _ in 0..layers {
        row(reader, cells)?;
    }
    for _ in 0..layers {
        if reader.at == reader.bytes.len() {
            break;
        }
        row(reader, cells)?;
    }
    Ok(())
}

fn row(reader: &mut StateReader<'_>, cells: u32) -> Checked<()> {
    reader.skip(1, U32 as u64)?;
    let size = reader.u64()?;
    reader.skip(cells.into(), size)
}

/// Reads bytes forwards, never past their end.
struct StateReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl StateReader<'_> {
    fn skip(&mut self, count: u64, size: u64) -> Checked<()> {
        let end = count.checked_mul(size).and_then(|more| (self.at as u64).checked_add(more));
        match end.and_then(|end| usize::try_from(end).ok()).filter(|end| *end <= self.bytes.len()) {
            Some(end) => {
                self.at = end;
                Ok(())
            }
            None => Err("it is cut short".to_owned()),
        }
    }

    fn take<const N: usize>(&mut self) -> Checked<[u8; N]> {
        let start = self.at;
        self.skip(1, N as u64)?;
        Ok(self.bytes[start..self.at].try_into().expect("as many bytes as were skipped"))
    }

    fn u32(&mut self) -> Checked<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Checked<u64> {
        self.take().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYERS: u32 = 2;
    const ROW: usize = 6;

    /// The bytes that llama.cpp writes for `sequence` of `streams`, with `cells` tokens.
    fn native(streams: u32, sequence: u32, cells: u32) -> Vec<u8> {
        let mut bytes = streams.to_le_bytes().to_vec();
        for stream in 0..streams {
            let count = if stream == sequence { cells } else { 0 };
            bytes.extend(count.to_le_bytes());
            for position in 0..count {
                bytes.extend([position, 1, sequence].map(u32::to_le_bytes).as_flattened());
            }
            if count > 0 {
                bytes.extend([0, LAYERS, 0, 0].map(u32::to_le_bytes).as_flattened());
                for row in 0..2 * LAYERS {
                    bytes.extend(1_u32.to_le_bytes());
                    bytes.extend((ROW as u64).to_le_bytes());
                    bytes.extend(vec![u8::try_from(row).expect("small"); ROW * count as usize]);
                }
            }
        }
        bytes
    }

    /// The state that a context with `streams` streams saves of `sequence`.
    fn saved(streams: u32, sequence: u32, cells: u32) -> Vec<u8> {
        let native = native(streams, sequence, cells);
        let frame = Frame::new(streams, sequence);
        let inner = frame.inner(native.len()).expect("the frame fits");
        let mut state = vec![0; inner];
        state[START..].copy_from_slice(&native[frame.before.len()..native.len() - frame.after.len()]);
        seal(&mut state).expect("a whole state");
        state
    }

    #[test]
    fn a_state_depends_neither_on_the_slot_nor_on_their_number() {
        for cells in [0, 1, 5] {
            let one = native(1, 0, cells);
            for (streams, sequence) in [(1, 0), (2, 0), (2, 1), (4, 2), (256, 255)] {
                let state = saved(streams, sequence, cells);
                assert!(state == one, "{cells} cells, {sequence} of {streams}");
                assert_eq!(check(&state, 5), Ok(cells));
            }
        }
    }

    #[test]
    fn a_frame_makes_it_the_state_of_another_context() {
        let state = saved(4, 3, 5);
        let frame = Frame::new(2, 0);
        let framed = [&frame.before, &state[START..], &frame.after].concat();
        assert!(framed == native(2, 0, 5));
        assert_eq!(frame.blank().before.len(), frame.before.len());
    }

    #[test]
    fn values_may_be_missing() {
        let mut state = saved(1, 0, 3);
        state.truncate(state.len() - LAYERS as usize * (12 + ROW * 3));
        assert_eq!(check(&state, 3), Ok(3));
    }

    #[test]
    fn a_state_is_cut_short_at_every_byte() {
        let state = saved(2, 1, 3);
        let without_values = state.len() - LAYERS as usize * (12 + ROW * 3);
        let without_half = without_values + 12 + ROW * 3;
        for length in 0..state.len() {
            let whole = [without_values, without_half].contains(&length);
            assert_eq!(check(&state[..length], 3).is_ok(), whole, "{length} of {}", state.len());
        }
    }

    #[test]
    fn an_opaque_state_is_what_was_sealed_or_nothing() {
        let sealed = seal_opaque(vec![1, 2, 3]);
        assert_eq!(open_opaque(&sealed), Ok([1, 2, 3].as_slice()));
        for index in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[index] ^= 1;
            assert_eq!(open_opaque(&damaged), Err("it is damaged".to_owned()));
            assert_eq!(open_opaque(&sealed[..index]), Err("it is damaged".to_owned()));
        }
    }

    #[test]
    fn every_number_is_checked() {
        let state = saved(2, 1, 3);
        let cells = START + U32;
        let layers = cells + 3 * CELL;
        for (at, value, reason) in [
            (0, 2, "2 streams"),
            (START, 4, "more than 3"),
            (START, 2, "it has"),
            (cells, 1, "token 0 is out of place"),
            (cells + 4, 0, "token 0 is out of place"),
            (cells + CELL, u32::MAX, "token 1 is out of place"),
            (cells + CELL + 8, 7, "token 1 is out of place"),
            (layers, 1, "layout 1"),
            (layers + 4, 0, "0 layers"),
            (layers + 4, 513, "513 layers"),
            (layers + 4, 5, "cut short"),
            (layers + 4, 1, "bytes behind it"),
            (layers + 20, 5, "it"),
            (layers + 24, 1, "cut short"),
            (layers + 24, u32::MAX, "cut short"),
        ] {
            let mut state = state.clone();
            state[at..at + 4].copy_from_slice(&value.to_le_bytes());
            let error = check(&state, 3).expect_err(reason);
            assert!(error.contains(reason), "{at}: {error}");
        }
    }
}
