//! Rows that somebody chose for their hashes, against honest rows of the same shape.
//!
//! # Shape
//! A family of keys is loaded into each of seven things, once in a run, into a new one: a view, a distinct, a sum by key, a
//! consolidation, the index of a join's delta, and a trace, where the family are its keys or the values of one key. Honest and
//! crafted loads take turns; `p50_us` is the crafted one, `honest_us` the other, and the table shows how often one fits into the other.
//!
//! # Families
//! `zero`: pairs that foldhash multiplies by zero, so that all hashes are equal. The others are numbers found by a search, before
//! the clock: `low12`, `low14`, `low12_top4` agree in so many of the low bits, and of the top bits, of the 32 bits that a table keeps of
//! a hash; `leading12` in the bits by which a trace finds a bucket. Honest ones lie between the same bounds, and both come in
//! random order.
//!
//! # Not here
//! No criterion: a load takes long enough to be timed alone. With feature `secret-seed` the search knows the seed, which nobody else
//! does: `zero` is honest then and the others are not.

use std::time::{Duration, Instant};

use dbsp_ops::{Distinct, LinearAggregation, Operator, Sum};
use dbsp_zset::table::short_hash;
use dbsp_zset::{Batch, Delta, DeltaIndex, IndexedZSet, Overflow, Row, ZSet, hash_of};

use super::{SUITE, rate};
use crate::headline::SplitMix;
use crate::options::Options;
use crate::report::{self, DBSP, Report};

/// With `--quick` a family has one in so many of its keys.
const QUICK: usize = 10;
/// How often either kind is loaded.
const ROUNDS: usize = 5;
/// foldhash multiplies the first number of a pair by this one xor the second.
const MULTIPLIER: u64 = 0xc0ac_29b7_c97c_50dd;

/// The pairs whose hashes are all equal, and how many there are.
const ZERO: (&str, usize) = ("zero", 100_000);
/// The families that are searched: what is true of their hashes, and how many numbers there are.
const SEARCHED: [(&str, fn(&u64) -> bool, usize); 4] = [
    ("low12", |number| short_hash(number) & 0xfff == 7, 20_000),
    ("low14", |number| short_hash(number) & 0x3fff == 7, 20_000),
    ("low12_top4", |number| short_hash(number) & 0xf000_0fff == 7, 8_000),
    ("leading12", |number| place(hash_of(number)) >> 52 == 5, 20_000),
];
/// What a family is loaded into.
const LOADED: [&str; 7] =
    ["view", "distinct", "sum", "consolidate", "delta_index", "trace_keys", "trace_values"];

/// Runs the cases that were asked for.
///
/// # Errors
/// When a weight overflows, which none does.
pub(super) fn run(options: &Options, report: &mut Report) -> Result<(), Overflow> {
    let asked = |family: &str| LOADED.iter().filter(|loaded| options.wants(&case(loaded, family))).count();
    let families = [ZERO.0].into_iter().chain(SEARCHED.map(|(family, ..)| family));
    options.progress.expect(families.map(asked).sum());
    let scaled = |keys: usize| if options.quick { keys / QUICK } else { keys };
    let mut random = SplitMix::new(11);
    if asked(ZERO.0) > 0 {
        let mut number = || random.below(u64::MAX);
        let firsts: Vec<u64> = (0..scaled(ZERO.1)).map(|_| number()).collect();
        let honest = firsts.iter().map(|first| (*first, number())).collect();
        let crafted = firsts.iter().map(|first| (*first, MULTIPLIER)).collect();
        Loads { family: ZERO.0, honest, crafted, options, report }.all()?;
    }
    for (family, is_it, keys) in SEARCHED.into_iter().filter(|(family, ..)| asked(family) > 0) {
        let mut crafted = search(is_it, scaled(keys));
        let mut honest = between(crafted[0], crafted[crafted.len() - 1], crafted.len(), &mut random);
        shuffle(&mut crafted, &mut random);
        shuffle(&mut honest, &mut random);
        Loads { family, honest, crafted, options, report }.all()?;
    }
    Ok(())
}

fn case(loaded: &str, family: &str) -> String {
    format!("crafted/{loaded}/{family}")
}

