//! The rows of the three Nexmark tables, and the stream that interleaves them.
//!
//! Columns are those of the public definition. Identifiers are `u64`, prices (cents) and times
//! (milliseconds since 1970) are `i64`, and strings are `Arc<str>`: a row is cloned without copying its
//! text.

use std::sync::Arc;

/// Somebody who registers, to sell or to bid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Person {
    /// The key of the table; the first person is 1000.
    pub id: u64,
    /// First and last name.
    pub name: Arc<str>,
    /// An address of random letters.
    pub email_address: Arc<str>,
    /// Four groups of four digits.
    pub credit_card: Arc<str>,
    /// One of ten cities.
    pub city: Arc<str>,
    /// One of six states, as two letters in lower case.
    pub state: Arc<str>,
    /// When the person registered, in ms.
    pub date_time: i64,
    /// Padding, so that a person has about 200 bytes.
    pub extra: Arc<str>,
}

/// An item that is put up for sale.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Auction {
    /// The key of the table; the first auction is 1000.
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
    /// One of five categories, from 10.
    pub category: u64,
    /// Padding, so that an auction has about 500 bytes.
    pub extra: Arc<str>,
}

/// A price that a person offers for an item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bid {
    /// The auction that is bid for.
    pub auction: u64,
    /// The person who bids.
    pub bidder: u64,
    /// The price offered, in cents.
    pub price: i64,
    /// Where the bid came from.
    pub channel: Arc<str>,
    /// The page it was placed on.
    pub url: Arc<str>,
    /// When the bid was placed, in ms.
    pub date_time: i64,
    /// Padding, so that a bid has about 100 bytes.
    pub extra: Arc<str>,
}

/// One event of the stream: a new row of one of the three tables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A person registers.
    Person(Person),
    /// An auction opens.
    Auction(Auction),
    /// A bid is placed.
    Bid(Bid),
}
