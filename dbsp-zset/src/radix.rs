//! Sorting the rows of a delta by what they begin with: digit by digit, and not by comparing them.
//!
//! # Shape       64 bits that a row begins with and its position make one number. Numbers are sorted digit by digit, each
//!   row follows its number once, and only rows that begin alike are compared.
//! # Invariants  what comes out is in the order of `Ord` whatever the bits say: that is looked at, and sorted where not.
//! # Cost        O(n) where rows begin differently. Fewer than 1,000 rows, rows in order, and rows that begin alike are
//!   compared, after a look at 64 of them.
//! # Not here    no `unsafe`, and no list of types that can be sorted so.
//!
//! What a row begins with is what it writes first when it is hashed: a tuple or a derived struct writes its components in
//! the order in which it compares them. Another type may do neither, such as `Reverse`. So a sample is asked whether bits and
//! rows have one order. Its bits are also the range that counts: bits below and above are put to its ends, which keeps the
//! order, and a few far from all others then spoil nothing.
//!
//! More than 131,072 rows are split by their first bits before, so that rows follow their numbers within the cache.

use std::hash::{Hash, Hasher};

use crate::delta::Delta;

/// Fewer rows are compared.
const FEW: usize = 1_000;
/// More rows are split before.
const MANY: usize = 1 << 17;
/// A delta is split into at most so many parts.
const MOST_PARTS: usize = 1 << 10;
/// So many rows are a sample.
const SAMPLE: usize = 64;
/// One neighbour in so many may begin alike.
const ALIKE: usize = 4;
/// The bits of a digit.
const DIGIT: u32 = 10;

/// The rows of a delta of such a range in order with their weights, in parts that follow each other; equal rows are in one part.
pub(crate) fn sorted<R: Ord + Hash, W>(delta: Delta<R, W>, range: Range) -> Vec<Vec<(R, W)>> {
    if delta.len() <= MANY {
        return vec![by_digits(delta, range)];
    }
    let parts = split(delta, range).into_iter().filter(|part| !part.is_empty());
    let parts: Vec<Vec<(R, W)>> = parts
        .map(|part| match Range::of(part.rows()) {
            Some(range) => by_digits(part, range),
            None => compared(part.into_iter().collect()),
        })
        .collect();
    let follows = |one: &Vec<(R, W)>, next: &Vec<(R, W)>| match (one.last(), next.first()) {
        (Some((last, _)), Some((first, _))) => last < first,
        _ => true,
    };
    if parts.is_sorted_by(follows) { parts } else { vec![compared(parts.into_iter().flatten().collect())] }
}

/// Entries in the order of their rows.
pub(crate) fn compared<R: Ord, W>(mut entries: Vec<(R, W)>) -> Vec<(R, W)> {
    entries.sort_unstable_by(|left, right| left.0.cmp(&right.0));
    entries
}

/// A delta as parts of half as many rows as [`MANY`] to as many, where they are spread evenly; the rows of a part begin
/// with less than those of the next.
fn split<R: Hash, W>(delta: Delta<R, W>, range: Range) -> Vec<Delta<R, W>> {
    let shift = range.bits().saturating_sub((2 * delta.len() / MANY).min(MOST_PARTS).ilog2());
    let mut lengths = vec![0; range.place(range.most, shift) as usize + 1];
    delta.rows().iter().for_each(|row| lengths[range.place(start(row), shift) as usize] += 1);
    let mut parts: Vec<(Vec<R>, Vec<W>)> =
        lengths.into_iter().map(|len| (Vec::with_capacity(len), Vec::with_capacity(len))).collect();
    for (row, weight) in delta {
        let (rows, weights) = &mut parts[range.place(start(&row), shift) as usize];
        rows.push(row);
        weights.push(weight);
    }
    let parts = parts.into_iter().map(|(rows, weights)| Delta::from_columns(rows, weights));
    parts.map(|part| part.expect("each row was pushed with its weight")).collect()
}

/// Entries in the order of their rows, by the digits of what these begin with.
fn by_digits<R: Ord + Hash, W>(delta: Delta<R, W>, range: Range) -> Vec<(R, W)> {
    let shift = range.shift(delta.len());
    let numbers = delta.rows().iter().enumerate();
    let numbers = numbers.map(|(at, row)| range.place(start(row), shift) << u32::BITS | at as u64);
    let numbers = sorted_numbers(numbers.collect(), range.bits() - shift);

    let mut entries: Vec<Option<(R, W)>> = delta.into_iter().map(Some).collect();
    let mut sorted = Vec::with_capacity(entries.len());
    sorted.extend(
        numbers.iter().map(|number| {
            entries[*number as u32 as usize].take().expect("each position stands in one number")
        }),
    );
    let (mut begin, mut is_sorted) = (0, true);
    for alike in numbers.chunk_by(|one, other| one >> u32::BITS == other >> u32::BITS) {
        let end = begin + alike.len();
        if alike.len() > 1 {
            sorted[begin..end].sort_unstable_by(|left, right| left.0.cmp(&right.0));
        }
        is_sorted &= begin == 0 || sorted[begin - 1].0 < sorted[begin].0;
        begin = end;
    }
    if is_sorted { sorted } else { compared(sorted) }
}

