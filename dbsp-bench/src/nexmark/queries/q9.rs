//! q9, winning bids: each auction with its highest bid, the earliest of equals.
//!
//! # SQL  `SELECT id, item_name, description, initial_bid, reserve, date_time, expires, seller, category,
//!   auction, bidder, price, bid_date_time FROM (SELECT a.*, b.auction, b.bidder, b.price, b.date_time
//!   AS bid_date_time, ROW_NUMBER() OVER (PARTITION BY a.id ORDER BY b.price DESC, b.date_time ASC) AS
//!   rownum FROM auction a, bid b WHERE a.id = b.auction AND b.date_time BETWEEN a.date_time AND
//!   a.expires) WHERE rownum <= 1` (`q9.sql`, `q9.slt.part`).
//! # Formula  `top₁[id; price ↓, time ↑](σ(auction ⋈ bid))`. The top row of an order is the maximum of a
//!   `Candidate`, in which time counts backwards.
//! # State  auctions and bids by auction, the candidates of each auction in order.
//!
//! SQL leaves open which of two bids of one price and one time wins; the smaller bidder does, here and in
//! the oracle.

use std::cmp::Reverse;
use std::sync::Arc;

use dbsp_runtime::Output;

use crate::nexmark::events::Auction;
use crate::nexmark::oracle::{self, Tables};
use crate::nexmark::query::{Query, Rival, Rivals, Sources};

/// The query q9.
pub struct Q9;

/// An auction that somebody bid for in time, and the bid that wins it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// What is sold.
    pub item: Item,
    /// The person who wins.
    pub bidder: u64,
    /// The highest price.
    pub price: i64,
    /// When it was bid.
    pub bid_date_time: i64,
}

/// The columns of an auction that the result has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    /// The auction.
    pub id: u64,
    /// What is sold.
    pub item_name: Arc<str>,
    /// What is said about it.
    pub description: Arc<str>,
    /// The first price, in cents.
    pub initial_bid: i64,
    /// The price below which the item is not sold, in cents.
    pub reserve: i64,
    /// When the auction opened, in ms.
    pub date_time: i64,
    /// When the auction closes, in ms.
    pub expires: i64,
    /// The person who sells.
    pub seller: u64,
    /// The category.
    pub category: u64,
}

/// A bid in the order in which bids win; behind it the auction, shared by all of its bids.
type Candidate = (i64, Reverse<i64>, Reverse<u64>, Arc<Item>);

impl Query for Q9 {
    const NAME: &'static str = "q9";
    type Row = Row;

    fn circuit(tables: &Sources<'_>) -> Output<Row> {
        let bids = tables.bids.index_by(|bid| (bid.auction, (bid.date_time, bid.price, bid.bidder)));
        tables
            .auctions
            .index_by(|auction| (auction.id, Arc::new(Item::from(auction))))
            .join_flat(bids, |&id, item, &(time, price, bidder)| {
                (item.date_time <= time && time <= item.expires).then(|| {
                    let candidate: Candidate = (price, Reverse(time), Reverse(bidder), Arc::clone(item));
                    (id, candidate)
                })
            })
            .keyed()
            .max()
            .rows()
            .map(|(_, (price, Reverse(time), Reverse(bidder), item))| Row {
                item: Item::clone(item),
                bidder: *bidder,
                price: *price,
                bid_date_time: *time,
            })
            .output()
    }

    fn oracle(tables: &Tables<'_>) -> Vec<Row> {
        oracle::q9::rows(tables)
    }

    fn rivals(rivals: &Rivals) -> &[Rival<Row>] {
        &rivals.q9
    }
}

impl From<&Auction> for Item {
    fn from(auction: &Auction) -> Self {
        Self {
            id: auction.id,
            item_name: auction.item_name.clone(),
            description: auction.description.clone(),
            initial_bid: auction.initial_bid,
            reserve: auction.reserve,
            date_time: auction.date_time,
            expires: auction.expires,
            seller: auction.seller,
            category: auction.category,
        }
    }
}
