//! What the README says of memory, measured: the most that the process held
//! while a function ran, beyond what it held before.
//!
//! One test, alone in its process, so that nothing else is measured. Only Linux
//! tells; elsewhere there is nothing to see.

#![cfg(target_os = "linux")]
// clippy.toml lets tests unwrap, but not their helpers.
#![allow(clippy::unwrap_used)]

use std::fs;

use idl_conved::{ConvEd, SessionView};
use ndarray::{Array2, Axis, Slice};

const MB: f64 = 1e6;

/// A line of `/proc/self/status`, in bytes.
fn held(what: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
    let kilobytes = line.trim_start_matches(':').trim().trim_end_matches("kB").trim();
    kilobytes.parse::<f64>().unwrap() * 1024.0
}

/// The most that was held during `work`, in MB, beyond what was before; `None`
/// where the system does not let the mark be reset.
fn peak<T>(work: impl FnOnce() -> T) -> Option<f64> {
    fs::write("/proc/self/clear_refs", "5").ok()?;
    let before = held("VmRSS");
    let result = work();
    let most = held("VmHWM");
    drop(result);
    Some((most - before) / MB)
}

struct Sessions {
    roles: Vec<u8>,
    embeddings: Array2<f32>,
    lengths: Vec<usize>,
}

impl Sessions {
    /// Roles in turn; slices of one matrix.
    fn new(lengths: Vec<usize>, dim: usize) -> Self {
        let total = lengths.iter().sum();
        let mut state = 1_u64;
        let embeddings = Array2::from_shape_simple_fn((total, dim), || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f32 / (1_u64 << 23) as f32 - 0.3
        });
        Sessions { roles: (0..total).map(|i| (i % 2) as u8).collect(), embeddings, lengths }
    }

    fn views(&self) -> Vec<SessionView<'_>> {
        let mut start = 0;
        let view = |&len: &usize| {
            let rows = self.embeddings.slice_axis(Axis(0), Slice::from(start..start + len));
            let view = SessionView::new(&self.roles[start..start + len], rows).unwrap();
            start += len;
            view
        };
        self.lengths.iter().map(view).collect()
    }

    /// The embeddings, in MB.
    fn size(&self) -> f64 {
        self.embeddings.len() as f64 * 4.0 / MB
    }
}

fn with_one_long(long: usize) -> Vec<usize> {
    let mut lengths = vec![20; 15];
    lengths.insert(7, long);
    lengths
}

#[test]
fn memory_is_bounded() {
    let conved = ConvEd::default();
    let warm = Sessions::new(vec![20; 40], 8);
    conved.pairwise(&warm.views()).unwrap();
    let within = |most: f64, what: &str, work: &mut dyn FnMut()| {
        let Some(used) = peak(work) else {
            eprintln!("skipped: this system does not reset the most that was held");
            return;
        };
        eprintln!("{what}: {used:.1} MB of {most:.1}");
        assert!(used <= most, "{what} took {used:.1} MB, more than {most:.1}");
    };

    // Packed embeddings at most three times what they are, the scratch memory of
    // each thread, and what the allocator rounds up.
    let threads = rayon::current_num_threads() as f64;
    let linear = |sessions: &Sessions| {
        let longest = *sessions.lengths.iter().max().unwrap() as f64;
        3.0 * sessions.size() + threads * (12.0 + 1000.0 * longest / MB) + 8.0
    };
    for lengths in [with_one_long(2000), with_one_long(10_000), vec![2200; 2], vec![200; 20]] {
        let sessions = Sessions::new(lengths, 24);
        let (views, most) = (sessions.views(), linear(&sessions));
        let what = format!("{:?}", &sessions.lengths);
        within(most, &format!("pairwise of {what}"), &mut || {
            assert!(conved.pairwise(&views).is_ok());
        });
        within(most, &format!("cdist of {what}"), &mut || {
            assert!(conved.cdist(&views[..8.min(views.len())], &views[..2]).is_ok());
        });
        within(most, &format!("one_to_many of {what}"), &mut || {
            assert!(conved.one_to_many(&views[views.len() / 2], &views).is_ok());
        });
    }

    let pair = Sessions::new(vec![4000, 3000], 2);
    let views = pair.views();
    within(4.0, "one distance", &mut || {
        assert!(conved.distance(&views[0], &views[1]).is_ok());
    });
    // A quarter of a byte for each of 12 million pairs of utterances.
    within(8.0, "an alignment", &mut || {
        assert!(conved.alignment(&views[0], &views[1]).is_ok());
    });
    let pair = Sessions::new(vec![2000, 2000], 2);
    let views = pair.views();
    // 8 bytes for each of 4 million, once.
    within(36.0, "a cost matrix", &mut || {
        assert!(conved.cost_matrix(&views[0], &views[1]).is_ok());
    });

    #[cfg(feature = "tch")]
    {
        use idl_conved::TensorSessions;
        use tch::Device;

        let tensors = |views: &[SessionView<'_>], cells| {
            let sessions = TensorSessions::from_views(views, Device::Cpu).unwrap();
            drop(conved.pairwise_tensor(&sessions, cells).unwrap());
        };
        tensors(&warm.views(), 1 << 18);
        let mut lengths = vec![20; 60];
        lengths[3] = 3000;
        let sessions = Sessions::new(lengths, 96);
        let views = sessions.views();
        // Padded to the longest they would be 69 MB; the product of the longest
        // with itself would be 36.
        within(3.0 * sessions.size() + 12.0, "tensors", &mut || tensors(&views, 1 << 18));
    }
}
