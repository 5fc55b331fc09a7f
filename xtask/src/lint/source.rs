//! A source file as tidiness sees it: each line's code apart from its comments and strings, tests marked.
//!
//! # Shape
//! A scanner over characters that knows comments (nested), strings (plain and raw), characters and lifetimes;
//! then a pass over the code that marks the item behind each `#[cfg(test)]`.
//!
//! # Not here
//! No syntax tree: nothing here knows more of Rust than where code, comment and string begin.

/// One line of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// The code, with spaces where comments and the insides of strings were.
    pub(crate) code: String,
    /// The text of its comments.
    pub(crate) comment: String,
    /// Ends inside a string literal, so that a space at its end belongs to the program.
    pub(crate) is_open_string: bool,
    /// Lies in an item that only tests build.
    pub(crate) is_test: bool,
}

/// Splits `text` into lines.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    let mut scanner = Scanner { rest: text, previous: ' ', lines: vec![Line::default()] };
    scanner.scan();
    let mut lines = scanner.lines;
    if text.ends_with('\n') {
        lines.pop();
    }
    mark_tests(&mut lines);
    lines
}

/// Whether `word` occurs in `text` with no letter, digit or `_` beside it.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let after = &text[at + word.len()..];
        !text[..at].ends_with(is_part) && !after.starts_with(is_part)
    })
}

struct Scanner<'a> {
    rest: &'a str,
    /// The last character of code, which tells `r"` from the end of a name such as `bar"`.
    previous: char,
    lines: Vec<Line>,
}

#[derive(Clone, Copy)]
enum Kind {
    Code,
    Comment,
    Text,
}

impl Scanner<'_> {
    fn scan(&mut self) {
        while let Some(c) = self.rest.chars().next() {
            let is_name = self.previous.is_alphanumeric() || self.previous == '_';
            if self.rest.starts_with("//") {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.take(end, Kind::Comment);
            } else if self.rest.starts_with("/*") {
                self.take(block_comment(self.rest), Kind::Comment);
            } else if let Some((open, hashes)) = raw_string(self.rest).filter(|_| !is_name) {
                let close = format!("\"{}", "#".repeat(hashes));
                self.take(open, Kind::Code);
                let inside = self.rest.find(&close).unwrap_or(self.rest.len());
                self.take(inside, Kind::Text);
                self.take(close.len().min(self.rest.len()), Kind::Code);
            } else if c == '"' {
                self.take(1, Kind::Code);
                self.take(string(self.rest), Kind::Text);
                self.take(1.min(self.rest.len()), Kind::Code);
            } else if c == '\'' {
                let inside = character(&self.rest[1..]);
                self.take(1, Kind::Code);
                self.take(inside, Kind::Text);
                if inside > 0 {
                    self.take(1.min(self.rest.len()), Kind::Code);
                }
            } else {
                self.take(c.len_utf8(), Kind::Code);
            }
        }
    }

    /// Moves `length` bytes to the lines as `kind`.
    fn take(&mut self, length: usize, kind: Kind) {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        for c in taken.chars() {
            let line = self.lines.last_mut().expect("the scanner starts with one line and only adds");
            if c == '\n' {
                line.is_open_string = matches!(kind, Kind::Text);
                self.lines.push(Line::default());
                continue;
            }
            line.code.push(if matches!(kind, Kind::Code) { c } else { ' ' });
            if matches!(kind, Kind::Comment) {
                line.comment.push(c);
            }
        }
        if matches!(kind, Kind::Code) {
            self.previous = taken.chars().next_back().unwrap_or(self.previous);
        }
    }
}

/// The length of the block comment that `text` starts with; such comments nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text[at..];
        let step = if rest.starts_with("/*") {
            depth += 1;
            2
        } else if rest.starts_with("*/") {
            depth -= 1;
            2
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

/// When `text` starts with `r"`, `br#"` or the like: the length up to the quote, and the number of hashes.
fn raw_string(text: &str) -> Option<(usize, usize)> {
    let after =
        text.strip_prefix("br").or_else(|| text.strip_prefix("cr")).or_else(|| text.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some((text.len() - after.len() + hashes + 1, hashes))
}

/// The length of a string's inside, up to its closing quote.
fn string(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !is_escaped => return at,
            _ => is_escaped = c == '\\' && !is_escaped,
        }
    }
    text.len()
}

