//! Keyed inputs beside a plain table.

use std::collections::BTreeMap;
use std::panic::resume_unwind;

use dbsp_runtime::Strictness::{self, Lenient, Strict};
use dbsp_runtime::{Circuit, Recovery};
use dbsp_testkit::Check;
use dbsp_testkit::check::Observed;
use dbsp_testkit::strategy::Command::{Delete, Insert, Update, Upsert};
use dbsp_testkit::strategy::{Command, commands, key, value};
use dbsp_testkit::upserts::check_commands;

fn assert_table(strictness: Strictness, steps: &[Vec<Command<char, i64>>]) {
    if let Err(found) = check_commands(strictness, steps) {
        panic!("{found}");
    }
}

#[test]
fn random_commands_agree_with_a_table() {
    for strictness in [Strict, Lenient] {
        let found = Check::default().cases(256).find(commands(key(), value()), |steps| {
            check_commands(strictness, steps)?;
            check_commands(strictness, &[steps.concat()])?;
            check_commands(strictness, &steps.concat().chunks(1).map(<[_]>::to_vec).collect::<Vec<_>>())
        });
        if let Some((_, found)) = found {
            panic!("{strictness:?}: {found}");
        }
    }
}

#[test]
fn an_update_takes_the_old_value_back() {
    for strictness in [Strict, Lenient] {
        assert_table(strictness, &[vec![Insert('a', 1)], vec![Update('a', 2)], vec![Delete('a')]]);
    }
}

#[test]
fn all_of_a_life_in_one_step_leaves_nothing() {
    for strictness in [Strict, Lenient] {
        assert_table(strictness, &[vec![Insert('a', 1), Upsert('a', 2), Update('a', 3), Delete('a')]]);
    }
}

#[test]
fn a_delete_and_an_insert_in_one_step_replace_the_value() {
    for strictness in [Strict, Lenient] {
        assert_table(strictness, &[vec![Insert('a', 1)], vec![Delete('a'), Insert('a', 2)]]);
    }
}

#[test]
fn a_refused_command_leaves_the_rest_of_its_step() {
    assert_table(
        Strict,
        &[vec![Insert('a', 1), Insert('a', 2), Delete('b'), Upsert('c', 3)], vec![Update('b', 1)]],
    );
}

#[test]
fn discarding_a_faulted_step_takes_its_commands_back() {
    let test = |steps: &Vec<Vec<Command<i64, i64>>>| {
        let (mut circuit, (input, view)) = Circuit::build(|b| {
            let (table, input) = b.upsert_input::<i64, i64>("table", Lenient);
            // Unwinds without the panic hook, so that nothing is printed.
            let fragile =
                table.map_values(|value| if *value == 3 { resume_unwind(Box::new("three")) } else { *value });
            (input, fragile.view())
        })
        .expect("the circuit is closed");
        let mut kept = BTreeMap::new();
        for step in steps {
            let mut table = kept.clone();
            let mut has_three = false;
            for command in step.iter().cloned() {
                match command {
                    Insert(key, value) | Update(key, value) | Upsert(key, value) => {
                        has_three |= value == 3;
                        table.insert(key, value);
                        circuit[input].upsert(key, value);
                    }
                    Delete(key) => {
                        table.remove(&key);
                        circuit[input].delete(&key).map_err(|error| error.to_string())?;
                    }
                }
            }
            match circuit.step() {
                Ok(()) if has_three => return Err("a three came through".to_owned()),
                Ok(()) => kept = table,
                Err(_) => circuit.recover(Recovery::Discard).map_err(|error| error.to_string())?,
            }
            let held: BTreeMap<i64, i64> = view.held(&circuit).into_keys().collect();
            let of_input: BTreeMap<i64, i64> =
                (0..4).filter_map(|key| Some((key, *circuit[input].get(&key)?))).collect();
            if held != kept || of_input != kept {
                return Err(format!("view {held:?}, input {of_input:?}, expected {kept:?}"));
            }
        }
        Ok(())
    };
    if let Some((steps, message)) = Check::default().cases(256).find(commands(key(), value()), test) {
        panic!("{steps:?}\n{message}");
    }
}
