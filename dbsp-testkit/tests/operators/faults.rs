//! Panics that are injected into every method of a row, a monoid and an aggregate, in every operator: each ends with
//! everything as before the step, or with a circuit that says that it is poisoned. Never with a wrong result, with a
//! circuit that fails ever after, or with a panic that gets out of a step.
//!
//! `DBSP_LONG=1` tries every call number up to the hundredth, and further ones in smaller paces.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::panic::{AssertUnwindSafe, catch_unwind};

use dbsp_runtime::{Error, Recovery};

use crate::cases::{Bag, Case, cases};
use crate::cell::Cell;
use crate::fuse::{self, Fused, Site};
use crate::run::{Changes, Lost, Run};

/// How an injection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The fuse was never spent.
    Unspent,
    TakenBack,
    Poisoned,
    Lost(Lost),
}

impl From<Lost> for End {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

#[derive(Default)]
struct Tally {
    taken_back: usize,
    poisoned: usize,
    escaped: usize,
    wrong: usize,
    wedged: usize,
    /// What was lost: how often, and the first call number.
    lost: BTreeMap<String, (usize, u64)>,
}

impl Tally {
    fn count(&mut self, end: End, what: &str, calls: u64) {
        match end {
            End::Unspent => return,
            End::TakenBack => self.taken_back += 1,
            End::Poisoned => self.poisoned += 1,
            End::Lost(Lost::Escaped) => self.escaped += 1,
            End::Lost(Lost::Wrong) => self.wrong += 1,
            End::Lost(Lost::Wedged) => self.wedged += 1,
        }
        if !matches!(end, End::TakenBack | End::Poisoned) {
            self.lost.entry(format!("{end:?}: {what}")).or_insert((0, calls)).0 += 1;
        }
    }

    #[expect(clippy::print_stdout, reason = "a test says how much it tried")]
    fn assert_none_got_out(&self) {
        println!("{self}");
        assert!(self.taken_back > 0, "no injection was taken back");
        assert_eq!(self.escaped + self.wrong + self.wedged, 0, "{self}\n{:#?}", self.lost);
    }
}

impl Display for Tally {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { taken_back, poisoned, escaped, wrong, wedged, .. } = self;
        let all = taken_back + poisoned + escaped + wrong + wedged;
        write!(f, "{all} injections: {taken_back} taken back, {poisoned} poisoned; ")?;
        write!(f, "{escaped} escaped, {wrong} wrong, {wedged} wedged")
    }
}

/// The steps of every test: a load with a large group, few changes, many changes, a mass retraction, and rows that come back.
fn steps() -> Vec<Changes> {
    let load = |shift: i64| {
        let small = (0..20).map(move |n| ((n % 6, n * 3 + shift), n % 3 + 1));
        small.chain((0..45).map(move |n| ((0, (n * 7 + shift) % 64), 1))).collect::<Vec<_>>()
    };
    let (left, right) = (load(0), load(11));
    let gone =
        |rows: &[((i64, i64), i64)]| rows.iter().skip(4).map(|(row, w)| (*row, -w)).collect::<Vec<_>>();
    let few = vec![((5, 15), 1), ((9, 5), 2), ((0, 7), 1)];
    let many: Vec<_> = (0..24).map(|n| ((n % 11, n * 5 % 23), if n % 4 == 0 { -1 } else { 1 })).collect();
    let back = vec![((0, 14), 1), ((2, 6), 1), ((0, 14), -1), ((5, 1), 3), ((9, 5), -2), ((10, 2), -1)];
    vec![
        [left.clone(), right.clone()],
        [few.clone(), vec![((9, 5), 1), ((0, 11), -1)]],
        [many.clone(), many.iter().map(|(row, w)| ((row.0, row.1 + 1), -w)).collect()],
        [gone(&left), gone(&right)],
        [back.clone(), few],
        [load(3), back],
    ]
}

/// What is done after the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Retry,
    DiscardAndFeedAgain,
    DiscardAndGoOn,
}

