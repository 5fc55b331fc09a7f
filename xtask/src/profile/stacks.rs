//! The stacks that perf saw, folded: how often each one was there.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::{self, Display, Formatter},
};

use super::Heavy;

/// How perf marks a function that has no call of its own.
const INLINED: &str = " (inlined)";

/// Stacks below one function, outermost frame first.
#[derive(Debug, Default)]
pub(super) struct Stacks {
    /// How often each stack was seen.
    pub(super) counts: BTreeMap<Vec<String>, usize>,
    /// Samples that these are.
    pub(super) samples: usize,
    /// Samples that there were, of whatever.
    pub(super) all: usize,
}

impl Stacks {
    /// Reads what `perf script -F comm,ip,sym` writes, and keeps what a function with `root` in its name called.
    pub(super) fn read(script: &str, root: &str) -> Self {
        let mut stacks = Self::default();
        let names = names(script);
        for sample in script.split("\n\n").filter(|sample| !sample.trim().is_empty()) {
            stacks.all += 1;
            let frames = frames(sample.trim(), &names);
            if let Some(at) = frames.iter().position(|frame| frame.contains(root)) {
                let stack = frames.into_iter().take(at).rev().collect();
                *stacks.counts.entry(stack).or_default() += 1;
                stacks.samples += 1;
            }
        }
        stacks
    }

    /// The functions that were innermost most often.
    pub(super) fn heaviest(&self, most: usize) -> Vec<Heavy> {
        let mut own: BTreeMap<String, usize> = BTreeMap::new();
        for (stack, count) in &self.counts {
            *own.entry(innermost(stack)).or_default() += count;
        }
        let mut own: Vec<_> = own.into_iter().collect();
        own.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let share = |count| count as f64 / self.samples.max(1) as f64;
        let heaviest = own.into_iter().take(most);
        heaviest.map(|(function, count)| Heavy { share: share(count), function }).collect()
    }
}

/// A line a stack, as tools for flame graphs read it.
impl Display for Stacks {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.counts.iter().try_for_each(|(stack, count)| writeln!(f, "{} {count}", stack.join(";")))
    }
}

/// The full names of functions, by the last line that perf gives for an address in them.
///
/// A line is an address and a function. Where others are inlined at the address, lines with the same address follow,
/// innermost first, the last one being the function again; for some samples the first line is not there.
fn names(script: &str) -> HashMap<&str, &str> {
    let mut names = HashMap::new();
    let mut lines = script.lines().map(address_and_function).peekable();
    while let Some((address, function)) = lines.next() {
        let mut last = None;
        while let Some((_, line)) = lines.next_if(|line| line.0 == address && line.1.ends_with(INLINED)) {
            last = Some(line);
        }
        if let Some(last) = last.filter(|_| !function.ends_with(INLINED)) {
            names.insert(last, function);
        }
    }
    names
}

/// The frames of a sample, innermost first. Its first line is the command.
fn frames(sample: &str, names: &HashMap<&str, &str>) -> Vec<String> {
    let mut frames = Vec::new();
    let mut lines = sample.lines().skip(1).map(address_and_function).peekable();
    while let Some((address, first)) = lines.next() {
        let (mut function, mut inlined) = (first, Vec::new());
        if first.ends_with(INLINED) {
            inlined.push(first);
        }
        while let Some((_, line)) = lines.next_if(|line| line.0 == address && line.1.ends_with(INLINED)) {
            inlined.push(line);
        }
        if let Some(last) = inlined.pop() {
            function = names.get(last).copied().unwrap_or(last);
        }
        frames.extend(inlined.into_iter().map(shortened));
        frames.push(shortened(function));
    }
    frames
}

fn address_and_function(line: &str) -> (&str, &str) {
    line.trim().split_once(' ').unwrap_or((line, "[unknown]"))
}