/// What a trace makes of a hash, see `dbsp_zset::indexed`.
const fn place(hash: u64) -> u64 {
    (hash ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The least numbers whose hashes are of a kind.
fn search(is_it: fn(&u64) -> bool, count: usize) -> Vec<u64> {
    (0..).filter(is_it).take(count).collect()
}

/// So many different numbers, spread evenly between two.
fn between(least: u64, most: u64, count: usize, random: &mut SplitMix) -> Vec<u64> {
    let each = (most - least) / count as u64;
    (0..count as u64).map(|at| least + at * each + random.below(each)).collect()
}

fn shuffle(numbers: &mut [u64], random: &mut SplitMix) {
    for at in (1..numbers.len()).rev() {
        numbers.swap(at, random.below(at as u64 + 1) as usize);
    }
}

/// The keys of a family, as many honest ones, and where the cases are told.
struct Loads<'a, K> {
    family: &'static str,
    honest: Vec<K>,
    crafted: Vec<K>,
    options: &'a Options,
    report: &'a mut Report,
}

impl<K: Row + Copy> Loads<'_, K> {
    /// Runs each case of the family that was asked for.
    fn all(mut self) -> Result<(), Overflow> {
        self.compare(
            "view",
            |_, key| key,
            |_| ZSet::new(),
            |view, rows| {
                view.try_apply(rows)?;
                Ok(view.len())
            },
        )?;
        self.compare(
            "distinct",
            |_, key| key,
            |_| (Distinct::new(), Delta::new()),
            |(distinct, out), rows| {
                distinct.step(rows, out)?;
                distinct.commit();
                Ok(out.len())
            },
        )?;
        self.compare(
            "sum",
            |row, key| (key, row as i64),
            |_| (LinearAggregation::new(Sum(|value: &i64| *value)), Delta::new()),
            |(sums, out), rows| {
                sums.step(rows, out)?;
                sums.commit();
                Ok(out.len())
            },
        )?;
        self.compare(
            "consolidate",
            |_, key| key,
            |rows| (rows.clone(), Batch::default()),
            |(rows, batch), _| {
                *batch = std::mem::take(rows).consolidate()?;
                Ok(batch.len())
            },
        )?;
        self.compare(
            "delta_index",
            |row, key| (key, row),
            |_| DeltaIndex::new(),
            |index, rows| {
                index.build(rows);
                Ok(rows.rows().iter().map(|(key, _)| index.positions(rows, key).count()).sum())
            },
        )?;
        self.compare(
            "trace_keys",
            |row, key| (key, row),
            |_| IndexedZSet::new(),
            |trace, rows| {
                trace.try_apply(rows)?;
                Ok(trace.len())
            },
        )?;
        self.compare(
            "trace_values",
            |_, key| (1_u64, key),
            |_| IndexedZSet::new(),
            |trace, rows| {
                trace.try_apply(rows)?;
                Ok(trace.len())
            },
        )
    }

    /// Loads honest and crafted rows in turns into what `new` makes; `load` says how many rows there are then.
    fn compare<R: Row, T>(
        &mut self,
        loaded: &str,
        row: impl Fn(usize, K) -> R,
        new: impl Fn(&Delta<R>) -> T,
        load: impl Fn(&mut T, &Delta<R>) -> Result<usize, Overflow>,
    ) -> Result<(), Overflow> {
        let case = case(loaded, self.family);
        if !self.options.wants(&case) {
            return Ok(());
        }
        self.options.progress.start(SUITE, &case);
        let delta = |keys: &[K]| keys.iter().enumerate().map(|(at, key)| (row(at, *key), 1)).collect();
        let (honest, crafted) = (delta(&self.honest), delta(&self.crafted));
        let (mut honest_times, mut crafted_times) = (Vec::new(), Vec::new());
        let mut rows = Vec::new();
        for _ in 0..ROUNDS {
            for (delta, times) in [(&honest, &mut honest_times), (&crafted, &mut crafted_times)] {
                let mut target = new(delta);
                let start = Instant::now();
                let there = load(&mut target, delta)?;
                times.push(start.elapsed());
                rows.push(there);
            }
        }
        let is_right = rows.iter().all(|rows| *rows == honest.len());
        if !is_right {
            self.report.fail(format!("{SUITE} {case}: {rows:?} rows where there are {}", honest.len()));
        }
        let p50_us = median_us(crafted_times);
        self.report.add_case(vec![report::Row {
            batch: Some(crafted.len() as u64),
            p50_us: Some(p50_us),
            honest_us: Some(median_us(honest_times)),
            events_per_s: rate(crafted.len(), p50_us * 1e3),
            verified: Some(is_right),
            ..report::Row::new(SUITE, case, DBSP)
        }]);
        self.options.progress.done();
        Ok(())
    }
}

/// The median of an odd number of times, in microseconds.
fn median_us(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_alike_as_its_name_says() {
        #[cfg(not(feature = "secret-seed"))]
        assert_eq!([1, 2].map(|first: u64| hash_of(&(first, MULTIPLIER))), [0, 0]);
        assert!(
            search(|number| short_hash(number) & 0xf00f == 7, 9).iter().all(|n| hash_of(n) % (1 << 32) != 0)
        );
    }

    #[test]
    fn honest_numbers_differ_and_lie_between_the_bounds() {
        let mut random = SplitMix::new(1);
        let mut numbers = between(100, 1_100, 50, &mut random);
        assert!(numbers.is_sorted_by(|one, other| one < other));
        assert!(numbers[0] >= 100 && numbers[49] < 1_100);
        let ordered = numbers.clone();
        shuffle(&mut numbers, &mut random);
        assert_ne!(numbers, ordered);
        numbers.sort_unstable();
        assert_eq!(numbers, ordered);
    }

    #[test]
    fn each_case_is_verified_and_told_with_both_of_its_times() {
        let mut report = Report::default();
        let honest = (0..200_u64).collect();
        let options = Options { cases: vec!["crafted".into()], ..Options::default() };
        let loads = Loads {
            family: "low4",
            honest,
            crafted: search(|number| short_hash(number) & 0xf == 7, 200),
            options: &options,
            report: &mut report,
        };
        loads.all().unwrap();
        let cases: Vec<&str> = report.rows.iter().map(|row| row.case.as_str()).collect();
        assert_eq!(cases, LOADED.map(|loaded| case(loaded, "low4")));
        assert!(report.rows.iter().all(|row| row.verified == Some(true) && row.over_honest().is_some()));
        assert_eq!(report.failures.len(), 0);
    }

    #[test]
    fn a_case_that_was_not_asked_for_is_not_run() {
        let options = Options { cases: vec!["crafted/sum/zero".into()], quick: true, ..Options::default() };
        let mut report = Report::default();
        run(&options, &mut report).unwrap();
        assert_eq!(report.rows.len(), 1);
        assert_eq!((report.rows[0].case.as_str(), report.rows[0].batch), ("crafted/sum/zero", Some(10_000)));
    }
}
