//! An estimate over persons and its standard error.

use crate::Result;
use crate::error::finite;

/// An estimate, and how far it would move with other persons.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) estimate: f64,
    /// 0 where the persons do not differ, but for the last bits.
    pub(crate) standard_error: f64,
}

/// Of the mean of at least two values; `scale` is the size of what they were
/// computed from, if that is larger than they are.
pub(crate) fn of_values(values: &[f64], scale: f64) -> Result<Spread> {
    let n = values.len() as f64;
    let estimate = values.iter().sum::<f64>() / n;
    finite("estimate", &[estimate])?;
    if equal(values, scale) {
        // Not the sum's share: three times 0.1 is not 0.3.
        let estimate = values.first().copied().unwrap_or(estimate);
        return Ok(Spread { estimate, standard_error: 0.0 });
    }
    let squares: f64 = values.iter().map(|v| (v - estimate) * (v - estimate)).sum();
    let standard_error = (squares / (n - 1.0) / n).sqrt();
    finite("standard error", &[standard_error])?;
    Ok(Spread { estimate, standard_error })
}

/// Of a statistic of at least two persons, by leaving out each of them once
/// (Tukey's jackknife).
pub(crate) fn jackknife(
    persons: &[usize],
    statistic: &mut impl FnMut(&[usize]) -> f64,
) -> Result<Spread> {
    let estimate = statistic(persons);
    finite("estimate", &[estimate])?;
    let mut rest: Vec<usize> = persons.iter().copied().skip(1).collect();
    let mut without = Vec::with_capacity(persons.len());
    for (i, &person) in persons.iter().enumerate() {
        without.push(statistic(&rest));
        if let Some(place) = rest.get_mut(i) {
            // The next one out makes room for this one.
            *place = person;
        }
    }
    finite("statistic without person", &without)?;
    let n = without.len() as f64;
    let mean = without.iter().sum::<f64>() / n;
    if equal(&without, 0.0) {
        return Ok(Spread { estimate, standard_error: 0.0 });
    }
    let squares: f64 = without.iter().map(|v| (v - mean) * (v - mean)).sum();
    let standard_error = (squares * (n - 1.0) / n).sqrt();
    finite("standard error", &[standard_error])?;
    Ok(Spread { estimate, standard_error })
}

/// Whether values differ by no more than rounding explains.
fn equal(values: &[f64], scale: f64) -> bool {
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)));
    high - low <= 8.0 * f64::EPSILON * low.abs().max(high.abs()).max(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jackknife_leaves_out_each_person_once() {
        let mut seen = Vec::new();
        let mut statistic = |persons: &[usize]| {
            seen.push(persons.to_vec());
            persons.iter().sum::<usize>() as f64
        };
        jackknife(&[5, 7, 9], &mut statistic).unwrap();
        for persons in &mut seen {
            persons.sort_unstable();
        }
        assert_eq!(seen, [vec![5, 7, 9], vec![7, 9], vec![5, 9], vec![5, 7]]);
    }
}
