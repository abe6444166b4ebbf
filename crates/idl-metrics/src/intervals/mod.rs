//! How sure a mean over persons is, and whether two differ.

mod interval;
mod special;
mod spread;
mod student;
mod studentised;
mod ttest;

pub use interval::{Interval, Intervals, Method};
pub use ttest::{TTest, paired_t_test};
