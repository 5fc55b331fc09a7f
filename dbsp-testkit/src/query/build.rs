//! A query built as a circuit.

use dbsp_runtime::{Builder, Count, Fraction, Monoid, Overflow, Semigroup, Stream, Sum, View};

use super::evaluate::{both_orders, ends, narrow, packed, rank, residue};
use super::{Chain, Op, Query, QueryInputs, QueryRow};

/// A view of each observed node, with its place.
pub type QueryViews = Vec<(usize, View<QueryRow>)>;

/// What a function of the query calls for each row that it sees.
pub(super) type Probe = fn();

/// Builds the circuit of a query: its three inputs, and a view of each observed node.
pub fn build(query: &Query, builder: &Builder) -> (QueryInputs, QueryViews) {
    build_probed(query, builder, || ())
}

/// As [`build`], with a probe in each function of the query.
pub(super) fn build_probed(query: &Query, builder: &Builder, probe: Probe) -> (QueryInputs, QueryViews) {
    let (first, first_input) = builder.input("input 0");
    let (second, second_input) = builder.input("input 1");
    let (third, third_input) = builder.input("input 2");
    let inputs = [first, second, third];
    let mut streams: Vec<Stream<'_, QueryRow>> = Vec::new();
    for node in &query.nodes {
        let from: Vec<_> = node.from.iter().map(|edge| (streams[edge.node], edge.chain)).collect();
        streams.push(apply(node.op, &inputs, &from, probe));
    }
    let views = query.observed().map(|place| (place, streams[place].view())).collect();
    ((first_input, second_input, third_input), views)
}

/// A source of rows and the functions that they pass on their way.
type Source<'b> = (Stream<'b, QueryRow>, Option<Chain>);

/// Evaluates an expression over the flow of a source: the stream itself, or the stream through its chain.
///
/// A macro, because the two have different types and the operators are compiled for each.
macro_rules! over {
    ($source:expr, $probe:expr, |$flow:ident| $body:expr) => {{
        let probe: Probe = $probe;
        match $source {
            ($flow, None) => $body,
            (stream, Some(chain)) => {
                let map = move |row: &QueryRow| {
                    probe();
                    chain.map.apply(row)
                };
                let keep = move |row: &QueryRow| chain.keep.holds(row);
                let $flow = stream.map(map).filter(keep).flat_map(move |row| chain.spread.rows(row));
                $body
            }
        }
    }};
}

/// As [`over`], by key: a stream as it is shares its arrangement with its other readers.
macro_rules! over_keyed {
    ($source:expr, $probe:expr, |$flow:ident| $body:expr) => {
        match $source {
            (stream, None) => {
                let $flow = stream.keyed();
                $body
            }
            source => over!(source, $probe, |rows| {
                let $flow = rows.index_by(|row| *row);
                $body
            }),
        }
    };
}

fn apply<'b>(
    op: Op,
    inputs: &[Stream<'b, QueryRow>; 3],
    from: &[Source<'b>],
    probe: Probe,
) -> Stream<'b, QueryRow> {
    // Only the first source reaches its operator unfused, so that each operator is compiled twice, not four times.
    let stored = |place: usize| over!(from[place], probe, |rows| rows.materialise());
    let keyed = |place: usize| over_keyed!(from[place], probe, |rows| rows.materialise());
    let keys = |place: usize| stored(place).map(|row| row.0);
    match op {
        Op::Input(input) => inputs[input],
        Op::Stateless => stored(0),
        Op::Neg => over!(from[0], probe, |rows| rows.neg()),
        Op::Plus => over!(from[0], probe, |rows| rows.plus(stored(1))),
        Op::Minus => over!(from[0], probe, |rows| rows.minus(stored(1))),
        Op::SumOf3 => over!(from[0], probe, |rows| rows.sum_of([stored(1), stored(2)])),
        Op::Distinct => over!(from[0], probe, |rows| rows.distinct()),
        Op::Union => over!(from[0], probe, |rows| rows.union(stored(1))),
        Op::Intersect => over!(from[0], probe, |rows| rows.intersect(stored(1))),
        Op::Except => over!(from[0], probe, |rows| rows.except(stored(1))),
        Op::Join(merge) => {
            let image = move |key: &i64, a: &i64, b: &i64| {
                probe();
                merge.apply(key, a, b)
            };
            over_keyed!(from[0], probe, |rows| rows.join(keyed(1), image))
        }
        Op::JoinFlat => {
            over_keyed!(from[0], probe, |rows| rows.join_flat(keyed(1), |_, a, b| both_orders(*a, *b)))
        }
        Op::SelfJoin => keyed(0).join(keyed(0), |_, a, b| ends(*a, *b)),
        Op::Semijoin => over_keyed!(from[0], probe, |rows| rows.semijoin(keys(1)).rows()),
        Op::Antijoin => over_keyed!(from[0], probe, |rows| rows.antijoin(keys(1)).rows()),
        Op::Count => over_keyed!(from[0], probe, |rows| rows.count().rows()),
        Op::Sum => over_keyed!(from[0], probe, |rows| rows.sum().rows()),
        Op::Average => over_keyed!(from[0], probe, |rows| {
            let averages = rows.average();
            let packed = |average: &Fraction| {
                packed(narrow(average.numerator()), narrow(average.denominator().into()))
            };
            averages.map_values(packed).rows().materialise()
        }),
        Op::CountAndSum => over_keyed!(from[0], probe, |rows| {
            let both = rows.aggregate((Count, Sum(|value: &i64| *value)));
            both.map_values(|&(count, sum)| packed(sum, count)).rows().materialise()
        }),
        Op::Min => over_keyed!(from[0], probe, |rows| rows.min().rows()),
        Op::Max => over_keyed!(from[0], probe, |rows| rows.max().rows()),
        Op::Fold => over_keyed!(from[0], probe, |rows| {
            let folded = rows.fold(move |value| {
                probe();
                Residue(residue(*value))
            });
            folded.map_values(|residue| residue.0).rows().materialise()
        }),
        Op::ArgMax => over_keyed!(from[0], probe, |rows| {
            let best = rows.map_values(|value| (rank(*value), *value)).arg_max();
            best.map_values(|&(_, value)| value).rows().materialise()
        }),
    }
}

/// A number modulo 31 under multiplication: a monoid in which nothing says how to take a factor back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Residue(i64);

impl Semigroup for Residue {
    fn try_add_assign(&mut self, other: &Self) -> Result<(), Overflow> {
        self.0 = self.0 * other.0 % 31;
        Ok(())
    }
}

impl Monoid for Residue {
    fn zero() -> Self {
        Self(1)
    }
}
