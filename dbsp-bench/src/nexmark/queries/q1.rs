//! q1, currency conversion: every bid with its price in euros.
//!
//! # SQL  `SELECT auction, bidder, 0.908 * price AS price, date_time FROM bid` (`q1.sql`, `q1.slt.part`).
//! # Formula  `Δq1 = π(Δbid)`: linear.
//! # State  none.
//!
//! SQL multiplies decimals. The product of a whole number and 0.908 is a whole number of thousandths,
//! which is the column here: exact, where a float would not be.

use dbsp_runtime::Output;

use crate::nexmark::oracle::{self, Tables};
use crate::nexmark::query::{Query, Rival, Rivals, Sources};

/// The query q1.
pub struct Q1;

/// Auction, bidder, price in thousandths, time of the bid.
pub type Row = (u64, u64, i64, i64);

/// Thousandths of a euro in a dollar.
const RATE: i64 = 908;

impl Query for Q1 {
    const NAME: &'static str = "q1";
    type Row = Row;

    fn circuit(tables: &Sources<'_>) -> Output<Row> {
        tables.bids.map(|bid| (bid.auction, bid.bidder, RATE * bid.price, bid.date_time)).output()
    }

    fn oracle(tables: &Tables<'_>) -> Vec<Row> {
        oracle::q1::rows(tables)
    }

    fn rivals(rivals: &Rivals) -> &[Rival<Row>] {
        &rivals.q1
    }
}
