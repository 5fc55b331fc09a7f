//! The Nexmark queries on Feldera.
//!
//! Each follows the query of its name in Feldera's own benchmark (`crates/nexmark/src/queries/` of feldera/feldera),
//! over three inputs, a table each, as its SQL has them: no operator then looks at rows of another table. Rows
//! are its tuples; strings are `String`, as there.
//!
//! Where that benchmark answers another question than the public SQL, the operators are those and the question is
//! the SQL's, so that results can be compared: q5, q7 and q8 keep every window, where theirs keep the last one;
//! q4's average is a sum and a count, as ours is there. q9 filters within the join, as its q4 does,
//! where theirs makes all pairs first.

use anyhow::Result;
use dbsp_bench::nexmark::changes::Changes;
use dbsp_bench::nexmark::events::{Auction, Bid, Person};
use dbsp_bench::nexmark::queries::{q3, q4, q5, q7, q8, q9};
use dbsp_bench::nexmark::query::{Engine, Rivals};
use feldera::operator::Max;
use feldera::typed_batch::SpineSnapshot;
use feldera::utils::{Tup2, Tup3, Tup4, Tup7, Tup8, Tup9, Tup10};
use feldera::{DBSPHandle, OrdIndexedZSet, OrdZSet, OutputHandle, RootCircuit, Stream, ZSetHandle, ZWeight};

use super::NAME;
use super::output::{Output, Rows};

/// Id, name, address, card, city, state, time, padding.
type PersonRow = Tup8<u64, String, String, String, String, String, i64, String>;
/// Id, item, description, first price, reserve, opened, expires, seller, category, padding.
type AuctionRow = Tup10<u64, String, String, i64, i64, i64, i64, u64, u64, String>;
/// Auction, bidder, price, channel, page, time, padding.
type BidRow = Tup7<u64, u64, i64, String, String, i64, String>;

/// The tables as streams.
struct Tables {
    persons: Stream<RootCircuit, OrdZSet<PersonRow>>,
    auctions: Stream<RootCircuit, OrdZSet<AuctionRow>>,
    bids: Stream<RootCircuit, OrdZSet<BidRow>>,
}

/// A query, and how its rows are read.
type Query<B> = fn(&Tables) -> OutputHandle<SpineSnapshot<B>>;
type Decode<B, R> =
    fn(&<B as feldera::typed_batch::BatchReader>::Key, &<B as feldera::typed_batch::BatchReader>::Val) -> R;

/// The queries of this engine.
#[must_use]
pub fn rivals() -> Rivals {
    Rivals {
        q0: vec![(NAME, || start::<Bids, _>(bids_through, |Tup4(a, b, p, t), ()| (*a, *b, *p, *t)))],
        q1: vec![(NAME, || start::<Bids, _>(in_euros, |Tup4(a, b, p, t), ()| (*a, *b, *p, *t)))],
        q2: vec![(NAME, || start::<Selected, _>(selection, |Tup2(auction, price), ()| (*auction, *price)))],
        q3: vec![(NAME, || start::<Suggested, _>(suggestion, suggested))],
        q4: vec![(NAME, || {
            start::<Averages, q4::Row>(averages, |category, Tup2(sum, count)| {
                (*category, i128::from(*sum), *count)
            })
        })],
        q5: vec![(NAME, || start::<Hot, q5::Row>(hot_items, |Tup2(auction, count), ()| (*auction, *count)))],
        q7: vec![(NAME, || start::<Highest, q7::Row>(highest, |Tup4(a, p, b, t), ()| (*a, *p, *b, *t)))],
        q8: vec![(NAME, || {
            start::<Users, q8::Row>(new_users, |Tup3(id, name, start), ()| {
                (*id, name.as_str().into(), *start)
            })
        })],
        q9: vec![(NAME, || start::<Winners, q9::Row>(winning_bids, winner))],
    }
}

type Bids = OrdZSet<Tup4<u64, u64, i64, i64>>;

/// `queries/q0.rs`, with the columns that the result has.
fn bids_through(tables: &Tables) -> OutputHandle<SpineSnapshot<Bids>> {
    tables
        .bids
        .map(|Tup7(auction, bidder, price, _, _, time, _)| Tup4(*auction, *bidder, *price, *time))
        .accumulate_output()
}

/// `queries/q1.rs`, in thousandths.
fn in_euros(tables: &Tables) -> OutputHandle<SpineSnapshot<Bids>> {
    tables
        .bids
        .map(|Tup7(auction, bidder, price, _, _, time, _)| Tup4(*auction, *bidder, 908 * price, *time))
        .accumulate_output()
}

type Selected = OrdZSet<Tup2<u64, i64>>;

/// `queries/q2.rs`.
fn selection(tables: &Tables) -> OutputHandle<SpineSnapshot<Selected>> {
    tables
        .bids
        .flat_map(|Tup7(auction, _, price, ..)| (auction % 123 == 0).then(|| Tup2(*auction, *price)))
        .accumulate_output()
}

type Suggested = OrdZSet<Tup4<String, String, String, u64>>;

