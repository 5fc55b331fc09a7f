//! q3, local item suggestion: who sells in three states in category 10, and in which auctions.
//!
//! # SQL  `SELECT p.name, p.city, p.state, a.id FROM auction a JOIN person p ON a.seller = p.id WHERE
//!   a.category = 10 AND p.state IN ('or', 'id', 'ca')` (`q3.sql`, `q3.slt.part`).
//! # Formula  with `A = σ(auction)` and `P = σ(person)`: `Δq3 = ΔA ⋈ P + A ⋈ ΔP + ΔA ⋈ ΔP`.
//! # State  the persons of the three states (half of them), the auctions of category 10 (a fifth).

use std::sync::Arc;

use dbsp_runtime::Output;

use crate::nexmark::oracle::{self, Tables};
use crate::nexmark::query::{Query, Rival, Rivals, Sources};

/// The query q3.
pub struct Q3;

/// Name, city and state of the seller, and the auction.
pub type Row = (Arc<str>, Arc<str>, Arc<str>, u64);

impl Query for Q3 {
    const NAME: &'static str = "q3";
    type Row = Row;

    fn circuit(tables: &Sources<'_>) -> Output<Row> {
        let sellers = tables
            .persons
            .filter(|person| matches!(&*person.state, "or" | "id" | "ca"))
            .index_by(|person| (person.id, (person.name.clone(), person.city.clone(), person.state.clone())));
        tables
            .auctions
            .filter(|auction| auction.category == 10)
            .index_by(|auction| (auction.seller, auction.id))
            .join(sellers, |_, &auction, (name, city, state)| {
                (name.clone(), city.clone(), state.clone(), auction)
            })
            .output()
    }

    fn oracle(tables: &Tables<'_>) -> Vec<Row> {
        oracle::q3::rows(tables)
    }

    fn rivals(rivals: &Rivals) -> &[Rival<Row>] {
        &rivals.q3
    }
}
