//! q8, monitor new users: the persons who opened an auction in the 10 s window in which they registered.
//!
//! # SQL  `SELECT p.id, p.name, p.start FROM (SELECT id, name, window_start AS start FROM TUMBLE(person,
//!   date_time, 10 s) GROUP BY id, name, window_start) p JOIN (SELECT seller, window_start AS start FROM
//!   TUMBLE(auction, date_time, 10 s) GROUP BY seller, window_start) a ON p.id = a.seller AND p.start =
//!   a.start` (`q8.sql`, `q8.slt.part`).
//! # Formula  `distinct(π(person)) ⋈[id, start] distinct(π(auction))`: a `GROUP BY` without aggregate is
//!   distinct.
//! # State  both sides twice: once for distinct, once for the join.

use std::sync::Arc;

use dbsp_runtime::Output;

use super::window_start;
use crate::nexmark::oracle::{self, Tables};
use crate::nexmark::query::{Query, Rival, Rivals, Sources};

/// The query q8.
pub struct Q8;

/// Person, name, start of the window.
pub type Row = (u64, Arc<str>, i64);

impl Query for Q8 {
    const NAME: &'static str = "q8";
    type Row = Row;

    fn circuit(tables: &Sources<'_>) -> Output<Row> {
        let sellers = tables
            .auctions
            .index_by(|auction| ((auction.seller, window_start(auction.date_time)), ()))
            .distinct();
        tables
            .persons
            .index_by(|person| ((person.id, window_start(person.date_time)), person.name.clone()))
            .distinct()
            .join(sellers, |&(id, start), name, ()| (id, name.clone(), start))
            .output()
    }

    fn oracle(tables: &Tables<'_>) -> Vec<Row> {
        oracle::q8::rows(tables)
    }

    fn rivals(rivals: &Rivals) -> &[Rival<Row>] {
        &rivals.q8
    }
}
