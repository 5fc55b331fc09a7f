//! The stream of events of the public Nexmark definition, made by RisingWave's crate `nexmark` 0.2.
//!
//! # Shape  of 50 consecutive events 1 is a person, 3 are auctions, 46 are bids; half of the bids go to
//!   the hot auction of the moment (ratio 2), three quarters come from the hot bidder and three quarters
//!   of the auctions from the hot seller (ratios 4); ids start at 1000.
//! # Clock  an event every 100 µs, which is the definition's default rate of 10,000 a second, from
//!   2015-07-15T00:00:00Z on, which is the base time of Beam and of RisingWave's published rows.
//! # Invariants  an event is a function of its number: the stream of n events is a prefix of that of n +
//!   1, and is the same in every run.
//!
//! # Is the crate sound?
//!
//! Its source was read and its stream is tested below. It has no thread-local randomness: event n draws
//! from `SmallRng::seed_from_u64(n)`. One default reads the wall clock, the base time, and is set here.
//! What differs from the Java of Beam and Flink, none of it seen by q0 to q5 and q7 to q9:
//!
//! - there is no seed to choose, the event's number is the seed (as in Java); and `SmallRng` is another
//!   generator on 32-bit machines, so that the stream is the same on all 64-bit machines only;
//! - times are computed in `f32` and rounded, where Java multiplies in `f64` and truncates: they never
//!   decrease, and are within 1 ms of n · 100 µs for the first 2,000,000 events, where `f32` resolves 16
//!   µs (it resolves 1 ms at 100,000,000);
//! - item names and descriptions have 20 and 100 letters, where Java draws 3 to 19 and 3 to 99 with
//!   blanks; an auction has its 500 bytes all the same, for the padding makes up the rest;
//! - a bid's channel and URL come on top of its 100 bytes; cities and states are in lower case, as q3
//!   expects.

use std::collections::HashSet;
use std::sync::Arc;

use nexmark::EventGenerator;
use nexmark::config::NexmarkConfig;
use nexmark::event::Event as Made;

use super::events::{Auction, Bid, Event, Person};

/// 2015-07-15T00:00:00Z in ms, the time of the first event.
pub const BASE_TIME: i64 = 1_436_918_400_000;

/// Time from one event to the next, in µs.
pub const EVENT_INTERVAL_MICROS: usize = 100;

/// An endless iterator of events.
pub struct Generator {
    source: EventGenerator,
    names: HashSet<Arc<str>>,
}

impl Generator {
    /// The stream from its first event.
    #[must_use]
    pub fn new() -> Self {
        let rate = 1_000_000 / EVENT_INTERVAL_MICROS;
        let config = NexmarkConfig {
            base_time: BASE_TIME as u64,
            first_rate: rate,
            next_rate: rate,
            ..NexmarkConfig::default()
        };
        Self { source: EventGenerator::new(config), names: HashSet::new() }
    }

    /// One shared copy of a string that many rows have in common.
    fn shared(&mut self, text: String) -> Arc<str> {
        if let Some(known) = self.names.get(text.as_str()) {
            return Arc::clone(known);
        }
        let fresh: Arc<str> = text.into();
        self.names.insert(Arc::clone(&fresh));
        fresh
    }
}

impl Default for Generator {
    fn default() -> Self {
        Self::new()
    }
}

