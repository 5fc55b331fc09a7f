//! Generated streams, cut into steps of several sizes, with and without deletions.
//!
//! The generator's 3,000 first events span 0.3 s. Here their times are stretched, to have windows and
//! bids at the very border of two, and their prices coarsened, to have bids that tie.

use rand::rngs::SmallRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use super::agree;
use crate::nexmark::events::Event;
use crate::nexmark::generator::{BASE_TIME, Generator};
use crate::nexmark::queries::{q0::Q0, q1::Q1, q2::Q2, q3::Q3, q4::Q4, q5::Q5, q7::Q7, q8::Q8, q9::Q9};
use crate::nexmark::query::Query;

/// The first `count` events, spread over 200 times as much time, with 40 different prices.
fn crowded(count: usize) -> impl Iterator<Item = Event> {
    let stretch = |time: &mut i64| *time = BASE_TIME + (*time - BASE_TIME) * 200;
    Generator::new().take(count).map(move |mut event| {
        match &mut event {
            Event::Person(row) => stretch(&mut row.date_time),
            Event::Auction(row) => {
                stretch(&mut row.date_time);
                stretch(&mut row.expires);
            }
            Event::Bid(row) => {
                stretch(&mut row.date_time);
                row.price %= 40;
            }
        }
        event
    })
}

/// Inserts in the stream's order; after three of ten a row that stands is deleted, or, one time in four,
/// inserted once more.
fn with_deletions(count: usize) -> Vec<(Event, i64)> {
    let mut random = SmallRng::seed_from_u64(7);
    let (mut changes, mut standing) = (Vec::new(), Vec::new());
    for event in crowded(count) {
        changes.push((event.clone(), 1));
        standing.push(event);
        if random.random_bool(0.3) {
            let at = random.random_range(0..standing.len());
            if random.random_bool(0.25) {
                let again = standing[at].clone();
                changes.push((again.clone(), 1));
                standing.push(again);
            } else {
                changes.push((standing.swap_remove(at), -1));
            }
        }
    }
    changes
}

/// All changes of [`with_deletions`] in random order: rows are deleted before they are inserted.
fn in_random_order(count: usize) -> Vec<(Event, i64)> {
    let mut changes = with_deletions(count);
    changes.shuffle(&mut SmallRng::seed_from_u64(8));
    changes
}

/// Inserts everything, then deletes everything, in random order.
fn to_nothing(count: usize) -> Vec<(Event, i64)> {
    let mut changes: Vec<_> = crowded(count).map(|event| (event, 1)).collect();
    let mut deletions: Vec<_> = changes.iter().map(|(event, _)| (event.clone(), -1)).collect();
    deletions.shuffle(&mut SmallRng::seed_from_u64(9));
    changes.append(&mut deletions);
    changes
}

fn check<Q: Query>() {
    let plain: Vec<_> = Generator::new().take(3_000).map(|event| (event, 1)).collect();
    let insertions: Vec<_> = crowded(3_000).map(|event| (event, 1)).collect();
    for size in [1, 7, 1_000] {
        let rows = agree::<Q>(&plain, size);
        assert!(!rows.is_empty(), "{} finds nothing in the stream", Q::NAME);
        agree::<Q>(&insertions, size);
        agree::<Q>(&with_deletions(1_500), size);
        agree::<Q>(&in_random_order(1_500), size);
        let rows = agree::<Q>(&to_nothing(1_000), size);
        assert!(rows.is_empty(), "{} of empty tables has rows: {rows:?}", Q::NAME);
    }
}

macro_rules! checks {
    ($($name:ident: $query:ty,)*) => {$(
        #[test]
        fn $name() {
            check::<$query>();
        }
    )*};
}

checks! {
    q0_agrees_with_its_oracle: Q0,
    q1_agrees_with_its_oracle: Q1,
    q2_agrees_with_its_oracle: Q2,
    q3_agrees_with_its_oracle: Q3,
    q4_agrees_with_its_oracle: Q4,
    q5_agrees_with_its_oracle: Q5,
    q7_agrees_with_its_oracle: Q7,
    q8_agrees_with_its_oracle: Q8,
    q9_agrees_with_its_oracle: Q9,
}

#[test]
fn the_highest_bid_of_a_window_counts_at_its_very_end_too() {
    let bids = crowded(3_000).filter_map(|event| if let Event::Bid(bid) = event { Some(bid) } else { None });
    let mut bids: Vec<_> = bids.take(3).collect();
    // Windows end at 10 s and 20 s; the second bid is between them and as high as the first window's.
    for (bid, (seconds, price)) in bids.iter_mut().zip([(3, 50), (10, 50), (12, 60)]) {
        (bid.date_time, bid.price) = (BASE_TIME + seconds * 1_000, price);
    }
    let changes: Vec<_> = bids.into_iter().map(|bid| (Event::Bid(bid), 1)).collect();
    for size in [1, 3] {
        let seconds: Vec<_> =
            agree::<Q7>(&changes, size).iter().map(|(row, _)| (row.3 - BASE_TIME) / 1_000).collect();
        assert_eq!(seconds.len(), 3);
        assert!([3, 10, 12].iter().all(|second| seconds.contains(second)));
    }
}
