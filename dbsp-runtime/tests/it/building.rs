//! Building a circuit takes time in proportion to its operators.

use std::time::{Duration, Instant};

use dbsp_runtime::Circuit;

/// The least time of a few builds of a circuit with so many operators, each with a name and a loop for every tenth.
fn least_time(operators: usize) -> Duration {
    let build = || {
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
    };
    (0..3).map(|_| build()).min().expect("three builds")
}

#[test]
fn building_eight_times_as_many_operators_takes_about_eight_times_as_long() {
    let (few, many) = (least_time(5_000), least_time(40_000));
    // A search for each operator made it 64 times; growing tables and caches make it more than 8.
    assert!(many < 24 * few, "{few:?} for 5,000 operators, {many:?} for 40,000");
}
