//! Aggregates of the groups of a keyed stream.
//!
//! [`linear`]: what can be kept by adding and subtracting: count, sum, average; a constant amount of
//! state for each group. [`ordered`]: what needs the rows of the group: minimum, maximum, a fold by
//! any monoid; the rows stand in a tree, and a change costs its depth.

pub mod linear;
pub mod ordered;
pub mod wide_sum;
