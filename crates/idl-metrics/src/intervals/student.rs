//! Student's distribution: p-values and quantiles.

use super::special::incomplete_beta;

/// `P(|T| >= |t|)` with `df` degrees of freedom.
pub(crate) fn two_sided(t: f64, df: f64) -> f64 {
    // P(|T| > t) = I_{df / (df + t^2)}(df / 2, 1 / 2)
    incomplete_beta(df / 2.0, 0.5, df / (df + t * t))
}

/// The `t >= 0` with `P(|T| <= t) = level`, for a level in (0, 1).
///
/// By bisection down to neighbouring numbers: the tail falls with `t`, and its
/// precision is all that bounds the result's.
pub(crate) fn quantile(level: f64, df: f64) -> f64 {
    let tail = 1.0 - level;
    let mut high = 1.0;
    while two_sided(high, df) > tail && high < f64::MAX / 4.0 {
        high *= 2.0;
    }
    let mut low = if high > 1.0 { high / 2.0 } else { 0.0 };
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return middle;
        }
        if two_sided(middle, df) > tail { low = middle } else { high = middle }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms_of_one_and_two_degrees() {
        for level in [0.01, 0.5, 0.9, 0.95, 0.999] {
            let one = (std::f64::consts::PI * level / 2.0).tan();
            assert!((quantile(level, 1.0) / one - 1.0).abs() < 1e-9, "{level}");
            // P(|T| <= t) = t / sqrt(2 + t^2)
            let two = level * (2.0 / (1.0 - level * level)).sqrt();
            assert!((quantile(level, 2.0) / two - 1.0).abs() < 1e-9, "{level}");
        }
    }

    #[test]
    fn many_degrees_are_the_normal_distribution() {
        assert!((quantile(0.95, 1e6) - 1.959_963_984_540_054).abs() < 1e-5);
    }
}
