//! Pools the outputs of a text's tokens into one vector.

use crate::error::{Error, ErrorCode, Result};
use crate::protocol::Pooling;

/// The vector of one text, while its tokens are computed.
pub(super) struct Pool {
    pooling: Pooling,
    vector: Vec<f32>,
    count: usize,
}

impl Pool {
    pub(super) fn new(pooling: Pooling) -> Self {
        Self { pooling, vector: Vec::new(), count: 0 }
    }

    pub(super) fn add(&mut self, output: Vec<f32>) {
        self.count += 1;
        match self.pooling {
            _ if self.count == 1 => self.vector = output,
            Pooling::Cls => {}
            Pooling::Last => self.vector = output,
            Pooling::Mean => self.vector.iter_mut().zip(output).for_each(|(sum, value)| *sum += value),
        }
    }

    pub(super) fn finish(mut self, normalize: bool) -> Result<Vec<f32>> {
        if self.pooling == Pooling::Mean {
            let count = self.count as f32;
            self.vector.iter_mut().for_each(|sum| *sum /= count);
        }
        let length = self.vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        if !length.is_finite() {
            let detail = "the model computed embeddings that are not numbers - its weights are damaged";
            return Err(Error::new(ErrorCode::InferenceFailed, detail));
        }
        if normalize && length > 0.0 {
            self.vector.iter_mut().for_each(|value| *value = (f64::from(*value) / length) as f32);
        }
        Ok(self.vector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pooled(pooling: Pooling, normalize: bool, outputs: &[[f32; 2]]) -> Result<Vec<f32>> {
        let mut pool = Pool::new(pooling);
        outputs.iter().for_each(|output| pool.add(output.to_vec()));
        pool.finish(normalize)
    }

    #[test]
    fn a_text_is_its_mean_its_first_or_its_last_output() {
        let outputs = [[1.0, 5.0], [2.0, 6.0], [6.0, 1.0]];
        for (pooling, expected) in
            [(Pooling::Mean, [3.0, 4.0]), (Pooling::Cls, [1.0, 5.0]), (Pooling::Last, [6.0, 1.0])]
        {
            assert_eq!(pooled(pooling, false, &outputs), Ok(expected.to_vec()), "{pooling:?}");
        }
        assert_eq!(pooled(Pooling::Mean, true, &outputs), Ok(vec![0.6, 0.8]));
    }

    #[test]
    fn what_has_no_direction_stays_and_what_is_no_number_is_an_error() {
        assert_eq!(pooled(Pooling::Last, true, &[[0.0, 0.0]]), Ok(vec![0.0, 0.0]));
        for broken in [f32::NAN, f32::INFINITY] {
            let error = pooled(Pooling::Mean, true, &[[1.0, broken], [1.0, 1.0]]).expect_err("no number");
            assert_eq!(error.code, ErrorCode::InferenceFailed);
        }
    }
}