/// The length of a character literal's inside, given what follows its quote; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut characters = text.char_indices();
    match characters.next() {
        Some((_, '\\')) => {
            characters.next();
            characters.find(|(_, c)| *c == '\'').map_or(0, |(at, _)| at)
        }
        Some(_) => characters.next().filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at),
        None => 0,
    }
}

/// Marks each item behind a `#[cfg(test)]`, from the attribute to its closing brace or semicolon.
fn mark_tests(lines: &mut [Line]) {
    let mut at = 0;
    while at < lines.len() {
        if is_test_attribute(&lines[at].code) {
            let end = end_of_item(lines, at);
            lines[at..=end].iter_mut().for_each(|line| line.is_test = true);
            at = end;
        }
        at += 1;
    }
}

fn is_test_attribute(code: &str) -> bool {
    let code: String = code.split_whitespace().collect();
    code.starts_with("#[cfg(") && has_word(&code, "test") && !code.contains("not(test)")
}

/// The line on which the item that starts at line `start` ends, attributes included.
fn end_of_item(lines: &[Line], start: usize) -> usize {
    // Braces end an item only outside of the brackets of its attributes and the parentheses of its signature.
    let (mut braces, mut others) = (0_i32, 0_i32);
    for (at, line) in lines.iter().enumerate().skip(start) {
        for c in line.code.chars() {
            match c {
                '(' | '[' => others += 1,
                ')' | ']' => others -= 1,
                '{' => braces += 1,
                '}' => braces -= 1,
                _ => {}
            }
            if braces == 0 && others == 0 && (c == '}' || c == ';') {
                return at;
            }
        }
    }
    lines.len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        lines(text).iter().map(|line| line.code.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn comments_and_strings_are_no_code() {
        assert_eq!(code("let a = \"// no\"; // yes"), "let a = \"     \";");
        assert_eq!(lines("a(); // yes")[0].comment, "// yes");
        assert_eq!(code("a /* b /* c */ d */ e"), "a                   e");
        assert_eq!(code(r#"f("a\"b", c)"#), "f(\"    \", c)");
    }

    #[test]
    fn raw_strings_end_at_their_own_hashes() {
        assert_eq!(code("f(r#\"a \" b\"#, c)"), "f(r#\"     \"#, c)");
        assert_eq!(code("f(r\"\\\", c)"), "f(r\" \", c)");
        assert_eq!(code("r#type + bar(\"x\")"), "r#type + bar(\" \")");
    }

    #[test]
    fn lifetimes_are_no_characters() {
        assert_eq!(
            code("fn f<'a>(x: &'a str) { g('\"', '\\'', 'ä') }"),
            "fn f<'a>(x: &'a str) { g(' ', '  ', ' ') }"
        );
    }

    #[test]
    fn a_string_over_lines_stays_a_string() {
        let lines = lines("let a = \"x \n unsafe \\\n\";\nb");
        assert_eq!(lines.len(), 4);
        assert!(lines[0].is_open_string && lines[1].is_open_string && !lines[2].is_open_string);
        assert_eq!(lines[1].code.trim(), "");
    }

    #[test]
    fn items_for_tests_are_marked_to_their_end() {
        let text = "a();\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n    fn f() {}\n}\nb();\n#[cfg(test)]\nmod more;\nc();\n";
        let marked: Vec<bool> = lines(text).iter().map(|line| line.is_test).collect();
        assert_eq!(marked, [false, true, true, true, true, true, false, true, true, false]);
        assert!(!lines("#[cfg(not(test))]\nmod a;")[1].is_test);
        assert!(lines("#[cfg(all(test, feature = \"x\"))]\nmod a;")[1].is_test);
    }
}
