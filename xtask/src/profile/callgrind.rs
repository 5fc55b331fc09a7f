//! What `callgrind_annotate` says, as a list of functions.

use super::Heavy;

/// The functions with the most instructions of their own.
pub(super) fn heaviest(annotated: &str, most: usize) -> Vec<Heavy> {
    // A line is `12,345 (67.8%)  file:function [object]`; that of all instructions names no file.
    let lines = annotated.lines().filter_map(|line| {
        let (count, rest) = line.split_once('(')?;
        let (share, function) = rest.split_once("%)")?;
        let is_count = count.trim().chars().all(|c| c.is_ascii_digit() || c == ',');
        let function = function.trim();
        let function = function.rsplit_once(" [").map_or(function, |(function, _)| function);
        let function = function.split_once(':').map_or(function, |(_, function)| function);
        let share: f64 = share.trim().parse().ok()?;
        let is_total = function == "PROGRAM TOTALS";
        (is_count && !is_total).then(|| Heavy { share: share / 100.0, function: function.to_owned() })
    });
    lines.take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_read_with_their_shares() {
        let annotated = "Ir\n----\n1,000 (100.0%)  PROGRAM TOTALS\n----\nIr          file:function\n\
            750 (75.00%)  ???:<a::B as c::D>::compute [/target/measure/dbsp-bench]\n\
            120 (12.00%)  ???:e::f [/target/measure/dbsp-bench]\n";
        let heaviest = heaviest(annotated, 10);
        let names: Vec<&str> = heaviest.iter().map(|heavy| heavy.function.as_str()).collect();
        assert_eq!(names, ["<a::B as c::D>::compute", "e::f"]);
        assert!((heaviest[0].share - 0.75).abs() < 1e-9);
    }
}
