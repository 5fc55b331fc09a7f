//! The table of the crate's documentation: each kernel against the obvious loop, in ns a weight.
//!
//! `cargo run --release -p dbsp-kernels --example measure`. The two take turns over the same inputs, fresh
//! in each round; what they leave behind is compared before a round counts; the figure is the median.

#![allow(clippy::print_stdout, reason = "a table is what this program is for")]

use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use dbsp_kernels::{
    add, any_overflow, compress_rows, count_nonzero, match_hashes, match_tags, multiply, negate, scalar,
    scale, segmented_sum, sum,
};

const LENGTHS: [usize; 4] = [16, 256, 4096, 65536];
const ROUNDS: usize = 101;

/// What a kernel reads and writes, one set for all of them.
#[derive(Clone, PartialEq)]
struct Columns {
    weights: Vec<i64>,
    others: Vec<i64>,
    rows: Vec<u64>,
    tags: Vec<[u8; 64]>,
    hashes: Vec<[u32; 8]>,
    ends: Vec<usize>,
    totals: Vec<i64>,
    answer: i64,
}

struct Case {
    name: &'static str,
    zeros_in_hundred: u64,
    segment: usize,
    plain: fn(&mut Columns),
    kernel: fn(&mut Columns),
}

const BASE: Case = Case { name: "", zeros_in_hundred: 0, segment: 4, plain: |_| (), kernel: |_| () };

fn cases() -> [Case; 14] {
    [
        Case {
            name: "`add`",
            plain: |c| {
                let fits = |(w, d): (&i64, &i64)| w.checked_add(*d).is_some();
                assert!(c.weights.iter().zip(&c.others).all(fits));
                c.weights.iter_mut().zip(&c.others).for_each(|(w, d)| *w += d);
            },
            kernel: |c| add(&mut c.weights, &c.others).expect("small weights do not overflow"),
            ..BASE
        },
        Case {
            name: "`any_overflow`",
            plain: |c| {
                let overflows = |(w, d): (&i64, &i64)| w.checked_add(*d).is_none();
                c.answer = c.weights.iter().zip(&c.others).any(overflows).into();
            },
            kernel: |c| c.answer = any_overflow(&c.weights, &c.others).into(),
            ..BASE
        },
        Case {
            name: "`negate`",
            plain: |c| {
                assert!(c.weights.iter().all(|w| w.checked_neg().is_some()));
                c.weights.iter_mut().for_each(|w| *w = -*w);
            },
            kernel: |c| negate(&mut c.weights).expect("small weights do not overflow"),
            ..BASE
        },
        Case {
            name: "`scale` *",
            plain: |c| scalar::scale(&mut c.weights, black_box(3)).expect("small weights do not overflow"),
            kernel: |c| scale(&mut c.weights, black_box(3)).expect("small weights do not overflow"),
            ..BASE
        },
        Case {
            name: "`multiply` *",
            plain: |c| scalar::multiply(&mut c.weights, &c.others).expect("small weights do not overflow"),
            kernel: |c| multiply(&mut c.weights, &c.others).expect("small weights do not overflow"),
            ..BASE
        },
        Case {
            name: "`sum` *",
            plain: |c| c.answer = scalar::sum(&c.weights).expect("small weights do not overflow"),
            kernel: |c| c.answer = sum(&c.weights).expect("small weights do not overflow"),
            ..BASE
        },
        Case {
            name: "`segmented_sum` *, segments of 1",
            segment: 1,
            plain: plain_segments,
            kernel: segments,
            ..BASE
        },
        Case { name: "`segmented_sum` *, of 4", segment: 4, plain: plain_segments, kernel: segments, ..BASE },
        Case {
            name: "`segmented_sum` *, of 64",
            segment: 64,
            plain: plain_segments,
            kernel: segments,
            ..BASE
        },
        Case {
            name: "`count_nonzero`",
            zeros_in_hundred: 20,
            plain: |c| c.answer = c.weights.iter().map(|&w| i64::from(w != 0)).sum(),
            kernel: |c| c.answer = i64::try_from(count_nonzero(&c.weights)).expect("a short column"),
            ..BASE
        },
        Case { name: "`compress_rows`, no zeros", plain: retain, kernel: compress, ..BASE },
        Case {
            name: "`compress_rows`, 20 % zeros",
            zeros_in_hundred: 20,
            plain: retain,
            kernel: compress,
            ..BASE
        },
        Case {
            name: "`match_tags` *",
            plain: |c| c.answer = matches(&c.tags, scalar::match_tags),
            kernel: |c| c.answer = matches(&c.tags, match_tags),
            ..BASE
        },
        Case {
            name: "`match_hashes` *",
            plain: |c| c.answer = found(&c.hashes, scalar::match_hashes),
            kernel: |c| c.answer = found(&c.hashes, match_hashes),
            ..BASE
        },
    ]
}

