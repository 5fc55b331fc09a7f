//! Random numbers and random changes.

/// A change of one row of an input: which input, key, value, weight. Rows are numbers until a kind makes values of them.
pub(crate) type Change = (usize, u64, u64, i64);

/// Random numbers of a seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1)
    }

    /// A number below a bound.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// The changes of a step: mostly a few, sometimes none or many.
    pub(crate) fn changes(&mut self, is_extreme: bool) -> Vec<Change> {
        let len = match self.below(12) {
            0 => 0,
            1 if !is_extreme => 40 + self.below(100),
            _ => 1 + self.below(6),
        };
        (0..len)
            .map(|_| (self.below(2) as usize, self.below(4), self.below(6), self.weight(is_extreme)))
            .collect()
    }

    fn weight(&mut self, is_extreme: bool) -> i64 {
        if is_extreme && self.below(4) == 0 {
            let extremes = [i64::MAX, i64::MIN, i64::MIN + 1, i64::MAX - 1, 1 << 62, -(1 << 62), 1 << 32];
            return extremes[self.below(extremes.len() as u64) as usize];
        }
        self.below(5).cast_signed() - 2
    }
}
