//! The queries as circuits: one query, one file.
//!
//! Each names its SQL, which is that of Flink (`nexmark/nexmark`,
//! `nexmark-flink/src/main/resources/queries/`) and of RisingWave (`risingwavelabs/risingwave`,
//! `e2e_test/streaming/nexmark/views/`); columns are those of RisingWave, for which official results
//! exist. Formulas are in relational algebra over Z-sets; Δ stands for the change of a step, and an
//! upper-case table name for the whole table.

pub mod q0;
pub mod q1;
pub mod q2;
pub mod q3;
pub mod q4;
pub mod q5;
pub mod q7;
pub mod q8;
pub mod q9;

/// Length of the windows of q5, q7 and q8, in ms.
const WINDOW: i64 = 10_000;

/// Start of the tumbling window that holds `time`; windows are aligned to 1970.
const fn window_start(time: i64) -> i64 {
    time - time.rem_euclid(WINDOW)
}
