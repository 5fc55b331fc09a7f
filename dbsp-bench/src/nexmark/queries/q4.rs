//! q4, average price for a category: the mean of the highest bids of a category's auctions.
//!
//! # SQL  `SELECT category, AVG(final) FROM (SELECT MAX(b.price) AS final, a.category FROM auction a, bid
//!   b WHERE a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires GROUP BY a.id,
//!   a.category) GROUP BY category` (`q4.sql`, `q4.slt.part`).
//! # Formula  `γ[category; avg](γ[id, category; max](σ(auction ⋈ bid)))`: the join is bilinear, the
//!   average linear; the maximum is not, and so keeps the prices of each auction in order.
//!   Averages are given as sum and count, as the rivals give them.
//! # State  auctions and bids by auction, the prices of each auction, sum and count of each category.

use dbsp_runtime::{Count, Output, Sum};

use crate::nexmark::oracle::{self, Tables};
use crate::nexmark::query::{Query, Rival, Rivals, Sources};

/// The query q4.
pub struct Q4;

/// Category, and the average as sum and count of the highest bids.
pub type Row = (u64, i128, i64);

impl Query for Q4 {
    const NAME: &'static str = "q4";
    type Row = Row;

    fn circuit(tables: &Sources<'_>) -> Output<Row> {
        let bids = tables.bids.index_by(|bid| (bid.auction, (bid.date_time, bid.price)));
        tables
            .auctions
            .index_by(|auction| (auction.id, (auction.category, auction.date_time, auction.expires)))
            .join_flat(bids, |&id, &(category, opened, expires), &(time, price)| {
                (opened <= time && time <= expires).then_some(((id, category), price))
            })
            .keyed()
            .max()
            .rows()
            .index_by(|&((_, category), highest)| (category, highest))
            .aggregate((Sum(|highest: &i64| *highest), Count))
            .rows()
            .map(|&(category, (sum, count))| (category, sum.into(), count))
            .output()
    }

    fn oracle(tables: &Tables<'_>) -> Vec<Row> {
        oracle::q4::rows(tables)
    }

    fn rivals(rivals: &Rivals) -> &[Rival<Row>] {
        &rivals.q4
    }
}
