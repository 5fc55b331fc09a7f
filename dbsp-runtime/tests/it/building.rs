//! Building a circuit takes time in proportion to its operators.

use std::time::{Duration, Instant};

use dbsp_runtime::Circuit;

/// The time of building a circuit with so many operators, each with a name and a loop for every tenth.
fn time_of(operators: usize) -> Duration {
    let start = Instant::now();
    let built = Circuit::build(|b| {
        let (rows, input) = b.input::<u64>("rows");
        for n in 0..operators / 2 {
            let image = rows.map(move |row| row + n as u64).materialise().named("image");
            if n % 10 == 0 {
                let (_, feedback) = b.feedback::<u64>("loop");
                feedback.connect(image);
            } else {
                let _ = image.neg().named("negated");
            }
        }
        input
    });
    let time = start.elapsed();
    built.expect("a sound circuit");
    time
}

#[test]
fn building_eight_times_as_many_operators_takes_about_eight_times_as_long() {
    // A search for each operator makes it 64 times; tables that grow and caches make it more than 8. Other work on the
    // machine may disturb a measurement, but not all of them.
    let measured: Vec<_> = (0..8).map(|_| (time_of(5_000), time_of(40_000))).collect();
    assert!(measured.iter().any(|(few, many)| *many < 24 * *few), "{measured:?}");
}
