//! The same changes, split into steps in another way: an incremental circuit must not see the difference.

use super::{Changes, Steps};

/// A way to cut a stream of changes into steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Split {
    /// As the stream came.
    AsGiven,
    /// All changes in one step.
    AtOnce,
    /// A step for each change.
    OneByOne,
    /// As the stream came, each change with one more insertion and deletion of its row.
    Restated,
    /// As the stream came, each step last change first, with an empty step after each.
    Backwards,
}

impl Split {
    /// The ways that keep the changes in order, so that a well-formed stream stays well-formed.
    pub const IN_ORDER: [Self; 4] = [Self::AsGiven, Self::AtOnce, Self::OneByOne, Self::Restated];

    /// All ways, the stream as it came first.
    pub const ALL: [Self; 5] = [Self::AsGiven, Self::AtOnce, Self::OneByOne, Self::Restated, Self::Backwards];
}

impl std::fmt::Display for Split {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::AsGiven => "as given",
            Self::AtOnce => "all changes in one step",
            Self::OneByOne => "one change a step",
            Self::Restated => "each row inserted and deleted once more beside its change",
            Self::Backwards => "changes of a step backwards, an empty step after each",
        })
    }
}

/// The changes of `steps`, in steps as `split` says. The sum over all steps stays the same.
///
/// ```
/// use dbsp_testkit::strategy::{Split, resplit};
///
/// let steps = vec![vec![('a', 1), ('b', 2)], vec![('a', -1)]];
/// assert_eq!(resplit(&steps, Split::AtOnce), [[('a', 1), ('b', 2), ('a', -1)]]);
/// assert_eq!(resplit(&steps, Split::OneByOne), [[('a', 1)], [('b', 2)], [('a', -1)]]);
/// ```
#[must_use]
pub fn resplit<R: Clone>(steps: &[Changes<R>], split: Split) -> Steps<R> {
    match split {
        Split::AsGiven => steps.to_vec(),
        Split::AtOnce => vec![steps.concat()],
        Split::OneByOne => steps.iter().flatten().map(|change| vec![change.clone()]).collect(),
        Split::Restated => steps.iter().map(|step| step.iter().flat_map(restated).collect()).collect(),
        Split::Backwards => {
            steps.iter().flat_map(|step| [step.iter().rev().cloned().collect(), vec![]]).collect()
        }
    }
}

fn restated<R: Clone>((row, weight): &(R, i64)) -> [(R, i64); 3] {
    [(row.clone(), 1), (row.clone(), *weight), (row.clone(), -1)]
}
