//! Every engine has the same answer on small tables, and a wrong one is caught.

use super::case::Case;
use super::engine::{Engine, Kind, Outcome, View};
use super::workload::{Change, Workload};
use super::{ENGINES, Entrant, naive, turns};

#[test]
fn all_engines_agree_on_small_tables() {
    for view in View::ALL {
        for (rows, changes) in [(1, 1), (50, 3), (300, 300), (2_000, 50)] {
            let case = Case { view, rows, changes };
            let rows = turns::run(case, &ENGINES, true).unwrap().rows;
            assert_eq!(rows.len(), ENGINES.len());
            for row in rows {
                assert_eq!(row.verified, Some(true), "{case} {}", row.engine);
                assert!(row.p50_us.is_some());
            }
        }
    }
}

/// Loses every change of row 7.
struct Forgetful(naive::Naive);

impl Engine for Forgetful {
    fn step(&mut self, change: &mut Change) -> anyhow::Result<()> {
        change.new.retain(|row| row.0 != 7);
        self.0.step(change)
    }

    fn follow(&mut self, change: &mut Change) -> anyhow::Result<()> {
        change.new.retain(|row| row.0 != 7);
        self.0.follow(change)
    }

    fn touch(&self) -> i64 {
        self.0.touch()
    }

    fn read(&self, outcome: &mut Outcome) {
        self.0.read(outcome);
    }

    fn kind(&self) -> Kind {
        Kind::Recomputes
    }
}

#[test]
fn a_wrong_engine_is_caught_and_its_rows_are_shown() {
    let case = Case { view: View::Join, rows: 20, changes: 20 };
    let mut engines = ENGINES.to_vec();
    engines.push(Entrant::here("forgetful", |view, workload: &Workload| {
        Ok(Box::new(Forgetful(naive::Naive::new(view, workload))))
    }));
    let error = turns::run(case, &engines, true).err().unwrap().to_string();
    assert!(error.contains("after round 0"), "{error}");
    assert!(error.contains("\n  [7, "), "{error}");
    assert!(error.contains("weight 1 in naive, 0 in forgetful"), "{error}");
}
