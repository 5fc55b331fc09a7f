//! A chain of any length compiles, and fast, if it is cut by `materialise` now and then.

use dbsp_runtime::Circuit;

/// Thirty stages behind a flow, and a cut.
macro_rules! thirty_stages {
    ($flow:expr) => {
        ten_stages!(ten_stages!(ten_stages!($flow))).materialise()
    };
}

macro_rules! ten_stages {
    ($flow:expr) => {
        $flow
            .map(|n| n + 1)
            .filter(|n| *n != 3)
            .map(|n| n * 3)
            .filter(|n| *n % 2 < 2)
            .map(|n| n - 2)
            .filter(|n| *n != 5)
            .map(|n| n / 3)
            .flat_map(|n| [*n])
            .map(|n| n + 1)
            .filter(|n| *n < 1_000)
    };
}

#[test]
fn a_chain_of_150_stages_compiles_when_it_is_cut() {
    let (mut circuit, (rows, last)) = Circuit::build(|b| {
        let (stream, rows) = b.input::<i64>("rows");
        let stream = thirty_stages!(stream);
        let stream = thirty_stages!(stream);
        let stream = thirty_stages!(stream);
        let stream = thirty_stages!(stream);
        let stream = thirty_stages!(stream);
        (rows, stream.view())
    })
    .expect("a sound circuit");
    circuit[rows].extend([10, 20]);
    circuit.step().expect("a sound step");
    let expected = (0..15).fold(10, |n, _| ((n + 1) * 3 - 2) / 3 + 1);
    assert_eq!((circuit[last].get(&expected), circuit[last].len()), (1, 2));
}
