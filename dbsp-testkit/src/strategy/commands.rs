//! Commands for a keyed input: what a change-data-capture feed sends.

use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{MAX_CHANGES, MAX_STEPS};

/// One command on a table with keys `K` and values `V`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the four verbs")]
pub enum Command<K, V> {
    Insert(K, V),
    Update(K, V),
    Upsert(K, V),
    Delete(K),
}

/// Commands in steps, on keys that may or may not be there; often several on one key in one step.
pub fn commands<K: Debug + Clone + 'static, V: Debug + Clone + 'static>(
    keys: impl Strategy<Value = K> + Clone + 'static,
    values: impl Strategy<Value = V> + Clone + 'static,
) -> impl Strategy<Value = Vec<Vec<Command<K, V>>>> + Clone {
    let command = prop_oneof![
        2 => (keys.clone(), values.clone()).prop_map(|(key, value)| Command::Insert(key, value)),
        1 => (keys.clone(), values.clone()).prop_map(|(key, value)| Command::Update(key, value)),
        2 => (keys.clone(), values).prop_map(|(key, value)| Command::Upsert(key, value)),
        2 => keys.prop_map(Command::Delete),
    ];
    vec(vec(command, 0..=MAX_CHANGES), 0..=MAX_STEPS)
}
