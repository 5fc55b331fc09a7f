//! The memory that an engine's state takes, measured in a process of its own: as in `nexmark::memory`, the
//! binary runs itself anew for each engine (`child-headline ENGINE CASE`).
//!
//! # Shape
//! The child makes the rows, all changes, and a load that it drops again; notes what is resident; makes the
//! engine, loads it, takes the changes; and answers with one line of JSON. A remote engine is such a process
//! already: it says itself what it held, interpreter included.

use std::io::Write as _;

use anyhow::{Context as _, Result};

use super::case::Case;
use super::{Entrant, Start, input};
use crate::footprint::{self, Memory};
use crate::peers::Peers;
use crate::report::{Report, Row};

/// The first argument by which the binary is told to be a child process of this suite: see [`child`].
pub const CHILD: &str = "child-headline";

/// Steps after the load.
const STEPS: usize = 50;

/// Has each engine of `case` weighed, and writes what it held into its row.
pub(super) fn weigh(case: Case, entrants: &[Entrant], rows: &mut [Row], report: &mut Report) {
    for row in rows {
        let Some(entrant) = entrants.iter().find(|entrant| entrant.name == row.engine) else { continue };
        let memory = match entrant.start {
            Start::Here(_) => footprint::of_child(&[CHILD, entrant.name, &case.to_string()]),
            Start::Away(make) => away(case, make),
        };
        match memory {
            Ok(memory) => (row.peak_rss_bytes, row.added_rss_bytes) = (memory.peak, memory.added()),
            Err(error) => {
                report.note(format!("headline {case} {}: memory was not measured: {error:#}", row.engine));
            }
        }
    }
}

/// Runs one engine as a child process: `arguments` are its name and the case; one line of JSON on the standard
/// output says what it made of the memory.
///
/// # Errors
/// When the arguments are not of that form, or the engine faults.
pub fn child(mut arguments: impl Iterator<Item = String>, peers: &Peers) -> Result<()> {
    let mut argument = |name: &str| arguments.next().with_context(|| format!("{CHILD}: {name} is missing"));
    let (engine, case) = (argument("the engine")?, argument("the case")?);
    let case = Case::parse(&case).with_context(|| format!("{CHILD}: there is no case {case}"))?;
    let make = Entrant::make(case, &engine, peers)?;

    let (workload, mut changes) = input(case, STEPS);
    let memory = footprint::around(|| {
        let mut engine = make(case.view, &workload)?;
        for change in &mut changes {
            engine.prepare(std::slice::from_ref(change))?;
            engine.step(change)?;
            std::hint::black_box(engine.touch());
        }
        Ok(())
    })?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&memory)?)?;
    Ok(())
}

/// The memory of a remote engine.
fn away(case: Case, make: super::MakeRemote) -> Result<Memory> {
    let (workload, changes) = input(case, STEPS);
    let mut remote = make(case.view, &workload)?;
    remote.turn(&changes, &[])?;
    Ok(Memory { before: None, peak: remote.quit()? })
}
