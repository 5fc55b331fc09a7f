//! The tidiness check: rules of the house style that a program can see.
//!
//! # Shape
//! [`check`] takes a path and a text and gives lines such as `a/b.rs:7: what is wrong`; [`check_tree`] calls it
//! for every Rust file and Cargo manifest that git knows.
//!
//! # Not here
//! What rustfmt and clippy see already.

use anyhow::Result;

use super::source::{self, Line, has_word};
use crate::{report::Findings, workspace::Workspace};

/// A longer file is split; tests do not count.
const MAX_LINES: usize = 800;
/// The only files that may hold `unsafe`: each owns one data structure, and proves each use.
pub(crate) const UNSAFE_FILES: [&str; 3] =
    ["dbsp-zset/src/prefetch.rs", "dbsp-runtime/src/shared.rs", "dbsp-testkit/src/alloc.rs"];
/// How a file opens: with a sentence on what it is, or, a crate, with its readme.
const HEADS: [&str; 2] = ["//!", "#![doc = include_str!("];
/// Names that say nothing: name the thing.
const EMPTY_NAMES: [&str; 4] = ["utils.rs", "common.rs", "types.rs", "helpers.rs"];
/// What is left over from work in progress, in code or in comments.
const LEFTOVERS: [&str; 5] = ["todo!(", "unimplemented!(", "dbg!(", "FIXME", "XXX"];
/// Library code returns errors, and leaves the standard streams to the program.
const LIBRARY_SOURCES: [&str; 4] =
    ["dbsp-zset/kernels/src/", "dbsp-zset/src/", "dbsp-ops/src/", "dbsp-runtime/src/"];
const NOT_IN_LIBRARIES: [&str; 5] = [".unwrap()", "println!", "eprintln!", "print!", "eprint!"];
/// Below the runtime nothing knows a thread, a clock, a file or a socket.
const PURE_SOURCES: [&str; 3] = ["dbsp-zset/kernels/src/", "dbsp-zset/src/", "dbsp-ops/src/"];
const NOT_IN_PURE: [&str; 4] = ["std::thread", "std::time", "std::fs", "std::net"];
/// How far above an `unsafe` its comment may end: a statement may begin between the two.
const SAFETY_REACH: usize = 8;

/// Checks every Rust file and Cargo manifest of the tree.
pub(crate) fn check_tree(workspace: &Workspace) -> Result<Findings> {
    let mut files = workspace.files()?;
    files.retain(|file| file.ends_with(".rs") || file.ends_with(".toml"));
    let mut problems = Vec::new();
    for file in &files {
        problems.extend(check(file, &workspace.read(file)?));
    }
    Ok(Findings { problems, summary: format!("{} files", files.len()) })
}

/// What is untidy in the file at `path`, one line each.
pub(crate) fn check(path: &str, text: &str) -> Vec<String> {
    if !path.ends_with(".rs") {
        return manifest(path, text);
    }
    let lines = source::lines(text);
    let mut problems = whole_file(path, text, &lines);
    let is_test_file = is_test_file(path);
    for (at, (line, raw)) in lines.iter().zip(text.lines()).enumerate() {
        let mut found = anywhere(line, raw);
        if !line.is_test && !is_test_file {
            found.extend(in_library(path, line));
        }
        found.extend(unsafe_use(path, &lines, at));
        found.extend(indented_doc(&lines, at));
        problems.extend(found.iter().map(|problem| format!("{path}:{}: {problem}", at + 1)));
    }
    problems
}

fn manifest(path: &str, text: &str) -> Vec<String> {
    let is_untidy = |line: &str| line.ends_with([' ', '\t']);
    let untidy = text.lines().enumerate().filter(|(_, line)| is_untidy(line));
    untidy.map(|(at, _)| format!("{path}:{}: space at the end of the line", at + 1)).collect()
}

