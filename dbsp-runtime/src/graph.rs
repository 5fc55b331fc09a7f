//! The graph of a circuit, for people and for tools.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter, Write as _};

use crate::error::Operator;
use crate::node::Placed;

/// The operators of a circuit and the streams between them, in the order in which a step calls them. It is
/// displayed as a list; [`to_dot`](Self::to_dot) gives a picture.
///
/// ```
/// use dbsp_runtime::{Circuit, Error};
///
/// let (circuit, _) = Circuit::build(|b| {
///     let (words, input) = b.input::<String>("words");
///     (input, words.map(|word| word.len()).distinct().view())
/// })?;
/// let graph = circuit.graph();
/// let kinds: Vec<_> = graph.nodes.iter().map(|node| node.operator.kind).collect();
/// assert_eq!(kinds, ["input", "distinct", "view"], "the map is part of the distinct");
/// assert_eq!(graph.nodes[2].inputs, [1]);
/// assert!(graph.to_dot().contains("n1 -> n2"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// The operators.
    pub nodes: Vec<GraphNode>,
}

/// An operator and where its input comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphNode {
    /// What it is.
    pub operator: Operator,
    /// The positions of the operators whose output it reads.
    pub inputs: Vec<usize>,
}

impl Graph {
    pub(crate) fn new(nodes: &[Placed], operators: &[Operator]) -> Self {
        let writers: HashMap<usize, usize> =
            nodes.iter().enumerate().filter_map(|(at, placed)| Some((placed.output?, at))).collect();
        let nodes = nodes.iter().zip(operators).map(|(placed, operator)| GraphNode {
            operator: operator.clone(),
            inputs: placed.inputs.iter().filter_map(|slot| writers.get(slot).copied()).collect(),
        });
        Self { nodes: nodes.collect() }
    }

    /// The graph in the language of Graphviz.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut dot = String::from("digraph circuit {\n  node [shape=box];\n");
        for (at, node) in self.nodes.iter().enumerate() {
            let Operator { kind, name, location } = &node.operator;
            let label = match name {
                Some(name) => format!("{kind} {name}\n{location}"),
                None => format!("{kind}\n{location}"),
            };
            let _ = writeln!(dot, "  n{at} [label={}];", quoted(&label));
            for input in &node.inputs {
                let _ = writeln!(dot, "  n{input} -> n{at};");
            }
        }
        dot.push_str("}\n");
        dot
    }

    /// The graph as JSON: `{"nodes":[{"kind":…,"name":…,"file":…,"line":…,"inputs":[…]}]}`, where an
    /// operator without a name has none.
    #[must_use]
    pub fn to_json(&self) -> String {
        let nodes: Vec<String> = self.nodes.iter().map(GraphNode::to_json).collect();
        format!("{{\"nodes\":[{}]}}", nodes.join(","))
    }
}

/// A line for each operator: its position, what it is, and the positions of those whose output it reads.
impl Display for Graph {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.nodes.iter().enumerate().try_for_each(|(at, node)| {
            let inputs: Vec<String> = node.inputs.iter().map(usize::to_string).collect();
            let reads = if inputs.is_empty() { String::new() } else { format!(" <- {}", inputs.join(", ")) };
            writeln!(f, "{at:>4}  {}{reads}", node.operator)
        })
    }
}

impl GraphNode {
    fn to_json(&self) -> String {
        let Operator { kind, name, location } = &self.operator;
        let name = name.as_ref().map(|name| format!(",\"name\":{}", quoted(name))).unwrap_or_default();
        let file = quoted(location.file());
        format!(
            "{{\"kind\":\"{kind}\"{name},\"file\":{file},\"line\":{},\"inputs\":{:?}}}",
            location.line(),
            self.inputs
        )
    }
}

/// A string literal of JSON; Graphviz reads it back as well, but for control characters.
fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(literal, "\\u{:04x}", c as u32);
            }
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_quotes_and_controls_stay_one_literal() {
        assert_eq!(quoted("a\"b\\c\nd\u{1}"), r#""a\"b\\c\nd\u0001""#);
    }
}
