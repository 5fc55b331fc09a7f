//! The package metadata check: what a registry shows of each package that may be published.

use crate::workspace::Member;

/// The fields every publishable member must fill.
const REQUIRED: [&str; 6] = ["description", "license", "repository", "readme", "keywords", "categories"];

/// The fields that are missing, one line each. A readme that names no file counts as missing.
pub(crate) fn check(members: &[Member]) -> Vec<String> {
    let mut problems = Vec::new();
    for member in members.iter().filter(|member| member.is_publishable) {
        for field in REQUIRED.iter().filter(|field| !member.about.contains_key(**field)) {
            let problem = if *field == "readme" { "no readme, or no file there" } else { "not filled in" };
            problems.push(format!("{}: `{field}` in Cargo.toml: {problem}", member.name));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publishable_package_fills_every_field() {
        let filled = REQUIRED.iter().map(|field| (*field, "text".to_owned())).collect();
        let mut member =
            Member { name: "dbsp-zset".to_owned(), is_publishable: true, about: filled, ..Member::default() };
        assert_eq!(check(std::slice::from_ref(&member)), [""; 0]);
        member.about.remove("license");
        member.about.remove("readme");
        let expected = [
            "dbsp-zset: `license` in Cargo.toml: not filled in",
            "dbsp-zset: `readme` in Cargo.toml: no readme, or no file there",
        ];
        assert_eq!(check(std::slice::from_ref(&member)), expected);
        member.is_publishable = false;
        assert_eq!(check(&[member]), [""; 0]);
    }
}
