//! The mutation check: a bug is planted in the libraries, and the testkit must find it and shrink it.
//!
//! Run it with `RUSTFLAGS="--cfg dbsp_mutants" cargo test -p dbsp-testkit --features circuit --test mutants`.

#[cfg(not(dbsp_mutants))]
#[test]
fn mutants_exist_only_under_their_cfg() {
    println!("not run: no bug can be planted without RUSTFLAGS=\"--cfg dbsp_mutants\"");
}

#[cfg(dbsp_mutants)]
mod planted {
    use std::fmt::Display;

    use dbsp_ops::mutant::{Mutant, plant};
    use dbsp_runtime::Strictness;
    use dbsp_testkit::strategy::{commands, key, row, steps, value, weight};
    use dbsp_testkit::{Check, oracle, query, time, upserts};

    /// A shrunk counterexample: how many changes it takes, and its text.
    struct Found {
        changes: usize,
        text: String,
    }

    fn describe(changes: usize, circuit: impl Display, counterexample: impl Display) -> Found {
        Found { changes, text: format!("{circuit}{counterexample}") }
    }

    fn by_random_queries() -> Option<Found> {
        let streams = query::random_runs();
        let found = Check::default().cases(400).find(streams, |(query, steps)| query::check(query, steps))?;
        let ((query, steps), counterexample) = found;
        let changes = steps.iter().map(|step| step.0.len() + step.1.len() + step.2.len()).sum();
        Some(describe(changes, query, counterexample))
    }

    fn by_bound() -> Option<Found> {
        let streams = query::random_runs();
        let found =
            Check::default().cases(400).find(streams, |(query, steps)| query::check_bound(query, steps))?;
        let ((query, steps), excess) = found;
        let changes = steps.iter().map(|step| step.0.len() + step.1.len() + step.2.len()).sum();
        Some(describe(changes, query, excess))
    }

    fn by_commands(strictness: Strictness) -> Option<Found> {
        let streams = commands(key(), value());
        let (steps, counterexample) =
            Check::default().find(streams, |steps| upserts::check_commands(strictness, steps))?;
        Some(describe(steps.concat().len(), "", counterexample))
    }

    fn by_delay() -> Option<Found> {
        let (steps, counterexample) = Check::default().find(steps(row(), weight()), |steps| {
            let delayed = |b: &dbsp_runtime::Builder| {
                let (rows, input) = b.input("rows");
                (input, rows.delay().view())
            };
            time::check_deltas(delayed, steps, oracle::delay)
        })?;
        Some(describe(steps.concat().len(), "", counterexample))
    }

    #[expect(clippy::print_stdout, reason = "the shrunk counterexample is what the mutation check shows")]
    fn assert_caught(mutant: Mutant, check: impl Fn() -> Option<Found>) {
        plant(None);
        assert!(check().is_none(), "nothing is planted");
        plant(Some(mutant));
        let found = check();
        plant(None);
        let found = found.expect("the testkit finds the planted bug");
        println!("{mutant:?}, {} changes:\n{}\n", found.changes, found.text);
        assert!(found.changes <= 6, "{mutant:?} shrank to {} changes only:\n{}", found.changes, found.text);
    }

    #[test]
    fn a_join_that_forgets_delta_by_delta_is_caught() {
        assert_caught(Mutant::ForgottenDeltaByDelta, by_random_queries);
    }

    #[test]
    fn a_join_that_forgets_to_consolidate_is_caught() {
        assert_caught(Mutant::JoinForgetsToConsolidate, by_bound);
    }

    #[test]
    fn a_distinct_that_ignores_negative_weights_is_caught() {
        assert_caught(Mutant::DistinctIgnoresNegative, by_random_queries);
    }

    #[test]
    fn an_average_with_a_stale_count_is_caught() {
        assert_caught(Mutant::AverageStaleCount, by_random_queries);
    }

    #[test]
    fn an_upsert_that_forgets_to_retract_is_caught() {
        assert_caught(Mutant::UpsertForgetsRetraction, || by_commands(Strictness::Strict));
        assert_caught(Mutant::UpsertForgetsRetraction, || by_commands(Strictness::Lenient));
    }

    #[test]
    fn a_delay_that_leaks_into_the_same_step_is_caught() {
        assert_caught(Mutant::DelayLeaksStep, by_delay);
    }
}
