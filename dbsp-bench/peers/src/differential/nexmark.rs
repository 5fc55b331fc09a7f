//! The Nexmark queries on differential dataflow.
//!
//! Written with the idioms of its book and examples: `join_core` with the condition inside, `reduce` for the
//! greatest value of a group (its input is sorted, so that it is the last; the book's "reduce"), `explode` and
//! `count_total` for sums and counts (`examples/degrees.rs`), `distinct`; q9 joins twice with one arrangement of
//! the auctions (the book's "sharing arrangements"), so that the groups it reduces hold numbers alone.
//!
//! Rows share their strings with the generated ones, as ours do.

use std::cmp::Reverse;
use std::hint::black_box;
use std::sync::Arc;

use anyhow::Result;
use dbsp_bench::nexmark::changes::Changes;
use dbsp_bench::nexmark::events::{Auction, Bid, Person};
use dbsp_bench::nexmark::queries::{q0, q1, q2, q3, q5, q7, q8, q9};
use dbsp_bench::nexmark::query::{Engine, Rivals};
use dbsp_zset::Delta;
use differential_dataflow::Data;
use differential_dataflow::operators::CountTotal as _;
use timely::dataflow::ProbeHandle;
use timely::worker::Worker;

use super::{Input, NAME, Output, Rows, Time, Update, gathered, run, worker};

/// The tables as collections.
struct Tables<'scope> {
    persons: Rows<'scope, Person>,
    auctions: Rows<'scope, Auction>,
    bids: Rows<'scope, Bid>,
}

/// A query.
type Query<D> = for<'scope> fn(Tables<'scope>) -> Rows<'scope, D>;

/// The queries of this engine.
#[must_use]
pub fn rivals() -> Rivals {
    Rivals {
        q0: vec![(NAME, || start(bids_through, |row| *row))],
        q1: vec![(NAME, || start(in_euros, |row| *row))],
        q2: vec![(NAME, || start(selection, |row| *row))],
        q3: vec![(NAME, || start(suggestion, Clone::clone))],
        q4: vec![(NAME, || {
            start(averages, |(category, (sum, count))| (*category, *sum as i128, *count as i64))
        })],
        q5: vec![(NAME, || start(hot_items, |row| *row))],
        q7: vec![(NAME, || start(highest, |row| *row))],
        q8: vec![(NAME, || start(new_users, Clone::clone))],
        q9: vec![(NAME, || start(winning_bids, winner))],
    }
}

