//! A circuit for each operator, over rows that can panic, and what it means over plain maps.

use std::collections::BTreeMap;

use dbsp_runtime::{Builder, Circuit, Input, KeyedView, LinearAggregate, Overflow, Stream, Sum, View, ZSet};

use crate::cell::Cell;
use crate::fuse::{Site, Total, spend};

/// A key and a value.
pub(crate) type Pair<C> = (C, C);

/// A collection.
pub(crate) type Bag = BTreeMap<(i64, i64), i64>;

/// The collections of the two inputs after each step.
pub(crate) type History = [(Bag, Bag)];

/// An operator between two inputs and a view.
pub(crate) struct Case<C: Cell> {
    pub(crate) name: &'static str,
    pub(crate) build: for<'b> fn(&'b Builder, Stream<'b, Pair<C>>, Stream<'b, Pair<C>>) -> Seen<C>,
    /// What the view holds after the last of some steps; a number that becomes a cell and back may be another.
    pub(crate) oracle: fn(&History, fn(i64) -> i64) -> Bag,
}

/// A view.
pub(crate) enum Seen<C: Cell> {
    Rows(View<Pair<C>>),
    Keyed(KeyedView<C, C>),
}

/// A circuit with its handles.
pub(crate) struct Built<C: Cell> {
    pub(crate) circuit: Circuit,
    pub(crate) inputs: [Input<Pair<C>>; 2],
    pub(crate) seen: Seen<C>,
}

/// Adds the weight of a row to a collection.
pub(crate) fn add(bag: &mut Bag, row: (i64, i64), weight: i64) {
    let sum = bag.entry(row).or_insert(0);
    *sum += weight;
    if *sum == 0 {
        bag.remove(&row);
    }
}

pub(crate) fn bag(rows: impl IntoIterator<Item = ((i64, i64), i64)>) -> Bag {
    let mut bag = Bag::new();
    rows.into_iter().for_each(|(row, weight)| add(&mut bag, row, weight));
    bag
}

pub(crate) fn pair<C: Cell>(row: (i64, i64)) -> Pair<C> {
    (C::new(row.0), C::new(row.1))
}

fn plain<C: Cell>(row: &Pair<C>) -> (i64, i64) {
    (row.0.number(), row.1.number())
}

impl<C: Cell> Built<C> {
    pub(crate) fn new(case: &Case<C>) -> Self {
        let build = |b: &Builder| {
            let ((left, left_input), (right, right_input)) = (b.input("left"), b.input("right"));
            ([left_input, right_input], (case.build)(b, left, right))
        };
        let (circuit, (inputs, seen)) = Circuit::build(build).expect("the circuit is closed");
        Self { circuit, inputs, seen }
    }

    /// What the view is to hold after the last of some steps.
    pub(crate) fn expected(case: &Case<C>, history: &History) -> Bag {
        let canonical = |number| C::new(number).number();
        mapped(&(case.oracle)(history, canonical), |row| (canonical(row.0), canonical(row.1)))
    }

    /// What the view holds.
    pub(crate) fn held(&self) -> Bag {
        match self.seen {
            Seen::Rows(view) => bag(self.circuit[view].iter().map(|(row, weight)| (plain(row), *weight))),
            Seen::Keyed(view) => {
                let rows = self.circuit[view].iter();
                bag(rows.map(|(key, value, weight)| ((key.number(), value.number()), *weight)))
            }
        }
    }

    /// The last delta of the view; none if its columns differ in length.
    pub(crate) fn delta(&self) -> Option<Bag> {
        let delta = match self.seen {
            Seen::Rows(view) => self.circuit.delta(view),
            Seen::Keyed(view) => self.circuit.delta(view),
        };
        let rows = delta.iter().map(|(row, weight)| (plain(row), *weight));
        (delta.rows().len() == delta.weights().len()).then(|| bag(rows))
    }

    /// What the inputs hold; nothing if their columns differ in length.
    pub(crate) fn pending(&self) -> [Vec<((i64, i64), i64)>; 2] {
        self.inputs.map(|input| {
            let pending = &self.circuit[input];
            let pending = pending.iter().filter(|_| pending.rows().len() == pending.weights().len());
            pending.map(|(row, weight)| (plain(row), *weight)).collect()
        })
    }
}

/// A user's own aggregate over a user's own sum.
struct Adding;

