//! q0, pass-through: every bid, without its strings. Measures what an event costs before any work.
//!
//! # SQL  `SELECT auction, bidder, price, date_time FROM bid` (`q0.sql`, `q0.slt.part`).
//! # Formula  `Δq0 = π(Δbid)`: linear.
//! # State  none.

use dbsp_runtime::Output;

use crate::nexmark::oracle::{self, Tables};
use crate::nexmark::query::{Query, Rival, Rivals, Sources};

/// The query q0.
pub struct Q0;

/// Auction, bidder, price, time of the bid.
pub type Row = (u64, u64, i64, i64);

impl Query for Q0 {
    const NAME: &'static str = "q0";
    type Row = Row;

    fn circuit(tables: &Sources<'_>) -> Output<Row> {
        tables.bids.map(|bid| (bid.auction, bid.bidder, bid.price, bid.date_time)).output()
    }

    fn oracle(tables: &Tables<'_>) -> Vec<Row> {
        oracle::q0::rows(tables)
    }

    fn rivals(rivals: &Rivals) -> &[Rival<Row>] {
        &rivals.q0
    }
}
