//! Aggregates of the groups of a keyed stream.
//!
//! [`linear`]: what can be kept by adding and subtracting; a constant amount of state for each group. [`sum`] has counts
//! and sums, [`fraction`] averages, [`several`] tuples of them. [`ordered`]: what needs the rows of the group: minimum, maximum, a fold by
//! any monoid; the rows stand in a tree, and a change costs its depth. [`arg_max`]: the rows of a group
//! that have its greatest rank, from such a tree too.

pub mod arg_max;
pub mod fraction;
mod late;
pub mod linear;
pub mod ordered;
mod ordered_groups;
pub mod several;
pub mod sum;
pub mod wide_sum;