impl<C: Cell> LinearAggregate<C> for Adding {
    type Total = Total;
    type Output = Total;

    fn add(&self, total: &mut Total, value: &C, weight: i64) -> Result<(), Overflow> {
        spend(Site::Closure);
        total.0 += value.number() * weight;
        Ok(())
    }

    fn output(&self, _: i64, total: &Total) -> Result<Total, Overflow> {
        spend(Site::Output);
        Ok(Total(total.0))
    }
}

fn closure<C: Cell>(cell: &C) -> i64 {
    spend(Site::Closure);
    cell.number()
}

fn last(history: &History) -> (&Bag, &Bag) {
    history.last().map_or_else(|| panic!("there was a step"), |(left, right)| (left, right))
}

fn is_in(bag: &Bag, row: (i64, i64)) -> bool {
    bag.get(&row).is_some_and(|weight| *weight > 0)
}

fn positive(bag: &Bag) -> impl Iterator<Item = (i64, i64)> {
    bag.iter().filter(|(_, weight)| **weight > 0).map(|(row, _)| *row)
}

fn set(rows: impl IntoIterator<Item = (i64, i64)>) -> Bag {
    rows.into_iter().map(|row| (row, 1)).collect()
}

fn mapped(bag_of: &Bag, image: impl Fn((i64, i64)) -> (i64, i64)) -> Bag {
    bag(bag_of.iter().map(|(row, weight)| (image(*row), *weight)))
}

fn plus(left: &Bag, right: &Bag, sign: i64) -> Bag {
    bag(left.iter().map(|(row, w)| (*row, *w)).chain(right.iter().map(|(row, w)| (*row, sign * w))))
}

fn keys(bag: &Bag) -> BTreeMap<i64, i64> {
    let mut keys = BTreeMap::new();
    bag.iter().for_each(|(row, weight)| *keys.entry(row.0).or_insert(0) += weight);
    keys
}

/// For each key with rows what `of` makes of them.
fn grouped(bag: &Bag, of: impl Fn(&[(i64, i64)]) -> Option<i64>) -> Bag {
    let mut groups = BTreeMap::<i64, Vec<(i64, i64)>>::new();
    bag.iter().for_each(|(row, weight)| groups.entry(row.0).or_default().push((row.1, *weight)));
    set(groups.iter().filter_map(|(key, rows)| Some((*key, of(rows)?))))
}

/// A linear aggregate, of groups whose count is not zero.
fn linear(bag: &Bag, of: impl Fn(i64, i64) -> i64) -> Bag {
    grouped(bag, |rows| {
        let count = rows.iter().map(|row| row.1).sum::<i64>();
        let sum = rows.iter().map(|row| row.0 * row.1).sum();
        (count != 0).then(|| of(count, sum))
    })
}

fn extreme(bag: &Bag, of: impl Fn(&mut dyn Iterator<Item = i64>) -> Option<i64>) -> Bag {
    grouped(bag, |rows| of(&mut rows.iter().filter(|row| row.1 > 0).map(|row| row.0)))
}

