//! The bench's output: one line per row, printed as soon as it is known.

/// One line: the measurement, its bar, and what it was measured against. A row without a bar has no verdict.
#[derive(Debug)]
pub struct Row {
    pub name: String,
    pub measured: String,
    pub bar: String,
    pub against: String,
    pub passed: bool,
}

impl Row {
    /// A ratio that must reach `bar`.
    pub fn ratio(name: impl Into<String>, ratio: f64, bar: f64, against: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            measured: format!("{ratio:.3} x"),
            bar: format!(">= {bar:.2} x"),
            against: against.into(),
            // The rounded number decides, so that no line contradicts itself.
            passed: (ratio * 1000.0).round() / 1000.0 >= bar,
        }
    }

    /// A ratio that must not exceed `bar`.
    pub fn at_most(name: impl Into<String>, ratio: f64, bar: f64, against: impl Into<String>) -> Self {
        Self {
            bar: format!("<= {bar:.2} x"),
            passed: (ratio * 1000.0).round() / 1000.0 <= bar,
            ..Self::ratio(name, ratio, bar, against)
        }
    }

    /// A measurement without a bar.
    pub fn noted(name: impl Into<String>, measured: impl Into<String>, against: impl Into<String>) -> Self {
        let (name, measured, against) = (name.into(), measured.into(), against.into());
        Self { name, measured, bar: String::new(), against, passed: true }
    }

    pub fn line(&self) -> String {
        let verdict = match (self.bar.is_empty(), self.passed) {
            (true, _) => "",
            (false, true) => "pass",
            (false, false) => "falls short",
        };
        line([&self.name, &self.measured, &self.bar, &self.against, verdict])
    }
}

pub fn head() -> String {
    line(["what", "measured", "bar", "against", ""])
}

fn line([name, measured, bar, against, verdict]: [&str; 5]) -> String {
    format!("{name:<31} {measured:<32} {bar:<25} {against:<62} {verdict}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_ends_in_its_verdict() {
        assert!(Row::ratio("decode", 0.97, 0.97, "bare").line().ends_with(" pass"));
        assert!(Row::ratio("decode", 0.9694, 0.97, "bare").line().ends_with(" falls short"));
    }

    #[test]
    fn a_row_may_have_to_stay_below_its_bar_or_have_none() {
        assert!(Row::at_most("park", 1.2, 1.2, "bare").line().ends_with(" pass"));
        assert!(Row::at_most("park", 1.2006, 1.2, "bare").line().ends_with(" falls short"));
        assert!(Row::noted("save", "9 ms", "bare").line().ends_with(" bare"));
    }

    #[test]
    fn columns_stand_under_their_heads() {
        let row = Row::ratio("decode", 1.0, 0.97, "bare").line();
        assert_eq!(head().find("against"), row.find("bare"));
    }
}
