//! q5, hot items: in each 10 s window (one begins every 2 s) the auctions with the most bids.
//!
//! # SQL  `WITH n AS (SELECT auction, count(*) AS num, window_start AS start FROM HOP(bid, date_time, 2
//!   s, 10 s) GROUP BY auction, window_start) SELECT n.auction, n.num FROM n JOIN (SELECT max(num) AS
//!   most, start FROM n GROUP BY start) m ON n.start = m.start AND n.num >= m.most` (`q5.sql`,
//!   `q5.slt.part`). The window is no column of the result, which therefore has duplicates.
//! # Formula  with `N = γ[start, auction; count](hop(bid))`: `N ⋈[start, num] γ[start; max num](N)`. No
//!   count exceeds the maximum, so `>=` is `=`, and the join is an equi-join: a new maximum meets the
//!   auctions that reach it, not all of the window.
//! # State  a count for each auction and window, twice (by auction and by number), the numbers of each
//!   window in order.
//!
//! Tried: to count each bid once, in the 2 s pane between two starts, and to add up the counts of five
//! panes for each window. Of 2,000,000 events in steps of 40,000 the median step took 3.8 ms instead of
//! 4.1 ms, for 40 MiB more state: not enough to leave the form that the SQL has.

use dbsp_runtime::Output;

use super::WINDOW;
use crate::nexmark::oracle::{self, Tables};
use crate::nexmark::query::{Query, Rival, Rivals, Sources};

/// The query q5.
pub struct Q5;

/// Auction, number of bids.
pub type Row = (u64, i64);

/// From the start of a window to that of the next, in ms.
const HOP: i64 = 2_000;

impl Query for Q5 {
    const NAME: &'static str = "q5";
    type Row = Row;

    fn circuit(tables: &Sources<'_>) -> Output<Row> {
        let counts = tables
            .bids
            .flat_map(|bid| {
                let auction = bid.auction;
                windows(bid.date_time).map(move |start| ((start, auction), ()))
            })
            .index_by(|&keyed| keyed)
            .count()
            .rows();
        let most = counts.index_by(|&((start, _), count)| (start, count)).max();
        let most = most.rows().index_by(|&(start, count)| ((start, count), ()));
        counts
            .index_by(|&((start, auction), count)| ((start, count), auction))
            .join(most, |&(_, count), &auction, ()| (auction, count))
            .output()
    }

    fn oracle(tables: &Tables<'_>) -> Vec<Row> {
        oracle::q5::rows(tables)
    }

    fn rivals(rivals: &Rivals) -> &[Rival<Row>] {
        &rivals.q5
    }
}

/// Starts of the five windows that hold `time`.
fn windows(time: i64) -> impl Iterator<Item = i64> {
    let last = time - time.rem_euclid(HOP);
    (0..WINDOW / HOP).map(move |earlier| last - earlier * HOP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_windows_hold_a_time_and_the_start_is_inside_while_the_end_is_not() {
        assert_eq!(windows(10_000).collect::<Vec<_>>(), [10_000, 8_000, 6_000, 4_000, 2_000]);
        assert_eq!(windows(9_999).collect::<Vec<_>>(), [8_000, 6_000, 4_000, 2_000, 0]);
        assert_eq!(windows(-1).next(), Some(-2_000));
    }
}
