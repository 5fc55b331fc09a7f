//! `dbsp` under a profile: the steps of a case, warm, one after the other.

use std::vec::IntoIter;

use anyhow::Result;
use dbsp_runtime::Circuit;

use super::case::Case;
use super::engine::{Engine as _, Kind};
use super::incremental::Incremental;
use super::input;
use super::workload::{Change, Workload};
use crate::profile::{self, Running};

/// Steps before those that are looked at.
const WARM_UP: usize = 50;
/// Changes that are made at once, so that making them does not take the caches from each step.
const MADE: usize = 50;

/// A view with the changes that it takes.
struct Profiled {
    engine: Incremental,
    workload: Workload,
    changes: usize,
    made: IntoIter<Change>,
    next: Change,
}

/// The case of a name, if it is one of the headline.
pub(crate) fn profiled(name: &str) -> Option<profile::Case> {
    let case = Case::parse(name)?;
    let start = move || -> Result<Box<dyn Running>> {
        let (workload, _) = input(case, 0);
        let engine = Incremental::new(case.view, &workload, Kind::Deltas)?;
        let (made, next) = (Vec::new().into_iter(), Change::default());
        let mut profiled = Profiled { engine, workload, changes: case.changes, made, next };
        for _ in 0..WARM_UP {
            profiled.prepare();
            profiled.step()?;
        }
        Ok(Box::new(profiled))
    };
    Some(profile::Case { steps: (2_000_000 / case.changes).clamp(20, 50_000), start: Box::new(start) })
}

impl Running for Profiled {
    fn prepare(&mut self) -> bool {
        if self.made.len() == 0 {
            let made: Vec<_> = (0..MADE).map(|_| self.workload.change(self.changes)).collect();
            self.made = made.into_iter();
        }
        self.next = self.made.next().unwrap_or_default();
        true
    }

    fn step(&mut self) -> Result<()> {
        self.engine.step(&mut self.next)?;
        std::hint::black_box(self.engine.touch());
        Ok(())
    }

    fn circuit(&mut self) -> &mut Circuit {
        &mut self.engine.circuit
    }
}
