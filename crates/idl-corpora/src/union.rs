//! Disjoint sets.

/// Disjoint sets of the numbers below `n`, by union-find with path halving and
/// union by size: almost constant time per operation.
#[derive(Debug)]
pub(crate) struct Union {
    parent: Vec<usize>,
    size: Vec<usize>,
}

impl Union {
    pub(crate) fn new() -> Self {
        Union { parent: Vec::new(), size: Vec::new() }
    }

    /// Adds a set of one and returns its only member.
    pub(crate) fn push(&mut self) -> usize {
        self.parent.push(self.parent.len());
        self.size.push(1);
        self.parent.len() - 1
    }

    /// The representative of `x`'s set.
    pub(crate) fn find(&mut self, mut x: usize) -> usize {
        while self.parent[x] != x {
            self.parent[x] = self.parent[self.parent[x]];
            x = self.parent[x];
        }
        x
    }

    /// Makes the sets of `x` and `y` one.
    pub(crate) fn join(&mut self, x: usize, y: usize) {
        let (x, y) = (self.find(x), self.find(y));
        if x != y {
            let (small, large) = if self.size[x] < self.size[y] { (x, y) } else { (y, x) };
            self.parent[small] = large;
            self.size[large] += self.size[small];
        }
    }

    /// The number of each member's set; sets are numbered in the order of
    /// their smallest members.
    pub(crate) fn numbers(mut self) -> Vec<usize> {
        let mut number_of_root = vec![None; self.parent.len()];
        let mut sets = 0;
        (0..self.parent.len())
            .map(|x| {
                let root = self.find(x);
                *number_of_root[root].get_or_insert_with(|| {
                    sets += 1;
                    sets - 1
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_is_transitive_and_numbers_follow_first_members() {
        let mut union = Union::new();
        for x in 0..7 {
            assert_eq!(union.push(), x);
        }
        union.join(5, 6);
        union.join(1, 3);
        union.join(3, 6);
        union.join(1, 5);
        assert_eq!(union.numbers(), [0, 1, 2, 1, 3, 1, 1]);
    }
}