fn whole_file(path: &str, text: &str, lines: &[Line]) -> Vec<String> {
    let mut problems = Vec::new();
    let name = path.rsplit('/').next().unwrap_or(path);
    if EMPTY_NAMES.contains(&name) {
        problems.push(format!("{path}: `{name}` says nothing: name the file after the thing in it"));
    }
    if !HEADS.iter().any(|head| text.starts_with(head)) {
        problems.push(format!("{path}:1: the file does not open with `//!`, a sentence on what it is"));
    }
    let length = lines.iter().filter(|line| !line.is_test).count();
    if length > MAX_LINES && !is_test_file(path) {
        problems.push(format!("{path}: {length} lines without tests, over {MAX_LINES}: split it"));
    }
    problems
}

fn anywhere(line: &Line, raw: &str) -> Vec<String> {
    let is_left = |word: &&&str| match word.strip_suffix('(') {
        Some(_) => line.code.contains(**word),
        None => has_word(&line.code, word) || has_word(&line.comment, word),
    };
    let mut problems: Vec<String> =
        LEFTOVERS.iter().filter(is_left).map(|word| format!("`{word}` is left over")).collect();
    if raw.ends_with([' ', '\t']) && !line.is_open_string {
        problems.push("space at the end of the line".to_owned());
    }
    problems
}

fn in_library(path: &str, line: &Line) -> Vec<String> {
    let starts = |folders: &[&str]| folders.iter().any(|folder| path.starts_with(folder));
    let mut problems = Vec::new();
    if starts(&LIBRARY_SOURCES) {
        // `println!` is also the end of `eprintln!`: a macro counts as a whole word.
        let has = |what: &str| match what.strip_suffix('!') {
            Some(name) => line.code.contains(what) && has_word(&line.code, name),
            None => line.code.contains(what),
        };
        let found = NOT_IN_LIBRARIES.iter().filter(|what| has(what));
        problems.extend(found.map(|what| format!("`{what}` in a library")));
    }
    if starts(&PURE_SOURCES) {
        let found = NOT_IN_PURE.iter().filter(|what| line.code.contains(**what));
        problems.extend(
            found.map(|what| format!("`{what}` in a crate that knows no thread, clock, file or socket")),
        );
    }
    problems
}

fn unsafe_use(path: &str, lines: &[Line], at: usize) -> Option<String> {
    let code = &lines[at].code;
    if !has_word(code, "unsafe") {
        return None;
    }
    if !UNSAFE_FILES.contains(&path) {
        return Some(
            "`unsafe` outside of the files that may hold it; see UNSAFE_FILES in xtask's tidy.rs".to_owned(),
        );
    }
    // A function that is unsafe states what it asks for under `# Safety`, which clippy checks.
    let next = code.split("unsafe").nth(1).unwrap_or_default().trim_start();
    let proves = next.is_empty() || next.starts_with('{') || next.starts_with("impl");
    let above = &lines[at.saturating_sub(SAFETY_REACH)..=at];
    let is_proved = above.iter().any(|line| line.comment.contains("SAFETY:"));
    (proves && !is_proved).then(|| "`unsafe` without a `SAFETY:` comment above it".to_owned())
}

/// To rustdoc, text four spaces to the right is a code block, and so a doctest, but for the inside of a
/// paragraph; a heading is none.
fn indented_doc(lines: &[Line], at: usize) -> Option<String> {
    let doc = |line: &Line| {
        let text = line.comment.strip_prefix("//!").or_else(|| line.comment.strip_prefix("///"))?;
        Some(text.strip_prefix(' ').unwrap_or(text).to_owned())
    };
    let is_heading = doc(lines.get(at.checked_sub(1)?)?)?.starts_with('#');
    let is_indented = doc(&lines[at])?.strip_prefix("    ").is_some_and(|text| !text.trim().is_empty());
    let problem = "indented text right under a heading, which rustdoc takes for a code block";
    (is_heading && is_indented).then(|| problem.to_owned())
}

