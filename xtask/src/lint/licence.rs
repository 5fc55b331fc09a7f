//! Licence expressions: whether a package's SPDX text offers terms that we accept.
//!
//! # Shape
//! `expression = term (OR term)*`, `term = factor (AND factor)*`, `factor = "(" expression ")" | name [WITH
//! exception]`; the old `A/B` reads as `A OR B`. An exception only adds permissions, so a name WITH one is
//! judged as the bare name.

/// Licences whose terms an MIT project can pass on without asking anybody.
const ALLOWED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Whether `expression` can be met by allowed licences alone. Text that does not parse cannot.
pub(crate) fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut parser = Parser { words: spaced.split_whitespace().peekable() };
    parser.any().is_some_and(|is_allowed| is_allowed && parser.words.next().is_none())
}

struct Parser<'a> {
    words: std::iter::Peekable<std::str::SplitWhitespace<'a>>,
}

impl Parser<'_> {
    fn any(&mut self) -> Option<bool> {
        let mut is_allowed = self.all()?;
        while self.words.next_if_eq(&"OR").is_some() {
            is_allowed |= self.all()?;
        }
        Some(is_allowed)
    }

    fn all(&mut self) -> Option<bool> {
        let mut is_allowed = self.one()?;
        while self.words.next_if_eq(&"AND").is_some() {
            is_allowed &= self.one()?;
        }
        Some(is_allowed)
    }

    fn one(&mut self) -> Option<bool> {
        match self.words.next()? {
            "(" => {
                let is_allowed = self.any()?;
                self.words.next_if_eq(&")").map(|_| is_allowed)
            }
            ")" | "OR" | "AND" | "WITH" => None,
            name => {
                if self.words.next_if_eq(&"WITH").is_some() {
                    self.words.next()?;
                }
                Some(ALLOWED.contains(&name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_allowed_side_of_an_or_is_enough_and_both_sides_of_an_and_are_needed() {
        for allowed in [
            "MIT",
            "MIT OR GPL-3.0-only",
            "GPL-2.0/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
            "GPL-3.0 OR (MIT AND ISC)",
        ] {
            assert!(is_allowed(allowed), "{allowed}");
        }
        for denied in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND LGPL-3.0", "SSPL-1.0"] {
            assert!(!is_allowed(denied), "{denied}");
        }
    }

    #[test]
    fn text_that_does_not_parse_is_denied() {
        for denied in ["", "MIT OR", "(MIT", "MIT)", "MIT MIT", "AND MIT", "MIT WITH"] {
            assert!(!is_allowed(denied), "{denied}");
        }
    }
}
