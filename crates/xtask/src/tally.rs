//! Counting the tests in the output of `cargo test`.

/// What `test result:` lines add up to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// The lines themselves, but for those of binaries without a test.
    pub(crate) lines: Vec<String>,
}

impl Tally {
    /// Looks at one line of output.
    pub(crate) fn line(&mut self, line: &str) {
        let line = line.trim_end();
        let Some(rest) = line.strip_prefix("test result: ") else { return };
        let count = |what: &str| -> u64 {
            let before = rest.split(what).next().unwrap_or_default().trim_end();
            before.rsplit(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0)
        };
        let (passed, failed) = (count(" passed;"), count(" failed;"));
        self.passed += passed;
        self.failed += failed;
        if passed + failed > 0 {
            self.lines.push(line.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn the_lines_of_libtest_are_added_up() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests\n",
            "test a ... ok\n",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.03s\n",
            "test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.03s\n",
            "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
            "the test result: ok. 7 passed; 0 failed;\n",
        ] {
            tally.line(line);
        }
        assert_eq!((tally.passed, tally.failed, tally.lines.len()), (14, 3, 2));
    }
}
