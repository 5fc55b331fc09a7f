//! Every operator beside plain maps: over rows whose methods panic, and over rows of every size.
//!
//! The model shares no code with the oracles of the testkit.

mod cases;
mod cell;
mod faults;
mod fuse;
mod inputs;
mod run;
mod sizes;
