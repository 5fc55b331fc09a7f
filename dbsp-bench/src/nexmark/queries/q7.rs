//! q7, highest bid: in each 10 s window the bids with the highest price.
//!
//! # SQL  `SELECT b.auction, b.price, b.bidder, b.date_time FROM bid b JOIN (SELECT MAX(price) AS
//!   maxprice, window_end AS date_time FROM TUMBLE(bid, date_time, 10 s) GROUP BY window_end) m ON
//!   b.price = m.maxprice WHERE b.date_time BETWEEN m.date_time - 10 s AND m.date_time` (`q7.sql`,
//!   `q7.slt.part`).
//! # Formula  `bid' ⋈[end, price] γ[end; max price](bid)`, bid' being the bids with the windows that
//!   `BETWEEN` finds for them. It is closed on both sides: a bid at the very end of a window is not of
//!   that window, but is a result of it if its price is that window's highest. Such a bid is in bid'
//!   twice.
//! # State  the bids by window and price, the prices of each window in order.

use dbsp_runtime::Output;

use super::{WINDOW, window_start};
use crate::nexmark::oracle::{self, Tables};
use crate::nexmark::query::{Query, Rival, Rivals, Sources};

/// The query q7.
pub struct Q7;

/// Auction, price, bidder, time of the bid.
pub type Row = (u64, i64, u64, i64);

impl Query for Q7 {
    const NAME: &'static str = "q7";
    type Row = Row;

    fn circuit(tables: &Sources<'_>) -> Output<Row> {
        let highest = tables
            .bids
            .index_by(|bid| (window_start(bid.date_time) + WINDOW, bid.price))
            .max()
            .rows()
            .index_by(|&end_and_price| (end_and_price, ()));
        tables
            .bids
            .flat_map(|bid| {
                let row = (bid.auction, bid.price, bid.bidder, bid.date_time);
                ends(bid.date_time).map(move |end| (end, row))
            })
            .index_by(|&(end, row)| ((end, row.1), row))
            .join(highest, |_, &row, ()| row)
            .output()
    }

    fn oracle(tables: &Tables<'_>) -> Vec<Row> {
        oracle::q7::rows(tables)
    }

    fn rivals(rivals: &Rivals) -> &[Rival<Row>] {
        &rivals.q7
    }
}

/// Ends of the windows with `end - WINDOW <= time <= end`: one, or two where windows touch.
fn ends(time: i64) -> impl Iterator<Item = i64> {
    let start = window_start(time);
    std::iter::once(start + WINDOW).chain((start == time).then_some(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_between_windows_is_of_both() {
        assert_eq!(ends(10_000).collect::<Vec<_>>(), [20_000, 10_000]);
        assert_eq!(ends(10_001).collect::<Vec<_>>(), [20_000]);
        assert_eq!(ends(9_999).collect::<Vec<_>>(), [10_000]);
    }
}