/// A function without the generic arguments of what was inlined, and types without their modules.
fn shortened(function: &str) -> String {
    if let Some(inlined) = function.strip_suffix(INLINED) {
        let end = inlined.find('<').filter(|&at| at > 0).unwrap_or(inlined.len());
        return format!("{}{INLINED}", &inlined[..end]);
    }
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut short = String::new();
    let mut rest = function;
    while !rest.is_empty() {
        let (path, after) = rest.split_at(rest.find(|c| !is_path(c)).unwrap_or(rest.len()));
        let is_type = |part: &&str| part.starts_with(char::is_uppercase);
        let modules: usize =
            path.split("::").take_while(|part| !is_type(part)).map(|part| part.len() + 2).sum();
        short.push_str(path.get(modules..).unwrap_or(path));
        let (other, after) = after.split_at(after.find(is_path).unwrap_or(after.len()));
        short.push_str(other);
        rest = after;
    }
    short
}

/// The innermost function of a stack, with the node that it is part of, or else the function that it is compiled into.
fn innermost(stack: &[String]) -> String {
    let Some(innermost) = stack.last() else { return "(the loop over the steps)".to_owned() };
    let Some(inlined) = innermost.strip_suffix(INLINED) else { return innermost.clone() };
    let is_node = |frame: &&String| frame.contains(" as Node>::");
    let within =
        stack.iter().rfind(is_node).or_else(|| stack.iter().rfind(|frame| !frame.ends_with(INLINED)));
    within.map_or_else(|| inlined.to_owned(), |within| format!("{inlined} in {within}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "bench \n\t  1a probe\n\t  2b <join as Node>::compute\n\t  3c x::measured_step\n\t  4d main\n\n\
        bench \n\t  1b probe\n\t  2b <join as Node>::compute\n\t  3c x::measured_step\n\n\
        bench \n\t  5e load\n\t  4d main\n\n\
        bench \n\t  2c <join as Node>::compute\n\t  3c x::measured_step\n\t  4d main\n\n";

    #[test]
    fn stacks_are_cut_at_the_root_and_counted() {
        let stacks = Stacks::read(SCRIPT, "measured_step");
        assert_eq!((stacks.samples, stacks.all), (3, 4));
        let probe = vec!["<join as Node>::compute".to_owned(), "probe".to_owned()];
        assert_eq!(stacks.counts.get(&probe), Some(&2));
    }

    #[test]
    fn the_heaviest_are_innermost() {
        let heaviest = Stacks::read(SCRIPT, "measured_step").heaviest(1);
        assert_eq!(heaviest, [Heavy { share: 2.0 / 3.0, function: "probe".to_owned() }]);
        assert!(Stacks::default().heaviest(3).is_empty());
    }

    #[test]
    fn what_is_inlined_stands_above_what_it_is_inlined_in() {
        let script = "bench \n\t 1a <a::nodes::Join<K> as a::Node>::compute\n\t 1a eq<u64, u64> (inlined)\n\
            \t 1a probe<u64> (inlined)\n\t 1a compute<u64> (inlined)\n\t 2b x::measured_step\n\t 2b f (inlined)\n\
            \t 2b measured_step (inlined)\n\n";
        let stacks = Stacks::read(script, "x::measured_step");
        assert_eq!(
            stacks.to_string(),
            "f (inlined);<Join<K> as Node>::compute;probe (inlined);eq (inlined) 1\n"
        );
        assert_eq!(stacks.heaviest(1)[0].function, "eq in <Join<K> as Node>::compute");
        let other = "bench \n\t 1b hash (inlined)\n\t 1b compute<u64> (inlined)\n\t 2b x::measured_step\n";
        let both = Stacks::read(&(script.to_owned() + other), "x::measured_step");
        let folded = both.to_string();
        assert!(
            folded.contains("<Join<K> as Node>::compute;hash (inlined) 1\n"),
            "the name is known: {folded}"
        );
        assert_eq!(shortened("a::b::c"), "a::b::c");
    }
}
