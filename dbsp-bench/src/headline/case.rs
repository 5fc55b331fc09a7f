//! A case of the headline, `VIEW/N/C`, and how much of it is run.

use std::fmt;

use super::engine::View;
use crate::options::Options;

/// One view over `rows` rows, of which a step changes `changes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Case {
    /// The view.
    pub(super) view: View,
    /// N: rows of the base.
    pub(super) rows: usize,
    /// C: rows that a step replaces.
    pub(super) changes: usize,
}

/// How a case is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// Turns of each engine.
    pub(super) rounds: usize,
    /// Samples that a round takes of an incremental engine.
    pub(super) samples: usize,
    /// Steps timed as one sample, where a step is too short for the clock.
    pub(super) group: usize,
    /// Samples that a round takes of a recomputation, whose steps are all alike: at most `samples`.
    pub(super) whole_samples: usize,
}

/// Base sizes and changes of the full run: the sweep over the change ratio, then the other sizes.
const SIZES: [(usize, usize); 10] = [
    (50_000, 1),
    (50_000, 10),
    (50_000, 100),
    (50_000, 1_000),
    (50_000, 5_000),
    (50_000, 25_000),
    (50_000, 50_000),
    (1_000, 20),
    (10_000, 200),
    (1_000_000, 1_000),
];

/// The sizes of `--quick`.
const QUICK: [(usize, usize); 3] = [(50_000, 1), (50_000, 1_000), (50_000, 50_000)];

impl Case {
    /// The cases that were asked for: the standard ones by their names, or by `--events` and `--batch`.
    ///
    /// A full name that is not among the standard ones (`join/20000/50`) is a case too.
    #[must_use]
    pub(super) fn asked(options: &Options) -> Vec<Self> {
        let sizes: Vec<(usize, usize)> = match (options.events, options.batch) {
            (None, None) if options.quick => QUICK.to_vec(),
            (None, None) => SIZES.to_vec(),
            (rows, changes) => {
                let rows = rows.unwrap_or(50_000);
                vec![(rows, changes.unwrap_or_else(|| (rows / 50).max(1)).min(rows))]
            }
        };
        let standard = View::ALL
            .into_iter()
            .flat_map(|view| sizes.iter().map(move |&(rows, changes)| Self { view, rows, changes }));
        let mut cases: Vec<Self> = standard.filter(|case| options.wants(&case.to_string())).collect();
        for case in options.cases.iter().filter_map(|name| Self::parse(name)) {
            if !cases.contains(&case) {
                cases.push(case);
            }
        }
        cases
    }

    /// The case of a full name.
    #[must_use]
    pub(super) fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('/');
        let view = parts.next()?;
        let view = View::ALL.into_iter().find(|known| known.name() == view)?;
        let mut size = || parts.next()?.parse::<usize>().ok().filter(|&size| size > 0);
        let (rows, changes) = (size()?, size()?);
        (parts.next().is_none() && changes <= rows).then_some(Self { view, rows, changes })
    }

    /// Whether the view has a join.
    #[must_use]
    pub(super) fn joins(&self) -> bool {
        matches!(self.view, View::Join | View::All)
    }

    /// Whether the memory of its engines is measured too, each in a process of its own.
    #[must_use]
    pub(super) fn is_weighed(&self) -> bool {
        [(50_000, 1_000), (1_000_000, 1_000)].contains(&(self.rows, self.changes))
    }

    /// How the case is timed.
    #[must_use]
    pub(super) fn plan(&self, quick: bool) -> Plan {
        let (mut samples, group) = match self.changes {
            0..=4 => (20, 32),
            5..=40 => (20, 16),
            41..=400 => (20, 4),
            401..=10_000 => (20, 1),
            _ => (6, 1),
        };
        let mut whole_samples = if self.rows <= 100_000 { 10 } else { 2 };
        let mut rounds = 8;
        if quick {
            (rounds, samples, whole_samples) = (5, samples / 2, whole_samples / 2);
        }
        Plan { rounds, samples, group, whole_samples: whole_samples.clamp(1, samples) }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.view.name(), self.rows, self.changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(cases: &[&str]) -> Vec<String> {
        let cases = cases.iter().map(|&case| case.to_owned()).collect();
        Case::asked(&Options { cases, ..Options::default() }).iter().map(Case::to_string).collect()
    }

    #[test]
    fn names_and_cases_agree() {
        assert_eq!(asked(&[]).len(), 40);
        assert_eq!(asked(&["join/50000"]).len(), 7);
        assert_eq!(asked(&["group_by/50000/1000"]), ["group_by/50000/1000"]);
        assert_eq!(asked(&["group_by/300/7"]), ["group_by/300/7"]);
        for unknown in ["group_by/7/300", "group_by/7", "sort/50000/1", "join/0/0", "join/50000/10/1"] {
            assert_eq!(asked(&[unknown]).len(), 0, "{unknown}");
        }
    }

    #[test]
    fn sizes_replace_the_standard_ones() {
        let options = Options { events: Some(200), ..Options::default() };
        let names: Vec<String> = Case::asked(&options).iter().map(Case::to_string).collect();
        assert_eq!(names, ["filter_map/200/4", "group_by/200/4", "join/200/4", "all/200/4"]);
    }
}
