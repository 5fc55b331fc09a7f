//! What is said between the bench and a script: one line of JSON each way.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

/// A request to a script.
#[derive(Debug, Serialize)]
#[serde(tag = "cmd", rename_all = "lowercase")]
pub(super) enum Ask<'a> {
    /// Loads the base and computes the view.
    Load { view: &'a str, rows: &'a Path, dimension: &'a Path },
    /// Takes all changes of a file, one step each, and times the steps at these positions.
    Turn { changes: &'a Path, timed: &'a [usize] },
    /// Ends the process.
    Quit,
}

/// The answer of a script; which fields there are depends on the request.
#[derive(Debug, Default, PartialEq, Deserialize)]
pub(super) struct Answer {
    ok: bool,
    error: Option<String>,
    pub(super) rows: Option<i64>,
    /// As 16 hexadecimal digits: JSON has no whole numbers of 64 bits everywhere.
    pub(super) checksum: Option<String>,
    pub(super) nanos: Option<Vec<u64>>,
    pub(super) cpu_nanos: Option<u64>,
    pub(super) peak_rss_bytes: Option<u64>,
}

impl Answer {
    /// Reads an answer; one that says it failed is an error.
    pub(super) fn parse(line: &str) -> Result<Self> {
        let answer: Self = serde_json::from_str(line.trim())
            .with_context(|| format!("cannot read the answer {:?}", line.trim()))?;
        if !answer.ok {
            bail!("{}", answer.error.as_deref().unwrap_or("it failed and does not say why"));
        }
        Ok(answer)
    }
}

/// A checksum from its hexadecimal digits.
pub(super) fn checksum(digits: &str) -> Result<u64> {
    u64::from_str_radix(digits, 16).with_context(|| format!("{digits:?} is no checksum"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_object() {
        let load = Ask::Load { view: "join", rows: Path::new("a"), dimension: Path::new("b") };
        let text = r#"{"cmd":"load","view":"join","rows":"a","dimension":"b"}"#;
        assert_eq!(serde_json::to_string(&load).unwrap(), text);
        let turn = Ask::Turn { changes: Path::new("c"), timed: &[1, 3] };
        assert_eq!(serde_json::to_string(&turn).unwrap(), r#"{"cmd":"turn","changes":"c","timed":[1,3]}"#);
        assert_eq!(serde_json::to_string(&Ask::Quit).unwrap(), r#"{"cmd":"quit"}"#);
    }

    #[test]
    fn an_answer_has_its_figures_or_says_why_not() {
        let answer = Answer::parse(
            "{\"ok\":true,\"nanos\":[5,7],\"cpu_nanos\":9,\"rows\":-2,\"checksum\":\"ff00000000000001\"}\n",
        )
        .unwrap();
        assert_eq!((answer.rows, answer.nanos, answer.cpu_nanos), (Some(-2), Some(vec![5, 7]), Some(9)));
        assert_eq!(checksum(&answer.checksum.unwrap()).unwrap(), 0xff00_0000_0000_0001);
        assert_eq!(
            Answer::parse(r#"{"ok":false,"error":"no duckdb"}"#).unwrap_err().to_string(),
            "no duckdb"
        );
        assert!(Answer::parse("Traceback").is_err());
        assert!(checksum("xyz").is_err());
    }
}
