//! A chain under a profile: its one-row steps, warm, one after the other.

use anyhow::Result;
use dbsp_runtime::Circuit;
use dbsp_zset::Delta;

use super::circuit::Chain;
use super::{CASES, Engine as _, Pair, Rows, WARM_UP};
use crate::profile::{self, Running};

/// Steps that are looked at.
const STEPS: usize = 100_000;

/// A chain with the changes that it takes.
struct Profiled {
    chain: Chain,
    rows: Rows,
    next: Delta<Pair>,
}

/// The case of a name, if it is one of the latency suite.
pub(crate) fn profiled(name: &str) -> Option<profile::Case> {
    let &(_, blocks) = CASES.iter().find(|(case, _)| *case == name)?;
    let start = move || -> Result<Box<dyn Running>> {
        let (mut chain, mut rows) = (Chain::new(blocks)?, Rows::new());
        rows.warm_up().try_for_each(|mut change| chain.step(&mut change))?;
        let mut profiled = Profiled { chain, rows, next: Delta::new() };
        for _ in 0..WARM_UP {
            profiled.prepare();
            profiled.step()?;
        }
        Ok(Box::new(profiled))
    };
    Some(profile::Case { steps: STEPS, start: Box::new(start) })
}

impl Running for Profiled {
    fn prepare(&mut self) -> bool {
        self.next = self.rows.change(1);
        true
    }

    fn step(&mut self) -> Result<()> {
        self.chain.step(&mut self.next)
    }

    fn circuit(&mut self) -> &mut Circuit {
        &mut self.chain.circuit
    }
}