/// One lookup in each block of 64: it depends on nothing that the one before it found.
fn matches(tags: &[[u8; 64]], match_tags: fn(&[u8; 64], u8) -> u64) -> i64 {
    tags.iter().map(|tags| i64::from(match_tags(tags, black_box(7)).trailing_zeros())).sum()
}

/// As [`matches`], in chunks of eight.
fn found(hashes: &[[u32; 8]], match_hashes: fn(&[u32; 8], u32) -> u8) -> i64 {
    hashes.iter().map(|hashes| i64::from(match_hashes(hashes, black_box(7)).trailing_zeros())).sum()
}

fn plain_segments(c: &mut Columns) {
    scalar::segmented_sum(&c.weights, &c.ends, &mut c.totals).expect("small weights do not overflow");
}

fn segments(c: &mut Columns) {
    segmented_sum(&c.weights, &c.ends, &mut c.totals).expect("small weights do not overflow");
}

fn retain(c: &mut Columns) {
    let mut weights = c.weights.iter();
    c.rows.retain(|_| weights.next() != Some(&0));
    c.weights.retain(|&weight| weight != 0);
}

fn compress(c: &mut Columns) {
    compress_rows(&mut c.rows, &mut c.weights);
}

fn main() {
    println!("| kernel | {} |", LENGTHS.map(|length| length.to_string()).join(" | "));
    println!("|---|{}", "---|".repeat(LENGTHS.len()));
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for case in cases() {
        let mut line = format!("| {} |", case.name);
        for length in LENGTHS {
            let (plain, kernel) = measure(&case, length, &mut random);
            write!(line, " {plain:.2} / {kernel:.2} |").expect("a string takes everything");
        }
        println!("{line}");
    }
}

/// The medians, in ns a weight, of the obvious loop and of the kernel.
fn measure(case: &Case, length: usize, random: &mut Random) -> (f64, f64) {
    // Short columns are measured by the batch: the clock is read once for at least 4096 weights.
    let columns = (4096 / length).max(1);
    let (mut plain, mut kernel) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let fresh: Vec<Columns> = (0..columns).map(|_| random.columns(case, length)).collect();
        let mut outcomes = Vec::new();
        for turn in [round % 2, 1 - round % 2] {
            let (run, times) = if turn == 0 { (case.plain, &mut plain) } else { (case.kernel, &mut kernel) };
            let mut inputs = fresh.clone();
            let start = Instant::now();
            for input in &mut inputs {
                run(black_box(input));
            }
            times.push(start.elapsed().as_secs_f64() * 1e9 / (columns * length) as f64);
            outcomes.push(inputs);
        }
        assert!(outcomes[0] == outcomes[1], "{} differs from the obvious loop", case.name);
    }
    (median(&mut plain), median(&mut kernel))
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Marsaglia's xorshift: enough for inputs.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn weight(&mut self, zeros_in_hundred: u64) -> i64 {
        if self.next() % 100 < zeros_in_hundred {
            return 0;
        }
        let magnitude = (self.next() % 1000 + 1).cast_signed();
        if self.next().is_multiple_of(2) { magnitude } else { -magnitude }
    }

    fn columns(&mut self, case: &Case, length: usize) -> Columns {
        let ends: Vec<usize> =
            (1..=length.div_ceil(case.segment)).map(|s| (s * case.segment).min(length)).collect();
        Columns {
            weights: (0..length).map(|_| self.weight(case.zeros_in_hundred)).collect(),
            others: (0..length).map(|_| self.weight(0)).collect(),
            rows: (0..length as u64).collect(),
            tags: (0..length.div_ceil(64)).map(|_| std::array::from_fn(|_| self.next() as u8)).collect(),
            hashes: (0..length.div_ceil(8)).map(|_| std::array::from_fn(|_| self.next() as u32)).collect(),
            totals: vec![0; ends.len()],
            ends,
            answer: 0,
        }
    }
}
