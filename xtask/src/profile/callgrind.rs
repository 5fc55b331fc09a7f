//! What `callgrind_annotate` says, as a list of functions.

use std::collections::BTreeMap;

use super::Heavy;

/// The functions with the most instructions of their own, those of what is inlined in them among these.
pub(super) fn heaviest(annotated: &str, most: usize) -> Vec<Heavy> {
    let mut shares: BTreeMap<&str, f64> = BTreeMap::new();
    for (share, function) in annotated.lines().filter_map(share_and_function) {
        *shares.entry(function).or_default() += share;
    }
    let mut heaviest: Vec<_> =
        shares.into_iter().map(|(function, share)| Heavy { share, function: function.to_owned() }).collect();
    heaviest.sort_by(|a, b| b.share.total_cmp(&a.share));
    heaviest.truncate(most);
    heaviest
}

/// Reads a line `12,345 (67.8%)  file:function [object]`; a function has one for each file that it has code of.
fn share_and_function(line: &str) -> Option<(f64, &str)> {
    let (count, rest) = line.split_once('(')?;
    let (share, place) = rest.split_once("%)")?;
    let is_count = count.trim().chars().all(|c| c.is_ascii_digit() || c == ',');
    // The line of all instructions names no file.
    let (_, function) = place.trim().split_once(':')?;
    let function = function.rsplit_once(" [").map_or(function, |(function, _)| function);
    is_count.then_some((share.trim().parse::<f64>().ok()? / 100.0, function))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_read_with_their_shares() {
        let annotated = "Ir\n----\n1,000 (100.0%)  PROGRAM TOTALS\n----\nIr          file:function\n\
            750 (75.00%)  ???:<a::B as c::D>::compute [/target/measure/dbsp-bench]\n\
            120 (12.00%)  vec/mod.rs:e::f [/target/measure/dbsp-bench]\n\
             50 ( 5.00%)  iter.rs:e::f\n";
        let heaviest = heaviest(annotated, 10);
        let names: Vec<&str> = heaviest.iter().map(|heavy| heavy.function.as_str()).collect();
        assert_eq!(names, ["<a::B as c::D>::compute", "e::f"]);
        assert!((heaviest[0].share - 0.75).abs() < 1e-9);
        assert!((heaviest[1].share - 0.17).abs() < 1e-9, "the lines of a function are one");
    }
}
