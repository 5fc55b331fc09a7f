//! q7, highest bid: in each 10 s window the bids with the highest price.
//!
//! # SQL  `SELECT b.auction, b.price, b.bidder, b.date_time FROM bid b JOIN (SELECT MAX(price) AS
//!   maxprice, window_end AS date_time FROM TUMBLE(bid, date_time, 10 s) GROUP BY window_end) m ON
//!   b.price = m.maxprice WHERE b.date_time BETWEEN m.date_time - 10 s AND m.date_time` (`q7.sql`,
//!   `q7.slt.part`).
//! # Formula  `argmax[end; price](bid) + edge ⋈[end, price] δ π[end, price] argmax`. `BETWEEN` is closed on both sides: a
//!   bid at the very end of a window is not of that window, but is a result of it if its price is that
//!   window's highest. These bids are `edge`, with the end of the window before theirs.
//! # State  the bids of each window in order of their prices; beside them only winners, and bids on an edge.

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
        let bids = tables.bids.map(|bid| (bid.auction, bid.price, bid.bidder, bid.date_time));
        let winners = bids
            .index_by(|&(auction, price, bidder, time)| {
                (window_start(time) + WINDOW, (price, (auction, bidder, time)))
            })
            .arg_max();
        let highest = winners.rows().map(|&(end, (price, _))| (end, price)).distinct();
        let edge = bids.filter(|row| window_start(row.3) == row.3).index_by(|&row| ((row.3, row.1), row));
        winners
            .rows()
            .map(|&(_, (price, (auction, bidder, time)))| (auction, price, bidder, time))
            .plus(edge.semijoin(highest).rows().map(|&(_, row)| row))
            .output()
    }

    fn oracle(tables: &Tables<'_>) -> Vec<Row> {
        oracle::q7::rows(tables)
    }

    fn rivals(rivals: &Rivals) -> &[Rival<Row>] {
        &rivals.q7
    }
}