/// Numbers in the order of their upper halves, of which so many bits count; those alike in their order before.
fn sorted_numbers(mut numbers: Vec<u64>, bits: u32) -> Vec<u64> {
    let mut next = vec![0; numbers.len()];
    for low in (u32::BITS..u32::BITS + bits).step_by(DIGIT as usize) {
        let digit = |number: u64| (number >> low) as usize % (1 << DIGIT);
        let mut places = [0_u32; 1 << DIGIT];
        numbers.iter().for_each(|number| places[digit(*number)] += 1);
        let mut before = 0;
        for place in &mut places {
            before += std::mem::replace(place, before);
        }
        for number in &numbers {
            let place = &mut places[digit(*number)];
            next[*place as usize] = *number;
            *place += 1;
        }
        std::mem::swap(&mut numbers, &mut next);
    }
    numbers
}

/// Between which bits most rows of a delta begin.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    least: u64,
    most: u64,
}

impl Range {
    /// The range of a sample, if sorting by digits is right for these rows and pays.
    pub(crate) fn of<R: Ord + Hash>(rows: &[R]) -> Option<Self> {
        if !cfg!(feature = "bulk") || rows.len() < FEW || rows.len() > u32::MAX as usize {
            return None;
        }
        let sample = || rows.iter().step_by(rows.len() / SAMPLE).take(SAMPLE);
        let starts: Vec<u64> = sample().map(start).collect();
        let range = Self { least: *starts.iter().min()?, most: *starts.iter().max()? };
        let shift = range.shift(rows.len());
        let (mut alike, mut rises, mut falls) = (0, 0, 0);
        for (bits, (row, next)) in starts.windows(2).zip(sample().zip(sample().skip(1))) {
            let order = row.cmp(next);
            if bits[0] != bits[1] && bits[0].cmp(&bits[1]) != order {
                return None;
            }
            alike += usize::from(range.place(bits[0], shift) == range.place(bits[1], shift));
            rises += usize::from(order.is_lt());
            falls += usize::from(order.is_gt());
        }
        (alike <= SAMPLE / ALIKE && rises > 0 && falls > 0).then_some(range)
    }

    /// How many bits tell the places of the range apart.
    fn bits(self) -> u32 {
        u64::BITS - (self.most - self.least).leading_zeros()
    }

    /// How many of them do not count where there are so many rows: the others are enough that few rows have them in
    /// common, and find room beside a position.
    fn shift(self, rows: usize) -> u32 {
        self.bits().saturating_sub((rows.ilog2() + 1).next_multiple_of(DIGIT).min(u32::BITS))
    }

    /// Where bits lie in the range, without the last `shift` bits of that.
    #[inline]
    fn place(self, bits: u64, shift: u32) -> u64 {
        (bits.clamp(self.least, self.most) - self.least) >> shift
    }
}

/// The bits that a row begins with.
#[inline]
fn start(row: &impl Hash) -> u64 {
    let mut start = Start { bits: 0, free: u64::BITS };
    row.hash(&mut start);
    start.bits
}

/// A hasher that keeps the first 64 bits, in such a way that numbers and texts keep their order.
struct Start {
    bits: u64,
    /// How many bits there is room for.
    free: u32,
}

impl Start {
    #[inline]
    fn take(&mut self, value: u64, width: u32) {
        if width <= self.free {
            self.free -= width;
            self.bits |= value << self.free;
        } else if self.free > 0 {
            self.bits |= value >> (width - self.free);
            self.free = 0;
        }
    }
}

impl Hasher for Start {
    #[inline]
    fn finish(&self) -> u64 {
        self.bits
    }

    /// Ends what is kept: what follows a text is not to be taken for a part of it.
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut first = [0; 8];
        let len = bytes.len().min(first.len());
        first[..len].copy_from_slice(&bytes[..len]);
        self.take(u64::from_be_bytes(first), u64::BITS);
        self.free = 0;
    }

    #[inline]
    fn write_u8(&mut self, value: u8) {
        self.take(value.into(), u8::BITS);
    }

    #[inline]
    fn write_u16(&mut self, value: u16) {
        self.take(value.into(), u16::BITS);
    }

    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.take(value.into(), u32::BITS);
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.take(value, u64::BITS);
    }

    #[inline]
    fn write_u128(&mut self, value: u128) {
        self.take((value >> u64::BITS) as u64, u64::BITS);
        self.take(value as u64, u64::BITS);
    }

    #[inline]
    fn write_usize(&mut self, value: usize) {
        self.take(value as u64, usize::BITS);
    }

    // The negative ones first.

    #[inline]
    fn write_i8(&mut self, value: i8) {
        self.write_u8(value.cast_unsigned() ^ 1 << 7);
    }

    #[inline]
    fn write_i16(&mut self, value: i16) {
        self.write_u16(value.cast_unsigned() ^ 1 << 15);
    }

    #[inline]
    fn write_i32(&mut self, value: i32) {
        self.write_u32(value.cast_unsigned() ^ 1 << 31);
    }

    #[inline]
    fn write_i64(&mut self, value: i64) {
        self.write_u64(value.cast_unsigned() ^ 1 << 63);
    }

    #[inline]
    fn write_i128(&mut self, value: i128) {
        self.write_u128(value.cast_unsigned() ^ 1 << 127);
    }

    #[inline]
    fn write_isize(&mut self, value: isize) {
        self.write_usize(value.cast_unsigned() ^ 1 << (usize::BITS - 1));
    }
}

#[cfg(test)]
mod tests;