/// `queries/q3.rs`.
fn suggestion(tables: &Tables) -> OutputHandle<SpineSnapshot<Suggested>> {
    let auctions = tables.auctions.flat_map_index(|Tup10(id, _, _, _, _, _, _, seller, category, _)| {
        (*category == 10).then_some((*seller, *id))
    });
    let persons = tables.persons.flat_map_index(|Tup8(id, name, _, _, city, state, _, _)| {
        let is_asked_for = ["or", "id", "ca"].contains(&state.as_str());
        is_asked_for.then(|| (*id, Tup3(name.clone(), city.clone(), state.clone())))
    });
    auctions
        .join(&persons, |_, auction, Tup3(name, city, state)| {
            Tup4(name.clone(), city.clone(), state.clone(), *auction)
        })
        .accumulate_output()
}

fn suggested(Tup4(name, city, state, auction): &Tup4<String, String, String, u64>, (): &()) -> q3::Row {
    (name.as_str().into(), city.as_str().into(), state.as_str().into(), *auction)
}

type Averages = OrdIndexedZSet<u64, Tup2<i64, i64>>;

/// `queries/q4.rs`.
fn averages(tables: &Tables) -> OutputHandle<SpineSnapshot<Averages>> {
    let auctions = tables.auctions.map_index(|Tup10(id, _, _, _, _, opened, expires, _, category, _)| {
        (*id, Tup3(*category, *opened, *expires))
    });
    let bids =
        tables.bids.map_index(|Tup7(auction, _, price, _, _, time, _)| (*auction, Tup2(*price, *time)));
    auctions
        .join_index(&bids, |id, Tup3(category, opened, expires), Tup2(price, time)| {
            (opened <= time && time <= expires).then_some((Tup2(*id, *category), *price))
        })
        .aggregate(Max)
        .map_index(|(Tup2(_, category), price)| (*category, *price))
        .aggregate_linear(|price| Tup2(*price, 1_i64))
        .accumulate_output()
}

type Hot = OrdZSet<Tup2<u64, i64>>;

/// `queries/q5.rs`, for every window: `weighted_count`, `aggregate(Max)`, `join`.
fn hot_items(tables: &Tables) -> OutputHandle<SpineSnapshot<Hot>> {
    const HOP: i64 = 2_000;
    let counts = tables
        .bids
        .flat_map(|Tup7(auction, _, _, _, _, time, _)| {
            let (auction, last) = (*auction, time - time.rem_euclid(HOP));
            (0..5).map(move |earlier| Tup2(last - earlier * HOP, auction))
        })
        .weighted_count();
    let most = counts
        .map_index(|(Tup2(start, _), count)| (*start, *count))
        .aggregate(Max)
        .map_index(|(start, count)| (Tup2(*start, *count), ()));
    counts
        .map_index(|(Tup2(start, auction), count)| (Tup2(*start, *count), *auction))
        .join(&most, |Tup2(_, count), auction, ()| Tup2(*auction, *count))
        .accumulate_output()
}

/// The length of a window, in ms.
const WINDOW: i64 = 10_000;

fn window_start(time: i64) -> i64 {
    time - time.rem_euclid(WINDOW)
}

type Highest = OrdZSet<Tup4<u64, i64, u64, i64>>;

/// `queries/q7.rs`, for every window.
fn highest(tables: &Tables) -> OutputHandle<SpineSnapshot<Highest>> {
    let most = tables
        .bids
        .map_index(|Tup7(_, _, price, _, _, time, _)| (window_start(*time) + WINDOW, *price))
        .aggregate(Max)
        .map_index(|(end, price)| (Tup2(*end, *price), ()));
    tables
        .bids
        .flat_map_index(|Tup7(auction, bidder, price, _, _, time, _)| {
            let (start, row) = (window_start(*time), Tup4(*auction, *price, *bidder, *time));
            let ends = std::iter::once(start + WINDOW).chain((start == *time).then_some(start));
            ends.map(move |end| (Tup2(end, row.1), row.clone())).collect::<Vec<_>>()
        })
        .join(&most, |_, row, ()| row.clone())
        .accumulate_output()
}

type Users = OrdZSet<Tup3<u64, String, i64>>;

/// `queries/q8.rs`, for every window, and with the `GROUP BY` of the SQL, which is `distinct`.
fn new_users(tables: &Tables) -> OutputHandle<SpineSnapshot<Users>> {
    let sellers = tables
        .auctions
        .map_index(|Tup10(_, _, _, _, _, opened, _, seller, _, _)| (Tup2(*seller, window_start(*opened)), ()))
        .distinct();
    tables
        .persons
        .map_index(|Tup8(id, name, _, _, _, _, time, _)| (Tup2(*id, window_start(*time)), name.clone()))
        .distinct()
        .join(&sellers, |Tup2(id, start), name, ()| Tup3(*id, name.clone(), *start))
        .accumulate_output()
}

/// The columns of an auction that q9's result has.
type Item = Tup9<u64, String, String, i64, i64, i64, i64, u64, u64>;
/// A bid in the order in which bids win: price, time and bidder, the latter two backwards.
type Candidate = Tup3<i64, i64, u64>;
type Winners = OrdIndexedZSet<Item, Candidate>;