fn bids_through(tables: Tables<'_>) -> Rows<'_, q0::Row> {
    tables.bids.map(|bid| (bid.auction, bid.bidder, bid.price, bid.date_time))
}

fn in_euros(tables: Tables<'_>) -> Rows<'_, q1::Row> {
    tables.bids.map(|bid| (bid.auction, bid.bidder, 908 * bid.price, bid.date_time))
}

fn selection(tables: Tables<'_>) -> Rows<'_, q2::Row> {
    tables.bids.flat_map(|bid| (bid.auction % 123 == 0).then_some((bid.auction, bid.price)))
}

fn suggestion(tables: Tables<'_>) -> Rows<'_, q3::Row> {
    let persons = tables.persons.flat_map(|person| {
        let is_asked_for = matches!(&*person.state, "or" | "id" | "ca");
        is_asked_for.then_some((person.id, (person.name, person.city, person.state)))
    });
    tables
        .auctions
        .flat_map(|auction| (auction.category == 10).then_some((auction.seller, auction.id)))
        .arrange_by_key()
        .join_core(persons.arrange_by_key(), |_, auction, (name, city, state)| {
            Some((name.clone(), city.clone(), state.clone(), *auction))
        })
}

fn averages(tables: Tables<'_>) -> Rows<'_, (u64, (isize, isize))> {
    let bids = tables.bids.map(|bid| (bid.auction, (bid.date_time, bid.price)));
    tables
        .auctions
        .map(|auction| (auction.id, (auction.category, auction.date_time, auction.expires)))
        .arrange_by_key()
        .join_core(bids.arrange_by_key(), |id, (category, opened, expires), (time, price)| {
            (opened <= time && time <= expires).then_some(((*id, *category), *price))
        })
        .reduce(greatest)
        .explode(|((_, category), price)| Some((category, (price as isize, 1))))
        .count_total()
}

/// The greatest value of a group, once.
fn greatest<K, V: Copy>(_: &K, group: &[(&V, isize)], output: &mut Vec<(V, isize)>) {
    output.extend(group.last().map(|(value, _)| (**value, 1)));
}

fn hot_items(tables: Tables<'_>) -> Rows<'_, q5::Row> {
    const HOP: i64 = 2_000;
    let counts = tables
        .bids
        .flat_map(|bid| {
            let (auction, last) = (bid.auction, bid.date_time - bid.date_time.rem_euclid(HOP));
            (0..5).map(move |earlier| (last - earlier * HOP, auction))
        })
        .count_total();
    let most = counts.clone().map(|((start, _), count)| (start, count)).reduce(greatest);
    counts
        .map(|((start, auction), count)| ((start, count), auction))
        .arrange_by_key()
        .join_core(most.arrange_by_self(), |(_, count), auction, ()| Some((*auction, *count as i64)))
}

/// The length of a window, in ms.
const WINDOW: i64 = 10_000;

fn window_start(time: i64) -> i64 {
    time - time.rem_euclid(WINDOW)
}

fn highest(tables: Tables<'_>) -> Rows<'_, q7::Row> {
    let most =
        tables.bids.clone().map(|bid| (window_start(bid.date_time) + WINDOW, bid.price)).reduce(greatest);
    tables
        .bids
        .flat_map(|bid| {
            let (start, row) =
                (window_start(bid.date_time), (bid.auction, bid.price, bid.bidder, bid.date_time));
            let ends = std::iter::once(start + WINDOW).chain((start == bid.date_time).then_some(start));
            ends.map(move |end| ((end, row.1), row))
        })
        .arrange_by_key()
        .join_core(most.arrange_by_self(), |_, row, ()| Some(*row))
}

fn new_users(tables: Tables<'_>) -> Rows<'_, q8::Row> {
    let sellers = tables.auctions.map(|auction| (auction.seller, window_start(auction.date_time))).distinct();
    tables
        .persons
        .map(|person| ((person.id, window_start(person.date_time)), person.name))
        .distinct()
        .arrange_by_key()
        .join_core(sellers.arrange_by_self(), |(id, start), name, ()| Some((*id, Arc::clone(name), *start)))
}

/// The columns of an auction that q9's result has, but its id.
type Item = (Arc<str>, Arc<str>, i64, i64, i64, i64, u64, u64);
/// A bid in the order in which bids win.
type Candidate = (i64, Reverse<i64>, Reverse<u64>);

fn winning_bids(tables: Tables<'_>) -> Rows<'_, (u64, Item, Candidate)> {
    let auctions = tables
        .auctions
        .map(|auction| {
            let item = (
                auction.item_name,
                auction.description,
                auction.initial_bid,
                auction.reserve,
                auction.date_time,
                auction.expires,
                auction.seller,
                auction.category,
            );
            (auction.id, item)
        })
        .arrange_by_key();
    let winners = tables
        .bids
        .map(|bid| (bid.auction, (bid.price, Reverse(bid.date_time), Reverse(bid.bidder))))
        .arrange_by_key()
        .join_core(auctions.clone(), |id, bid, item| {
            let time = bid.1.0;
            (item.4 <= time && time <= item.5).then_some((*id, *bid))
        })
        .reduce(greatest);
    winners.arrange_by_key().join_core(auctions, |id, bid, item| Some((*id, item.clone(), *bid)))
}

fn winner((id, item, (price, Reverse(time), Reverse(bidder))): &(u64, Item, Candidate)) -> q9::Row {
    let (item_name, description, initial_bid, reserve, date_time, expires, seller, category) = item.clone();
    q9::Row {
        item: q9::Item {
            id: *id,
            item_name,
            description,
            initial_bid,
            reserve,
            date_time,
            expires,
            seller,
            category,
        },
        bidder: *bidder,
        price: *price,
        bid_date_time: *time,
    }
}

/// A dataflow of one query.
struct Differential<D, R> {
    worker: Worker,
    persons: Input<Person>,
    auctions: Input<Auction>,
    bids: Input<Bid>,
    probe: ProbeHandle<Time>,
    output: Output<D>,
    decode: fn(&D) -> R,
    now: Time,
    prepared: Prepared,
}

/// A step's changes in the dataflow's form.
#[derive(Default)]
struct Prepared {
    persons: Vec<Update<Person>>,
    auctions: Vec<Update<Auction>>,
    bids: Vec<Update<Bid>>,
}

fn start<D: Data, R: 'static>(query: Query<D>, decode: fn(&D) -> R) -> Result<Box<dyn Engine<R>>> {
    let mut worker = worker();
    let probe = ProbeHandle::new();
    let (persons, auctions, bids, output) = worker.dataflow::<Time, _, _>(|scope| {
        let (persons_input, persons) = Input::new(&scope);
        let (auctions_input, auctions) = Input::new(&scope);
        let (bids_input, bids) = Input::new(&scope);
        let result = query(Tables { persons, auctions, bids });
        (persons_input, auctions_input, bids_input, gathered(result, &probe))
    });
    let prepared = Prepared::default();
    Ok(Box::new(Differential { worker, persons, auctions, bids, probe, output, decode, now: 0, prepared }))
}

impl<D: Data, R> Engine<R> for Differential<D, R> {
    fn prepare(&mut self, changes: &Changes) {
        fn updates<D: Clone>(changes: &Delta<D>, time: Time) -> Vec<Update<D>> {
            changes.iter().map(|(row, weight)| (row.clone(), time, *weight as isize)).collect()
        }
        self.prepared = Prepared {
            persons: updates(&changes.persons, self.now),
            auctions: updates(&changes.auctions, self.now),
            bids: updates(&changes.bids, self.now),
        };
    }

    fn step(&mut self) -> Result<()> {
        self.output.borrow_mut().clear();
        self.persons.send(&mut self.prepared.persons, self.now);
        self.auctions.send(&mut self.prepared.auctions, self.now);
        self.bids.send(&mut self.prepared.bids, self.now);
        run(&mut self.worker, &self.probe, self.now);
        self.now += 1;
        Ok(())
    }

    fn touch(&self) -> i64 {
        black_box(&*self.output.borrow()).iter().map(|(_, weight)| *weight as i64).sum()
    }

    fn read(&self, rows: &mut Vec<(R, i64)>) {
        let output = self.output.borrow();
        rows.extend(output.iter().map(|(row, weight)| ((self.decode)(row), *weight as i64)));
    }
}
