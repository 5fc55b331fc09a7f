//! The testkit through whole circuits: the traps by name, the checker itself, steps, and keyed inputs.

mod checker;
mod overflow;
mod time;
mod traps;
mod upserts;
