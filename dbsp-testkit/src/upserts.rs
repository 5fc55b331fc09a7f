//! Keyed inputs against a plain table: what insert, update, upsert and delete must do.
//!
//! Strict: an insertion of a key that is there and an update or deletion of one that is not are errors, and
//! leave all as it was. Lenient: insertion, update and upsert all set the value, and deleting what is not
//! there does nothing. Reporting: what a strict input refuses is left out without an error. A command sees the commands before it in the same step.
//!
//! ```
//! use dbsp_runtime::Strictness;
//! use dbsp_testkit::strategy::Command::{Delete, Insert, Upsert};
//! use dbsp_testkit::upserts::check_commands;
//!
//! let steps = [vec![Insert('a', 1), Upsert('a', 2)], vec![Insert('a', 3), Delete('b')]];
//! assert!(check_commands(Strictness::Strict, &steps).is_ok());
//! assert!(check_commands(Strictness::Lenient, &steps).is_ok());
//! assert!(check_commands(Strictness::Report, &steps).is_ok());
//! ```

use std::collections::BTreeMap;
use std::fmt::Debug;

use dbsp_runtime::{Circuit, Error, KeyedView, Row, Strictness, Upsert};

use crate::check::{Checked, Counterexample, Disagreement, Observed};
use crate::oracle::{Bag, add};
use crate::strategy::{Command, Split};

/// Runs commands in steps through a keyed input and its view, and through a [`BTreeMap`].
///
/// # Errors
/// The first step after which view, deltas or refusals differ.
pub fn check_commands<K, V>(
    strictness: Strictness,
    steps: &[Vec<Command<K, V>>],
) -> Checked<Vec<Command<K, V>>, (K, V)>
where
    K: Row + Debug,
    V: Row + Debug,
{
    let (mut circuit, (input, view)) = Circuit::build(|builder| {
        let (rows, input) = builder.upsert_input::<K, V>("table", strictness);
        (input, rows.view())
    })
    .expect("an input with a view is a circuit");
    let (mut table, mut deltas) = (BTreeMap::new(), Bag::new());
    for (place, commands) in steps.iter().enumerate() {
        let outcome = try_step(&mut circuit, (input, view), commands, strictness, &mut table, &mut deltas);
        if let Err(disagreement) = outcome {
            let steps = steps[..=place].to_vec();
            return Err(Box::new(Counterexample { steps, split: Split::AsGiven, disagreement }));
        }
    }
    Ok(())
}

fn try_step<K, V>(
    circuit: &mut Circuit,
    (input, view): (Upsert<K, V>, KeyedView<K, V>),
    commands: &[Command<K, V>],
    strictness: Strictness,
    table: &mut BTreeMap<K, V>,
    deltas: &mut Bag<(K, V)>,
) -> Result<(), Disagreement<(K, V)>>
where
    K: Row + Debug,
    V: Row + Debug,
{
    for command in commands {
        let is_refused = send(circuit, input, command.clone()).is_err();
        let expected = strictness == Strictness::Strict && is_wrong(table, command);
        if is_refused != expected {
            let message = format!("{command:?} refused: {is_refused}, expected: {expected}");
            return Err(Disagreement::Fault(message));
        }
        // A lenient input takes everything; the others leave out what is wrong.
        if strictness == Strictness::Lenient || !is_wrong(table, command) {
            set(table, command.clone());
        }
    }
    circuit.step().map_err(|error| Disagreement::Fault(error.to_string()))?;
    for (row, weight) in view.changed(circuit) {
        add(deltas, row, weight);
    }
    let expected: Bag<(K, V)> = table.clone().into_iter().map(|row| (row, 1)).collect();
    let got = view.held(circuit);
    if got != expected {
        return Err(Disagreement::View { expected, got });
    }
    if *deltas != expected {
        return Err(Disagreement::Deltas { expected, got: deltas.clone() });
    }
    Ok(())
}

fn send<K, V>(circuit: &mut Circuit, input: Upsert<K, V>, command: Command<K, V>) -> Result<(), Error>
where
    K: Row + Debug,
    V: Row,
{
    match command {
        Command::Insert(key, value) => circuit[input].insert(key, value),
        Command::Update(key, value) => circuit[input].update(key, value),
        Command::Upsert(key, value) => {
            circuit[input].upsert(key, value);
            Ok(())
        }
        Command::Delete(key) => circuit[input].delete(&key),
    }
}

fn is_wrong<K: Ord, V>(table: &BTreeMap<K, V>, command: &Command<K, V>) -> bool {
    match command {
        Command::Insert(key, _) => table.contains_key(key),
        Command::Update(key, _) | Command::Delete(key) => !table.contains_key(key),
        Command::Upsert(..) => false,
    }
}

fn set<K: Ord, V>(table: &mut BTreeMap<K, V>, command: Command<K, V>) {
    match command {
        Command::Insert(key, value) | Command::Update(key, value) | Command::Upsert(key, value) => {
            table.insert(key, value);
        }
        Command::Delete(key) => {
            table.remove(&key);
        }
    }
}
