//! A model of the engine in plain maps, and random steps that both take, over rows of all kinds.
//!
//! It shares no code with the testkit's oracles, nor with the engine. After every step each view has to hold what the model
//! says, whatever the rows are: values without a size, of 4 KiB, texts, rows whose hashes are all alike. A step fails exactly
//! where a result has no value. A panic in a closure or in a row's own code leaves the circuit as before, or poisoned.
//!
//! `DBSP_MODEL_STEPS` sets how many steps each test takes, over all kinds of rows together (3,000), `DBSP_MODEL_SEED` from which seed (0).

mod circuit;
mod maps;
mod random;
mod rows;

use std::panic;

use circuit::Engine;
use dbsp_runtime::{Error, Recovery};
use maps::Inputs;
use random::Random;
use rows::{Block, Constant, Fused, Kind, blow_after, defuse};

fn from_environment(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}"))
}

/// How the weights of a run are chosen.
#[derive(Clone, Copy, PartialEq)]
enum Weights {
    Small,
    Extreme,
}

/// How steps of a run are made to fail.
#[derive(Clone, Copy, PartialEq)]
enum Faults {
    None,
    /// A closure panics.
    Closures,
    /// A closure, or `Clone`, `Eq`, `Ord` or `Hash` of a row panics.
    Rows,
}

/// What happened in a run.
#[derive(Debug, Default)]
struct Tally {
    steps: u64,
    refused: u64,
    taken_back: u64,
    poisoned: u64,
}

/// Takes random steps over keys and values of two kinds.
fn run<K: Kind, V: Kind>(weights: Weights, faults: Faults, seed: u64, tally: &mut Tally) {
    let steps = from_environment("DBSP_MODEL_STEPS", 3_000) / 10;
    let mut random = Random::new(seed ^ from_environment("DBSP_MODEL_SEED", 0).wrapping_mul(0x9e37_79b9));
    let (mut engine, mut inputs) = (Engine::<K, V>::new(), Inputs::default());
    let mut results = inputs.results().expect("nothing overflows nothing");
    for step in 0..steps {
        let context = || {
            let (key, value) = (std::any::type_name::<K>(), std::any::type_name::<V>());
            format!("step {step} over ({key}, {value}), seed {seed}")
        };
        tally.steps += 1;
        let changes = random.changes(weights == Weights::Extreme);
        engine.feed(&changes);
        let next = inputs.after(&changes);
        let expected = next.results();
        match faults {
            Faults::None => {}
            Faults::Closures => blow_after(random.below(40), false),
            Faults::Rows => blow_after(random.below(200), true),
        }
        let outcome = engine.step();
        defuse();
        match (outcome, expected) {
            (Ok(()), Some(expected)) => {
                engine.assert_holds(&expected, &context());
                (inputs, results) = (next, expected);
            }
            (Ok(()), None) => panic!("a result has no value, and the step gave one: {}", context()),
            (Err(Error::Poisoned { .. }), _) if faults == Faults::Rows => {
                tally.poisoned += 1;
                assert!(matches!(engine.step(), Err(Error::Poisoned { .. })), "{}", context());
                engine = Engine::holding(&inputs);
            }
            (Err(Error::Panicked { .. }), expected) if faults != Faults::None => {
                tally.taken_back += 1;
                engine.assert_holds(&results, &context());
                engine.recover(Recovery::Retry);
                match (engine.step(), expected) {
                    (Ok(()), Some(expected)) => {
                        engine.assert_holds(&expected, &context());
                        (inputs, results) = (next, expected);
                    }
                    (Err(Error::WeightOverflow { .. }), None) => engine.recover(Recovery::Discard),
                    (outcome, _) => panic!("after a fault {outcome:?}: {}", context()),
                }
            }
            (Err(Error::WeightOverflow { .. }), None) => {
                tally.refused += 1;
                engine.assert_holds(&results, &context());
                engine.recover(Recovery::Discard);
            }
            (Err(error), _) => panic!("{error}: {}", context()),
        }
    }
}

/// All pairs of kinds that a test goes through.
fn all_kinds(weights: Weights, faults: Faults) -> Tally {
    let mut tally = Tally::default();
    run::<u64, u64>(weights, faults, 1, &mut tally);
    run::<(), u64>(weights, faults, 2, &mut tally);
    run::<u64, ()>(weights, faults, 3, &mut tally);
    run::<(), ()>(weights, faults, 4, &mut tally);
    run::<String, u8>(weights, faults, 5, &mut tally);
    run::<u8, String>(weights, faults, 6, &mut tally);
    run::<Constant, Constant>(weights, faults, 7, &mut tally);
    run::<Block, u64>(weights, faults, 8, &mut tally);
    run::<[u8; 0], Block>(weights, faults, 9, &mut tally);
    run::<Fused, Fused>(weights, faults, 10, &mut tally);
    tally
}

/// Panics are part of these tests, and say nothing.
fn without_messages<T>(work: impl FnOnce() -> T) -> T {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<rows::Blown>() {
            hook(info);
        }
    }));
    let outcome = work();
    drop(panic::take_hook());
    outcome
}

#[test]
fn views_of_rows_of_all_kinds_hold_what_plain_maps_hold() {
    let tally = all_kinds(Weights::Small, Faults::None);
    println!("{tally:?}");
}

#[test]
fn a_step_fails_exactly_where_a_result_has_no_value() {
    let tally = all_kinds(Weights::Extreme, Faults::None);
    println!("{tally:?}");
    assert!(tally.refused * 20 > tally.steps && tally.refused * 20 < tally.steps * 19, "{tally:?}");
}

#[test]
fn a_panic_leaves_everything_as_before_or_poisoned() {
    let (closures, rows) = without_messages(|| {
        (all_kinds(Weights::Small, Faults::Closures), all_kinds(Weights::Extreme, Faults::Rows))
    });
    println!("{closures:?} {rows:?}");
    assert!(closures.taken_back * 10 > closures.steps && closures.poisoned == 0, "{closures:?}");
    assert!(rows.taken_back > rows.poisoned, "{rows:?}");
}