/// `queries/q9.rs`: the winning bid is the greatest in an order made for it.
fn winning_bids(tables: &Tables) -> OutputHandle<SpineSnapshot<Winners>> {
    let auctions = tables.auctions.map_index(
        |Tup10(id, item, description, initial, reserve, opened, expires, seller, category, _)| {
            let texts = (item.clone(), description.clone());
            let item = Tup9(*id, texts.0, texts.1, *initial, *reserve, *opened, *expires, *seller, *category);
            (*id, item)
        },
    );
    let bids = tables
        .bids
        .map_index(|Tup7(auction, bidder, price, _, _, time, _)| (*auction, Tup3(*price, -*time, !*bidder)));
    auctions
        .join_index(&bids, |_, item, bid| {
            let (opened, expires, time) = (item.5, item.6, -bid.1);
            (opened <= time && time <= expires).then(|| (item.clone(), bid.clone()))
        })
        .aggregate(Max)
        .accumulate_output()
}

fn winner(item: &Item, Tup3(price, time, bidder): &Candidate) -> q9::Row {
    let Tup9(id, name, description, initial_bid, reserve, date_time, expires, seller, category) = item;
    q9::Row {
        item: q9::Item {
            id: *id,
            item_name: name.as_str().into(),
            description: description.as_str().into(),
            initial_bid: *initial_bid,
            reserve: *reserve,
            date_time: *date_time,
            expires: *expires,
            seller: *seller,
            category: *category,
        },
        bidder: !bidder,
        price: *price,
        bid_date_time: -time,
    }
}

/// A circuit of one query.
struct Feldera<B: Rows, R> {
    circuit: DBSPHandle,
    persons: ZSetHandle<PersonRow>,
    auctions: ZSetHandle<AuctionRow>,
    bids: ZSetHandle<BidRow>,
    output: Output<B>,
    decode: Decode<B, R>,
    prepared: Prepared,
}

/// A step's changes in Feldera's form.
#[derive(Default)]
struct Prepared {
    persons: Vec<Tup2<PersonRow, ZWeight>>,
    auctions: Vec<Tup2<AuctionRow, ZWeight>>,
    bids: Vec<Tup2<BidRow, ZWeight>>,
}

fn start<B: Rows + 'static, R: 'static>(query: Query<B>, decode: Decode<B, R>) -> Result<Box<dyn Engine<R>>> {
    let (circuit, (persons, auctions, bids, output)) = super::start(move |circuit: &mut RootCircuit| {
        let (persons, persons_handle) = circuit.add_input_zset::<PersonRow>();
        let (auctions, auctions_handle) = circuit.add_input_zset::<AuctionRow>();
        let (bids, bids_handle) = circuit.add_input_zset::<BidRow>();
        let output = query(&Tables { persons, auctions, bids });
        Ok((persons_handle, auctions_handle, bids_handle, output))
    })?;
    let (output, prepared) = (Output::<B>::new(output), Prepared::default());
    Ok(Box::new(Feldera { circuit, persons, auctions, bids, output, decode, prepared }))
}

impl<B: Rows, R> Engine<R> for Feldera<B, R> {
    fn prepare(&mut self, changes: &Changes) {
        self.prepared.persons.extend(changes.persons.iter().map(|(row, weight)| Tup2(person(row), *weight)));
        self.prepared
            .auctions
            .extend(changes.auctions.iter().map(|(row, weight)| Tup2(auction(row), *weight)));
        self.prepared.bids.extend(changes.bids.iter().map(|(row, weight)| Tup2(bid(row), *weight)));
    }

    fn step(&mut self) -> Result<()> {
        self.persons.append(&mut self.prepared.persons);
        self.auctions.append(&mut self.prepared.auctions);
        self.bids.append(&mut self.prepared.bids);
        self.circuit.transaction()?;
        self.output.take();
        Ok(())
    }

    fn touch(&self) -> i64 {
        self.output.touch()
    }

    fn read(&self, rows: &mut Vec<(R, i64)>) {
        self.output.for_each(|key, value, weight| rows.push(((self.decode)(key, value), weight)));
    }

    fn works_on_this_thread(&self) -> bool {
        false
    }
}

fn person(row: &Person) -> PersonRow {
    Tup8(
        row.id,
        row.name.to_string(),
        row.email_address.to_string(),
        row.credit_card.to_string(),
        row.city.to_string(),
        row.state.to_string(),
        row.date_time,
        row.extra.to_string(),
    )
}

fn auction(row: &Auction) -> AuctionRow {
    Tup10(
        row.id,
        row.item_name.to_string(),
        row.description.to_string(),
        row.initial_bid,
        row.reserve,
        row.date_time,
        row.expires,
        row.seller,
        row.category,
        row.extra.to_string(),
    )
}

fn bid(row: &Bid) -> BidRow {
    Tup7(
        row.auction,
        row.bidder,
        row.price,
        row.channel.to_string(),
        row.url.to_string(),
        row.date_time,
        row.extra.to_string(),
    )
}