/// Takes a step in which a call panics; ends the run unless the step was taken back.
fn fail<C: Cell>(run: &mut Run<'_, C>, site: Site, calls: u64, changes: &Changes) -> Result<(), End> {
    fuse::arm(site, calls);
    let outcome = catch_unwind(AssertUnwindSafe(|| run.built.circuit.step()));
    let is_spent = fuse::disarm();
    match outcome {
        Err(_) => Err(Lost::Escaped.into()),
        Ok(Ok(())) if !is_spent => Err(End::Unspent),
        Ok(Err(Error::Poisoned { .. })) => {
            let again = catch_unwind(AssertUnwindSafe(|| run.built.circuit.step()));
            let is_refused = matches!(again, Ok(Err(Error::Poisoned { .. })));
            Err(if is_refused { End::Poisoned } else { Lost::Escaped.into() })
        }
        Ok(Err(Error::Panicked { .. })) => {
            let is_as_before = run.built.held() == run.before && run.built.delta() == Some(Bag::new());
            if is_as_before && run.built.pending() == *changes { Ok(()) } else { Err(Lost::Wrong.into()) }
        }
        Ok(_) => Err(Lost::Wrong.into()),
    }
}

/// Goes on after a fault.
fn recover<C: Cell>(run: &mut Run<'_, C>, after: After, changes: &Changes) -> Result<(), Lost> {
    let recovery = if after == After::Retry { Recovery::Retry } else { Recovery::Discard };
    run.built.circuit.recover(recovery).map_err(|_| Lost::Wedged)?;
    if after == After::Retry {
        return run.step(changes);
    }
    if run.built.pending().iter().any(|rows| !rows.is_empty()) {
        return Err(Lost::Wrong);
    }
    if after == After::DiscardAndGoOn {
        return Ok(());
    }
    run.feed(changes);
    run.step(changes)
}

/// Lets a call panic in step number `at`, and follows the circuit to the end of all steps.
fn inject<C: Cell>(case: &Case<C>, at: usize, site: Site, calls: u64, after: After) -> Result<(), End> {
    let mut run = Run::new(case);
    for (i, changes) in steps().iter().enumerate() {
        run.feed(changes);
        if i == at {
            fail(&mut run, site, calls, changes)?;
            recover(&mut run, after, changes)?;
        } else {
            run.step(changes)?;
        }
    }
    Ok(run.drain()?)
}

/// Call numbers, until `is_spent` says that there were not so many calls.
fn each_call(mut is_spent: impl FnMut(u64) -> bool) {
    let is_long = std::env::var_os("DBSP_LONG").is_some();
    let (dense, pace) = if is_long { (100, 16) } else { (3, 1) };
    let mut calls = 1;
    while is_spent(calls) {
        calls += if calls < dense { 1 } else { 1 + calls / pace };
    }
}

/// Injects into every operator and every site, in some of the steps.
fn sweep<C: Cell>(steps: &[usize]) {
    let mut tally = Tally::default();
    for case in cases::<C>() {
        for at in steps.iter().copied() {
            for site in Site::ALL {
                each_call(|calls| {
                    let after = [After::Retry, After::DiscardAndFeedAgain, After::DiscardAndGoOn];
                    let after = after[calls as usize % 3];
                    let mut end = inject(&case, at, site, calls, after).err().unwrap_or(End::TakenBack);
                    if end == End::Poisoned && !site.is_of_rows() {
                        // No state depends on what closures and monoids do.
                        end = Lost::Wedged.into();
                    }
                    tally.count(end, &format!("{} {site:?} {after:?}", case.name), calls);
                    end != End::Unspent
                });
            }
        }
    }
    tally.assert_none_got_out();
}

#[test]
fn without_faults_every_operator_agrees_with_the_model() {
    for case in cases::<Fused<0>>() {
        assert_eq!(inject(&case, usize::MAX, Site::Clone, 1, After::Retry), Ok(()), "{}", case.name);
    }
}

#[test]
fn every_injection_into_small_rows_ends_as_before_or_poisoned() {
    sweep::<Fused<0>>(&[0, 1, 2, 3]);
}

#[test]
fn every_injection_into_large_rows_ends_as_before_or_poisoned() {
    sweep::<Fused<1024>>(&[0, 2]);
}
