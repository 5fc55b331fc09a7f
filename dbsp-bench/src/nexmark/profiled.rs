//! A query under a profile: the steps of a stream, after the first tenth of them.

use std::rc::Rc;

use anyhow::Result;
use dbsp_runtime::Circuit;

use super::changes::Changes;
use super::query::{Engine as _, Query, Running};
use super::{CASES, Size, generate};
use crate::options::{Options, Suite};
use crate::profile;

/// A query with the steps that are left.
struct Profiled<Q: Query> {
    running: Running<Q>,
    steps: Rc<[Changes]>,
    next: usize,
}

/// The case of a name, if it is one of the queries, over so many events.
pub(crate) fn profiled(name: &str, events: Option<usize>) -> Option<profile::Case> {
    let case = CASES.iter().find(|case| case.name == name)?;
    let size = Size::of(&Options { suite: Some(Suite::Nexmark), events, ..Options::default() });
    let steps: Rc<[Changes]> = generate(size.events, size.batch).into();
    Some(profile::Case { steps: steps.len(), start: Box::new(move || (case.start)(&steps)) })
}

/// A query over these steps, of which it has taken the first tenth.
pub(super) fn start<Q: Query>(steps: &Rc<[Changes]>) -> Result<Box<dyn profile::Running>> {
    let mut profiled = Profiled { running: Running::<Q>::new()?, steps: Rc::clone(steps), next: 0 };
    for _ in 0..steps.len() / 10 {
        profile::Running::prepare(&mut profiled);
        profile::Running::step(&mut profiled)?;
    }
    Ok(Box::new(profiled))
}

impl<Q: Query> profile::Running for Profiled<Q> {
    fn prepare(&mut self) -> bool {
        let step = self.steps.get(self.next);
        self.next += 1;
        step.map(|step| self.running.prepare(step)).is_some()
    }

    fn step(&mut self) -> Result<()> {
        self.running.step_prepared()?;
        std::hint::black_box(self.running.touch());
        Ok(())
    }

    fn circuit(&mut self) -> &mut Circuit {
        self.running.circuit()
    }
}
