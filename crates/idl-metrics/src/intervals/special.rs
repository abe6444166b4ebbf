//! The regularised incomplete beta function, for Student's distribution.

/// `I_x(a, b)` for positive `a`, `b` and `x` in `[0, 1]`, by Lentz's evaluation
/// of the continued fraction (DLMF 8.17.22).
pub(crate) fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges fast on this side; the other by symmetry.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    let ln_beta = ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let front = (a * x.ln() + b * (-x).ln_1p() - ln_beta).exp() / a;

    let tiny = 1e-300;
    let away = |v: f64| if v.abs() < tiny { tiny } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..1000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        fraction *= c * d;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        fraction *= c * d;
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    front * fraction
}

/// `ln Gamma(x)` for `x > 0`: recurrence up to 10, then Stirling's series.
fn ln_gamma(x: f64) -> f64 {
    let mut shift = 0.0;
    let mut x = x;
    while x < 10.0 {
        shift += x.ln();
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let series = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0]
        .iter()
        .rev()
        .fold(-691.0 / 360_360.0, |sum, c| sum * r + c)
        / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_gamma_of_small_whole_and_half_numbers() {
        let sqrt_pi = std::f64::consts::PI.sqrt();
        for (x, gamma) in [(0.5, sqrt_pi), (1.0, 1.0), (4.0, 6.0), (3.5, 15.0 / 8.0 * sqrt_pi)] {
            assert!((ln_gamma(x) - f64::ln(gamma)).abs() < 1e-14, "{x}");
        }
    }

    #[test]
    fn closed_forms() {
        // I_x(1, b) = 1 - (1 - x)^b; I_x(a, 1) = x^a; I_1/2(a, a) = 1/2.
        for x in [0.01, 0.3, 0.5, 0.77, 0.999] {
            assert!((incomplete_beta(1.0, 3.5, x) - (1.0 - (1.0 - x).powf(3.5))).abs() < 1e-14);
            assert!((incomplete_beta(2.5, 1.0, x) - x.powf(2.5)).abs() < 1e-14);
        }
        assert!((incomplete_beta(40.0, 40.0, 0.5) - 0.5).abs() < 1e-13);
    }
}