fn countdown(history: &History) -> Bag {
    history.iter().fold(Bag::new(), |all, (left, _)| {
        let large = all.into_iter().filter(|(row, _)| row.1 > 8).collect();
        plus(left, &mapped(&large, |row| (row.0, row.1 / 2)), 1)
    })
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub(crate) fn cases<C: Cell>() -> Vec<Case<C>> {
    vec![
        Case { name: "view", build: |_, l, _| Seen::Rows(l.view()), oracle: |h, _| last(h).0.clone() },
        Case {
            name: "keyed_view",
            build: |_, l, _| Seen::Keyed(l.keyed().view()),
            oracle: |h, _| last(h).0.clone(),
        },
        Case {
            name: "stateless",
            build: |_, l, _| {
                let kept = l.filter(|row| closure(&row.1) % 3 != 0);
                Seen::Rows(kept.map(|row| (row.0.clone(), C::new(closure(&row.1) % 7))).view())
            },
            oracle: |h, _| {
                let kept: Bag =
                    last(h).0.iter().filter(|(row, _)| row.1 % 3 != 0).map(|(r, w)| (*r, *w)).collect();
                mapped(&kept, |row| (row.0, row.1 % 7))
            },
        },
        Case {
            name: "flat_map",
            build: |_, l, _| {
                Seen::Rows(l.flat_map(|row| vec![row.clone(), pair((closure(&row.0), 1))]).view())
            },
            oracle: |h, _| plus(last(h).0, &mapped(last(h).0, |row| (row.0, 1)), 1),
        },
        Case {
            name: "neg",
            build: |_, l, _| Seen::Rows(l.neg().view()),
            oracle: |h, _| plus(&Bag::new(), last(h).0, -1),
        },
        Case {
            name: "plus",
            build: |_, l, r| Seen::Rows(l.plus(r).view()),
            oracle: |h, _| plus(last(h).0, last(h).1, 1),
        },
        Case {
            name: "minus",
            build: |_, l, r| Seen::Rows(l.minus(r).view()),
            oracle: |h, _| plus(last(h).0, last(h).1, -1),
        },
        Case {
            name: "distinct",
            build: |_, l, _| Seen::Rows(l.distinct().view()),
            oracle: |h, _| set(positive(last(h).0)),
        },
        Case {
            name: "fused_distinct",
            build: |_, l, _| {
                Seen::Rows(l.map(|row| pair((closure(&row.0), closure(&row.1) / 4))).distinct().view())
            },
            oracle: |h, c| set(positive(&mapped(last(h).0, |row| (row.0, c(row.1 / 4))))),
        },
        Case {
            name: "union",
            build: |_, l, r| Seen::Rows(l.union(r).view()),
            oracle: |h, _| set(positive(last(h).0).chain(positive(last(h).1))),
        },
        Case {
            name: "intersect",
            build: |_, l, r| Seen::Rows(l.intersect(r).view()),
            oracle: |h, _| set(positive(last(h).0).filter(|row| is_in(last(h).1, *row))),
        },
        Case {
            name: "except",
            build: |_, l, r| Seen::Rows(l.except(r).view()),
            oracle: |h, _| set(positive(last(h).0).filter(|row| !is_in(last(h).1, *row))),
        },
        Case {
            name: "join",
            build: |_, l, r| {
                let joined = l.keyed().join(r.keyed(), |key, one, other| {
                    (key.clone(), C::new(closure(one) * 1_000 + other.number()))
                });
                Seen::Rows(joined.view())
            },
            oracle: |h, _| {
                let (left, right) = last(h);
                let pairs = left.iter().flat_map(|one| right.iter().map(move |other| (one, other)));
                let met = pairs.filter(|(one, other)| one.0.0 == other.0.0);
                bag(met.map(|((one, w), (other, v))| ((one.0, one.1 * 1_000 + other.1), w * v)))
            },
        },
        Case {
            name: "semijoin",
            build: |_, l, r| Seen::Keyed(l.keyed().semijoin(r.map(|row| row.0.clone())).view()),
            oracle: |h, _| {
                let keys = keys(last(h).1);
                let kept = last(h).0.iter().filter(|(row, _)| keys.get(&row.0).is_some_and(|w| *w > 0));
                kept.map(|(row, weight)| (*row, *weight)).collect()
            },
        },
        Case {
            name: "antijoin",
            build: |_, l, r| Seen::Keyed(l.keyed().antijoin(r.map(|row| row.0.clone())).view()),
            oracle: |h, _| {
                let keys = keys(last(h).1);
                let kept = last(h).0.iter().filter(|(row, _)| keys.get(&row.0).is_none_or(|w| *w <= 0));
                kept.map(|(row, weight)| (*row, *weight)).collect()
            },
        },
        Case {
            name: "count",
            build: |_, l, _| Seen::Keyed(l.keyed().count().map_values(|n| C::new(*n)).view()),
            oracle: |h, _| linear(last(h).0, |count, _| count),
        },
        Case {
            name: "sum",
            build: |_, l, _| {
                let sums = l.keyed().aggregate(Sum(|value: &C| closure(value)));
                Seen::Keyed(sums.map_values(|sum| C::new(*sum)).view())
            },
            oracle: |h, _| linear(last(h).0, |_, sum| sum),
        },
        Case {
            name: "aggregate",
            build: |_, l, _| {
                let sums = l.index_by(|row| (row.0.clone(), row.1.clone())).aggregate(Adding);
                Seen::Keyed(sums.map_values(|sum| C::new(sum.0)).view())
            },
            oracle: |h, _| linear(last(h).0, |_, sum| sum),
        },
        Case {
            name: "min",
            build: |_, l, _| Seen::Keyed(l.keyed().min().view()),
            oracle: |h, _| extreme(last(h).0, |values| values.min()),
        },
        Case {
            name: "fused_max",
            build: |_, l, _| {
                let even = l.filter(|row| closure(&row.1) % 2 == 0);
                Seen::Keyed(even.index_by(|row| (row.0.clone(), row.1.clone())).max().view())
            },
            oracle: |h, _| {
                let even = last(h).0.iter().filter(|(row, _)| row.1 % 2 == 0).map(|(row, w)| (*row, *w));
                extreme(&even.collect(), |values| values.max())
            },
        },
        Case {
            name: "fold",
            build: |_, l, _| {
                let sums = l.keyed().fold(|value| Total(closure(value)));
                Seen::Keyed(sums.map_values(|sum| C::new(sum.0)).view())
            },
            oracle: |h, _| {
                grouped(last(h).0, |rows| {
                    let counted = rows.iter().filter(|row| row.1 > 0);
                    let sum = counted.clone().map(|row| row.0 * row.1).sum();
                    (counted.count() > 0).then_some(sum)
                })
            },
        },
        Case {
            name: "arg_max",
            build: |_, l, _| {
                let best =
                    l.index_by(|row| (row.0.clone(), (C::new(row.1.number() / 4), row.1.clone()))).arg_max();
                Seen::Keyed(best.map_values(|best: &Pair<C>| best.1.clone()).view())
            },
            oracle: |h, c| {
                let left = last(h).0;
                let mut best = BTreeMap::new();
                positive(left).for_each(|row| {
                    let top = best.entry(row.0).or_insert(0);
                    *top = c(row.1 / 4).max(*top);
                });
                let kept = left.iter().filter(|(row, _)| best.get(&row.0) == Some(&c(row.1 / 4)));
                kept.map(|(row, weight)| (*row, *weight)).collect()
            },
        },
        Case {
            name: "delay",
            build: |_, l, _| Seen::Rows(l.delay().view()),
            oracle: |h, _| h.len().checked_sub(2).map_or_else(Bag::new, |at| h[at].0.clone()),
        },
        Case {
            name: "feedback",
            build: |builder, l, _| {
                let (back, feedback) = builder.feedback::<Pair<C>>("halves");
                let all = l.plus(back);
                feedback.connect(
                    all.filter(|row| closure(&row.1) > 8)
                        .map(|row| pair((row.0.number(), row.1.number() / 2))),
                );
                Seen::Rows(all.view())
            },
            oracle: |h, _| countdown(h),
        },
        Case {
            name: "collection",
            build: |_, l, _| {
                let distinct = l.integrate().lift(|rows: &ZSet<Pair<C>>| {
                    spend(Site::Closure);
                    rows.distinct()
                });
                Seen::Rows(distinct.differentiate().view())
            },
            oracle: |h, _| set(positive(last(h).0)),
        },
        Case {
            name: "several",
            build: |_, l, r| {
                let sums = l.keyed().aggregate(Sum(|value: &C| closure(value)));
                let _sums = sums.view();
                let tops = l.keyed().max().semijoin(r.distinct().map(|row| row.0.clone()));
                let _tops = tops.view();
                let _all = l.plus(r).delay().view();
                let shares = tops.join(sums, |key, top, sum| (key.clone(), C::new(top.number() - *sum)));
                Seen::Rows(shares.union(l.keyed().min().rows()).except(r).view())
            },
            oracle: |h, c| {
                let (left, right) = last(h);
                let keys: BTreeMap<i64, ()> = positive(right).map(|row| (row.0, ())).collect();
                let sums = linear(left, |_, sum| sum);
                let tops = extreme(left, |values| values.max());
                let tops = tops.keys().filter(|row| keys.contains_key(&row.0));
                let met = tops.flat_map(|top| sums.keys().map(move |sum| (top, sum)));
                let shares =
                    met.filter(|(top, sum)| top.0 == sum.0).map(|(top, sum)| (top.0, c(top.1 - sum.1)));
                let least = extreme(left, |values| values.min());
                let all = shares.chain(least.keys().copied());
                set(all.filter(|row| !is_in(right, *row)))
            },
        },
    ]
}
