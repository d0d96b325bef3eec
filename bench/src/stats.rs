//! Summary statistics.

/// The median; the mean of the two middle values for an even number, 0 for none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (below, above) = (sorted.len().saturating_sub(1) / 2, sorted.len() / 2);
    match (sorted.get(below), sorted.get(above)) {
        (Some(below), Some(above)) => (below + above) / 2.0,
        _ => 0.0,
    }
}

/// The largest value; 0 for none.
pub fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// The median of the ratios of consecutive runs. A disturbance affects both runs of a pair.
pub fn median_ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
    median(&ratios)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[]), 0.0);
        assert_eq!(median(&[3.0]), 3.0);
        assert_eq!(median(&[9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[9.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn one_disturbed_pair_does_not_move_the_ratio() {
        assert_eq!(median_ratio(&[10.0, 1.0, 10.0], &[10.0, 10.0, 10.0]), 1.0);
    }

    #[test]
    fn the_largest_of_nothing_is_nothing() {
        assert_eq!(largest(&[]), 0.0);
        assert_eq!(largest(&[1.0, 3.0, 2.0]), 3.0);
    }
}
