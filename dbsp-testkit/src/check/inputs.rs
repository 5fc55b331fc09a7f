//! The inputs of a circuit under check: one handle, or a tuple of two or three, by one trait.

use std::fmt::Debug;

use dbsp_runtime::{Circuit, Input, Row};
use proptest::prelude::*;

use crate::oracle::{self, Bag};
use crate::strategy::{self, Changes, Split, Steps};

/// The handles of all inputs that a check feeds: an [`Input`], or a tuple of two or three.
pub trait Inputs: Copy + 'static {
    /// What one step changes: [`Changes`], or a tuple of them.
    type Changes: Clone + Debug + Default + 'static;

    /// The whole collections: a [`Bag`], or a tuple of them.
    type Bags: Default;

    /// Puts changes into the buffers of the inputs.
    fn feed(self, circuit: &mut Circuit, changes: &Self::Changes);

    /// Adds changes to whole collections.
    fn integrate(bags: &mut Self::Bags, changes: &Self::Changes);

    /// The same changes in other steps, each input for itself.
    fn resplit(steps: &[Self::Changes], split: Split) -> Vec<Self::Changes>;

    /// The changes that take these back. A weight without an inverse stays as it is.
    fn negated(changes: &Self::Changes) -> Self::Changes;

    /// The same steps without the changes that would make the weight of a row negative.
    fn without_early_deletes(steps: Vec<Self::Changes>) -> Vec<Self::Changes>;
}

/// Strategies for the rows of the inputs `I`: one strategy, or a tuple of two or three.
pub trait Rows<I: Inputs> {
    /// Random streams over these rows.
    fn steps(self) -> BoxedStrategy<Vec<I::Changes>>;
}

impl<R: Row + Debug> Inputs for Input<R> {
    type Changes = Changes<R>;
    type Bags = Bag<R>;

    fn feed(self, circuit: &mut Circuit, changes: &Changes<R>) {
        circuit[self].extend(changes.iter().cloned());
    }

    fn integrate(bags: &mut Bag<R>, changes: &Changes<R>) {
        for (row, weight) in changes {
            oracle::add(bags, row.clone(), *weight);
        }
    }

    fn resplit(steps: &[Changes<R>], split: Split) -> Steps<R> {
        strategy::resplit(steps, split)
    }

    fn negated(changes: &Changes<R>) -> Changes<R> {
        changes.iter().map(|(row, weight)| (row.clone(), weight.checked_neg().unwrap_or(*weight))).collect()
    }

    fn without_early_deletes(steps: Steps<R>) -> Steps<R> {
        strategy::without_early_deletes(steps)
    }
}

impl<R, S> Rows<Input<R>> for S
where
    R: Row + Debug,
    S: Strategy<Value = R> + Clone + 'static,
{
    fn steps(self) -> BoxedStrategy<Steps<R>> {
        strategy::steps(self, strategy::weight()).boxed()
    }
}

macro_rules! tuple_of_inputs {
    ($($input:ident $rows:ident $n:tt),+) => {
        impl<$($input: Inputs),+> Inputs for ($($input,)+) {
            type Changes = ($($input::Changes,)+);
            type Bags = ($($input::Bags,)+);

            fn feed(self, circuit: &mut Circuit, changes: &Self::Changes) {
                $(self.$n.feed(circuit, &changes.$n);)+
            }

            fn integrate(bags: &mut Self::Bags, changes: &Self::Changes) {
                $($input::integrate(&mut bags.$n, &changes.$n);)+
            }

            fn resplit(steps: &[Self::Changes], split: Split) -> Vec<Self::Changes> {
                let streams = ($($input::resplit(&column(steps, |step| &step.$n), split),)+);
                let len = [$(streams.$n.len()),+].into_iter().max().unwrap_or(0);
                let at = |step: usize| ($(streams.$n.get(step).cloned().unwrap_or_default(),)+);
                (0..len).map(at).collect()
            }

            fn negated(changes: &Self::Changes) -> Self::Changes {
                ($($input::negated(&changes.$n),)+)
            }

            fn without_early_deletes(steps: Vec<Self::Changes>) -> Vec<Self::Changes> {
                let streams = ($($input::without_early_deletes(column(&steps, |step| &step.$n)),)+);
                (0..steps.len()).map(|step| ($(streams.$n[step].clone(),)+)).collect()
            }
        }

        impl<$($input: Inputs, $rows: Rows<$input>),+> Rows<($($input,)+)> for ($($rows,)+) {
            fn steps(self) -> BoxedStrategy<Vec<<($($input,)+) as Inputs>::Changes>> {
                let streams = ($(self.$n.steps(),)+);
                streams.prop_map(|streams| {
                    let len = [$(streams.$n.len()),+].into_iter().max().unwrap_or(0);
                    let at = |step: usize| ($(streams.$n.get(step).cloned().unwrap_or_default(),)+);
                    (0..len).map(at).collect()
                }).boxed()
            }
        }
    };
}

tuple_of_inputs!(I0 R0 0, I1 R1 1);
tuple_of_inputs!(I0 R0 0, I1 R1 1, I2 R2 2);

fn column<S, C: Clone>(steps: &[S], changes: impl Fn(&S) -> &C) -> Vec<C> {
    steps.iter().map(|step| changes(step).clone()).collect()
}