impl Iterator for Generator {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        Some(match self.source.next()? {
            Made::Person(made) => Event::Person(Person {
                id: made.id as u64,
                name: self.shared(made.name),
                email_address: made.email_address.into(),
                credit_card: made.credit_card.into(),
                city: self.shared(made.city),
                state: self.shared(made.state),
                date_time: made.date_time as i64,
                extra: made.extra.into(),
            }),
            Made::Auction(made) => Event::Auction(Auction {
                id: made.id as u64,
                item_name: made.item_name.into(),
                description: made.description.into(),
                initial_bid: made.initial_bid as i64,
                reserve: made.reserve as i64,
                date_time: made.date_time as i64,
                expires: made.expires as i64,
                seller: made.seller as u64,
                category: made.category as u64,
                extra: made.extra.into(),
            }),
            Made::Bid(made) => Event::Bid(Bid {
                auction: made.auction as u64,
                bidder: made.bidder as u64,
                price: made.price as i64,
                channel: self.shared(made.channel),
                url: self.shared(made.url),
                date_time: made.date_time as i64,
                extra: made.extra.into(),
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn time(event: &Event) -> i64 {
        match event {
            Event::Person(row) => row.date_time,
            Event::Auction(row) => row.date_time,
            Event::Bid(row) => row.date_time,
        }
    }

    /// The share of the rows that name the most frequent key among those of the same block.
    fn hot_share(pairs: impl Iterator<Item = (u64, u64)>) -> f64 {
        let mut blocks: BTreeMap<u64, BTreeMap<u64, usize>> = BTreeMap::new();
        for (block, key) in pairs {
            *blocks.entry(block).or_default().entry(key).or_default() += 1;
        }
        let all: usize = blocks.values().flat_map(|keys| keys.values()).sum();
        let hot: usize = blocks.values().filter_map(|keys| keys.values().max()).sum();
        hot as f64 / all as f64
    }

    #[test]
    fn two_streams_are_equal() {
        assert!(Generator::new().take(5_000).eq(Generator::new().take(5_000)));
    }

    #[test]
    fn the_stream_is_the_one_that_was_measured() {
        let (mut auctions, mut bidders) = (0, 0);
        for event in Generator::new().take(10_000) {
            if let Event::Bid(bid) = event {
                auctions += bid.auction;
                bidders += bid.bidder;
            }
        }
        assert_eq!((auctions, bidders), (11_548_959, 9_680_335));
    }

    #[test]
    fn of_50_events_1_is_a_person_3_are_auctions_and_46_are_bids() {
        let events: Vec<_> = Generator::new().take(5_000).collect();
        for fifty in events.chunks(50) {
            assert!(matches!(fifty[0], Event::Person(_)));
            assert!(fifty[1..4].iter().all(|event| matches!(event, Event::Auction(_))));
            assert!(fifty[4..].iter().all(|event| matches!(event, Event::Bid(_))));
        }
    }

    #[test]
    fn ids_count_up_from_1000() {
        let (mut person, mut auction) = (1000, 1000);
        for event in Generator::new().take(5_000) {
            match event {
                Event::Person(row) => {
                    assert_eq!(row.id, person);
                    person += 1;
                }
                Event::Auction(row) => {
                    assert_eq!(row.id, auction);
                    assert!(row.date_time < row.expires && row.initial_bid < row.reserve);
                    assert!((10..15).contains(&row.category));
                    assert!(row.seller >= 1000 && row.seller < person + 10);
                    auction += 1;
                }
                Event::Bid(row) => {
                    assert!(row.auction >= 1000 && row.auction < auction + 10);
                    assert!(row.bidder >= 1000 && row.bidder < person + 10);
                    assert!(row.price >= 100);
                }
            }
        }
    }

    #[test]
    fn an_event_comes_every_100_microseconds_to_within_1_ms() {
        let mut last = BASE_TIME;
        for (number, event) in Generator::new().take(200_000).enumerate() {
            let due = BASE_TIME + (number * EVENT_INTERVAL_MICROS / 1_000) as i64;
            let (now, number) = (time(&event), number as i64);
            assert!(now >= last && (now - due).abs() <= 1, "event {number}: {now} for {due}");
            last = now;
        }
        let far = 1_990_000;
        let mut source = Generator::new();
        source.source = source.source.with_offset(far);
        for (number, event) in (far as usize..).zip(source.take(10_000)) {
            let due = BASE_TIME + (number * EVENT_INTERVAL_MICROS / 1_000) as i64;
            assert!((time(&event) - due).abs() <= 1);
        }
    }

    #[test]
    fn hot_keys_have_their_share_and_rows_their_size() {
        let events: Vec<_> = Generator::new().take(100_000).collect();
        let (mut bids, mut auctions, mut people) = (Vec::new(), Vec::new(), Vec::new());
        for (number, event) in events.iter().enumerate() {
            // A hundred people make a block of 5,000 events, a hundred auctions one of 1,666.
            let number = number as u64;
            match event {
                Event::Bid(row) => bids.push((number, row)),
                Event::Auction(row) => auctions.push((number, row)),
                Event::Person(row) => people.push(row),
            }
        }
        let bidders = hot_share(bids.iter().map(|(n, bid)| (n / 5_000, bid.bidder)));
        let sellers = hot_share(auctions.iter().map(|(n, auction)| (n / 5_000, auction.seller)));
        let on_hot = bids.iter().filter(|(_, bid)| bid.auction % 100 == 0).count() as f64 / bids.len() as f64;
        assert!((bidders - 0.75).abs() < 0.02, "{bidders}");
        assert!((sellers - 0.75).abs() < 0.02, "{sellers}");
        assert!((on_hot - 0.5).abs() < 0.02, "{on_hot}");

        let mean = |sizes: &[usize]| sizes.iter().sum::<usize>() as f64 / sizes.len() as f64;
        let sizes: Vec<_> = bids.iter().map(|(_, row)| 32 + row.extra.len()).collect();
        assert!((mean(&sizes) - 100.0).abs() < 2.0);
        let size = |row: &Auction| 48 + row.item_name.len() + row.description.len() + row.extra.len();
        let sizes: Vec<_> = auctions.iter().map(|(_, row)| size(row)).collect();
        assert!((mean(&sizes) - 500.0).abs() < 3.0);
        let text = |row: &Person| {
            [&row.name, &row.email_address, &row.credit_card, &row.city, &row.state, &row.extra]
                .map(|t| t.len())
        };
        let sizes: Vec<_> = people.iter().map(|row| 8 + text(row).iter().sum::<usize>()).collect();
        assert!((mean(&sizes) - 200.0).abs() < 3.0);
    }
}
