//! The model: what every view should hold, from whole inputs, in plain maps and 128 bits.

use std::collections::BTreeMap;

use crate::random::Change;
use crate::rows::Kind;

/// Rows with weights; none of them is zero.
pub(crate) type Map<R> = BTreeMap<R, i128>;

/// What was put into the two inputs.
#[derive(Clone)]
pub(crate) struct Inputs<K, V> {
    pub(crate) sides: [Map<(K, V)>; 2],
}

impl<K, V> Default for Inputs<K, V> {
    fn default() -> Self {
        Self { sides: [Map::new(), Map::new()] }
    }
}

/// What the views hold.
pub(crate) struct Results<K, V> {
    pub(crate) left: Map<(K, V)>,
    pub(crate) plus: Map<(K, V)>,
    pub(crate) minus: Map<(K, V)>,
    pub(crate) kept: Map<(K, V)>,
    pub(crate) sets: [Map<(K, V)>; 4],
    pub(crate) join: Map<(K, (V, V))>,
    pub(crate) semijoin: Map<(K, V)>,
    pub(crate) antijoin: Map<(K, V)>,
    pub(crate) totals: Map<(K, (i64, i64))>,
    pub(crate) min: Map<(K, V)>,
    pub(crate) max: Map<(K, V)>,
    pub(crate) best: Map<(K, V)>,
}

fn add<R: Ord>(map: &mut Map<R>, row: R, weight: i128) {
    let sum = map.get(&row).copied().unwrap_or(0) + weight;
    if sum == 0 {
        map.remove(&row);
    } else {
        map.insert(row, sum);
    }
}

/// The map of some rows, unless a weight does not fit.
fn map<R: Ord>(rows: impl IntoIterator<Item = (R, i128)>) -> Option<Map<R>> {
    let mut map = Map::new();
    rows.into_iter().for_each(|(row, weight)| add(&mut map, row, weight));
    map.values().all(|weight| i64::try_from(*weight).is_ok()).then_some(map)
}

impl<K: Kind, V: Kind> Inputs<K, V> {
    /// The inputs with some changes.
    pub(crate) fn after(&self, changes: &[Change]) -> Self {
        let mut next = self.clone();
        for (side, key, value, weight) in changes {
            add(&mut next.sides[*side], (K::of(*key), V::of(*value)), i128::from(*weight));
        }
        next
    }

    /// What the views hold; none if a weight or a total of one of them has no value.
    pub(crate) fn results(&self) -> Option<Results<K, V>> {
        let [left, right] = &self.sides;
        let rows =
            |side: &Map<(K, V)>| side.iter().map(|(row, weight)| (row.clone(), *weight)).collect::<Vec<_>>();
        let negated = || rows(right).into_iter().map(|(row, weight)| (row, -weight));
        let has = |side: &Map<(K, V)>, row: &(K, V)| side.get(row).is_some_and(|weight| *weight > 0);
        let every = || left.keys().chain(right.keys());
        let set = |keeps: &dyn Fn(&(K, V)) -> bool| {
            // A row of both sides comes twice here and is in the set once.
            every().filter(|row| keeps(row)).map(|row| (row.clone(), 1)).collect::<Map<_>>()
        };
        map(rows(right))?;
        let keys = map(right.iter().map(|((key, _), weight)| (key.clone(), *weight)))?;
        let passes = |key: &K| keys.get(key).is_some_and(|weight| *weight > 0);
        // A pair of one side's group with the other's; weights of 63 bits have products of 126.
        let mut pairs = Map::new();
        for ((key, one), weight) in left {
            for ((_, other), more) in right.iter().filter(|((other, _), _)| other == key) {
                add(&mut pairs, (key.clone(), (one.clone(), other.clone())), weight * more);
            }
        }
        let mut totals: BTreeMap<K, (i128, i128)> = BTreeMap::new();
        for ((key, value), weight) in left {
            let (count, sum) = totals.entry(key.clone()).or_default();
            *count += weight;
            *sum += i128::from(value.number()) * weight;
        }
        let mut counted = Map::new();
        for (key, (count, sum)) in totals {
            // A group keeps its count also while it has no result.
            let (count, sum) = (i64::try_from(count).ok()?, sum);
            if count != 0 {
                counted.insert((key, (count, i64::try_from(sum).ok()?)), 1);
            }
        }
        let mut groups: BTreeMap<&K, Vec<&V>> = BTreeMap::new();
        left.iter()
            .filter(|(_, weight)| **weight > 0)
            .for_each(|((key, value), _)| groups.entry(key).or_default().push(value));
        let extreme = |pick: fn(&[&V]) -> V| {
            groups.iter().map(|(key, values)| (((*key).clone(), pick(values)), 1)).collect::<Map<_>>()
        };
        let best = |row: &(K, V)| {
            let ranks = groups.get(&row.0).into_iter().flatten().map(|value| value.number() % 2);
            ranks.max() == Some(row.1.number() % 2)
        };
        Some(Results {
            left: map(rows(left))?,
            plus: map(rows(left).into_iter().chain(rows(right)))?,
            minus: map(rows(left).into_iter().chain(negated()))?,
            kept: map(rows(left).into_iter().filter(|(row, _)| row.1.number() % 2 == 0))?,
            sets: [
                set(&|row| has(left, row)),
                set(&|row| has(left, row) || has(right, row)),
                set(&|row| has(left, row) && has(right, row)),
                set(&|row| has(left, row) && !has(right, row)),
            ],
            join: map(pairs)?,
            semijoin: map(rows(left).into_iter().filter(|(row, _)| passes(&row.0)))?,
            antijoin: map(rows(left).into_iter().filter(|(row, _)| !passes(&row.0)))?,
            totals: counted,
            min: extreme(|values| values.iter().copied().min().expect("a group has a row").clone()),
            max: extreme(|values| values.iter().copied().max().expect("a group has a row").clone()),
            best: map(rows(left).into_iter().filter(|(row, _)| best(row)))?,
        })
    }
}
