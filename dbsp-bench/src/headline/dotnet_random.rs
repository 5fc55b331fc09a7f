//! .NET's seeded `System.Random`, so that the published data can be made again bit for bit.
//!
//! Knuth's subtractive generator (TAOCP 3.2.2, algorithm A) as .NET keeps it for seeded generators, with its
//! lag of 21 where Knuth has 31.

/// The modulus: `i32::MAX`.
const BIG: i32 = i32::MAX;
const SEED: i32 = 161_803_398;

/// A generator that draws what `new Random(seed)` draws.
#[derive(Debug, Clone)]
pub(super) struct DotnetRandom {
    /// Slots 1 to 55; slot 0 is unused, as in the original.
    slots: [i32; 56],
    next: usize,
    behind: usize,
}

impl DotnetRandom {
    /// `new Random(seed)`.
    #[must_use]
    pub(super) fn new(seed: i32) -> Self {
        let mut slots = [0; 56];
        let mut last = SEED - seed.saturating_abs();
        slots[55] = last;
        let mut value = 1;
        for i in 1..55 {
            let slot = 21 * i % 55;
            slots[slot] = value;
            value = wrapped(last.wrapping_sub(value));
            last = slots[slot];
        }
        for _ in 0..4 {
            for i in 1..56 {
                slots[i] = wrapped(slots[i].wrapping_sub(slots[1 + (i + 30) % 55]));
            }
        }
        Self { slots, next: 0, behind: 21 }
    }

    /// `Next(bound)`: a number from 0 to `bound` − 1.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (f64::from(self.sample()) * (1.0 / f64::from(BIG)) * bound as f64) as usize
    }

    /// The next number of the sequence: what `Next()` returns.
    fn sample(&mut self) -> i32 {
        let step = |slot: usize| if slot >= 55 { 1 } else { slot + 1 };
        (self.next, self.behind) = (step(self.next), step(self.behind));
        let mut value = self.slots[self.next].wrapping_sub(self.slots[self.behind]);
        if value == BIG {
            value -= 1;
        }
        self.slots[self.next] = wrapped(value);
        self.slots[self.next]
    }
}

/// A negative difference, taken back into the range.
const fn wrapped(value: i32) -> i32 {
    if value < 0 { value + BIG } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_draws_what_dotnet_draws() {
        // `new Random(42)` and `new Random(0)`, from .NET.
        let mut random = DotnetRandom::new(42);
        assert_eq!(
            [random.sample(), random.sample(), random.sample()],
            [1_434_747_710, 302_596_119, 269_548_474]
        );
        assert_eq!(DotnetRandom::new(0).sample(), 1_559_595_546);
    }
}