fn is_test_file(path: &str) -> bool {
    let mut parts = path.split('/');
    path.ends_with("/tests.rs") || parts.any(|part| ["tests", "benches", "examples"].contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(path, text)
    }

    #[test]
    fn a_tidy_file_passes() {
        let text = "//! A thing.\n\n/// Says `x.unwrap()`.\nfn f() {}\n\n#[cfg(test)]\nmod tests {\n    fn g() { h().unwrap(); println!(); }\n}\n";
        assert_eq!(found("dbsp-zset/src/thing.rs", text), [""; 0]);
    }

    #[test]
    fn a_file_opens_with_its_sentence_and_has_a_name() {
        let expected = [
            "a/src/utils.rs: `utils.rs` says nothing: name the file after the thing in it",
            "a/src/utils.rs:1: the file does not open with `//!`, a sentence on what it is",
        ];
        assert_eq!(found("a/src/utils.rs", "fn f() {}\n"), expected);
    }

    #[test]
    fn leftovers_are_found_in_code_and_comments_but_not_in_strings() {
        let text = "//! A.\nfn f() { todo!() } // FIXME later\nconst A: &str = \"XXX dbg!(1)\";\nconst FIXME_NOT: u8 = 0;\n";
        assert_eq!(found("a.rs", text), ["a.rs:2: `todo!(` is left over", "a.rs:2: `FIXME` is left over"]);
    }

    #[test]
    fn libraries_neither_unwrap_nor_print_nor_know_a_clock() {
        let text = "//! A.\nuse std::time::Instant;\nfn f() { g().unwrap(); eprintln!(); }\n";
        let expected = [
            "dbsp-ops/src/a.rs:2: `std::time` in a crate that knows no thread, clock, file or socket",
            "dbsp-ops/src/a.rs:3: `.unwrap()` in a library",
            "dbsp-ops/src/a.rs:3: `eprintln!` in a library",
        ];
        assert_eq!(found("dbsp-ops/src/a.rs", text), expected);
        assert_eq!(found("dbsp-runtime/src/a.rs", text).len(), 2);
        assert_eq!(found("dbsp-bench/src/a.rs", text), [""; 0]);
        assert_eq!(found("dbsp-ops/tests/it/a.rs", text), [""; 0]);
    }

    #[test]
    fn unsafe_stays_in_its_files_and_is_proved_there() {
        let bare = "//! A.\nfn f() {\n    unsafe { g() }\n}\n";
        let proved = "//! A.\nfn f() {\n    // SAFETY: g asks for nothing.\n    unsafe { g() }\n}\n";
        let problem = "`unsafe` outside of the files that may hold it; see UNSAFE_FILES in xtask's tidy.rs";
        assert_eq!(found("dbsp-ops/src/a.rs", proved), [format!("dbsp-ops/src/a.rs:4: {problem}")]);
        assert_eq!(found(UNSAFE_FILES[0], proved), [""; 0]);
        let problem = "`unsafe` without a `SAFETY:` comment above it";
        assert_eq!(found(UNSAFE_FILES[0], bare), [format!("{}:3: {problem}", UNSAFE_FILES[0])]);
        assert_eq!(found("a.rs", "//! A.\n#![allow(unsafe_code)]\n"), [""; 0]);
    }

    #[test]
    fn text_under_a_heading_is_not_indented() {
        let problem = "indented text right under a heading, which rustdoc takes for a code block";
        let text = "//! A.\n//!\n//! # Shape   one\n//!           two\n//!           three\n";
        assert_eq!(found("a.rs", text), [format!("a.rs:4: {problem}")]);
        assert_eq!(found("a.rs", "//! A.\n//!\n//! # Shape\n//! One:\n//!     two\n"), [""; 0]);
    }

    #[test]
    fn only_a_string_may_end_a_line_with_a_space() {
        assert_eq!(
            found("a.rs", "//! A. \nconst A: &str = \"a \nb\";\n"),
            ["a.rs:1: space at the end of the line"]
        );
        assert_eq!(found("Cargo.toml", "[a] \nb = 1\n"), ["Cargo.toml:1: space at the end of the line"]);
    }

    #[test]
    fn a_long_file_is_split_and_its_tests_do_not_count() {
        let long = format!("//! A.\n{}", "fn f() {}\n".repeat(MAX_LINES));
        assert_eq!(found("a.rs", &long), ["a.rs: 801 lines without tests, over 800: split it"]);
        assert_eq!(found("a/tests/b.rs", &long), [""; 0]);
        let tested = format!("//! A.\n#[cfg(test)]\nmod tests {{\n{}}}\n", "fn f() {}\n".repeat(MAX_LINES));
        assert_eq!(found("a.rs", &tested), [""; 0]);
    }
}
