//! RisingWave's published rows and results, where `DBSP_DATA` names the folder that has
//! `nexmark-risingwave`.
//!
//! Results are compared as text, token by token: `a 1.50` stands for `a 1.5`, but every digit counts.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use dbsp_runtime::Output;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom as _;

use super::agree;
use crate::nexmark::events::{Auction, Bid, Event, Person};
use crate::nexmark::generator::BASE_TIME;
use crate::nexmark::oracle::{self, Tables};
use crate::nexmark::queries::{q0, q1, q2, q3, q4, q5, q7, q8, q9};
use crate::nexmark::query::{Query, Sources};

/// A query whose official result is known.
trait Official: Query {
    /// The columns of a row as RisingWave writes them, separated by blanks.
    fn text(row: &Self::Row) -> String;
}

/// q2 in its original form, which RisingWave keeps: five auctions, by their ids.
struct Q2OfFive;

impl Query for Q2OfFive {
    const NAME: &'static str = "q2";
    type Row = q2::Row;

    fn circuit(tables: &Sources<'_>) -> Output<q2::Row> {
        q2::circuit_for(tables, is_of_five)
    }

    fn oracle(tables: &Tables<'_>) -> Vec<q2::Row> {
        oracle::q2::rows(tables, is_of_five)
    }
}

fn is_of_five(auction: u64) -> bool {
    [1007, 1020, 2001, 2019, 2087].contains(&auction)
}

impl Official for q0::Q0 {
    fn text((auction, bidder, price, time): &q0::Row) -> String {
        format!("{auction} {bidder} {price} {}", time_text(*time))
    }
}

impl Official for q1::Q1 {
    fn text((auction, bidder, price, time): &q1::Row) -> String {
        format!("{auction} {bidder} {}.{:03} {}", price / 1_000, price % 1_000, time_text(*time))
    }
}

impl Official for Q2OfFive {
    fn text((auction, price): &q2::Row) -> String {
        format!("{auction} {price}")
    }
}

impl Official for q3::Q3 {
    fn text((name, city, state, auction): &q3::Row) -> String {
        format!("{name} {city} {state} {auction}")
    }
}

impl Official for q4::Q4 {
    fn text((category, sum, count): &q4::Row) -> String {
        let (hundredths, rest) = (sum * 100 / i128::from(*count), sum * 100 % i128::from(*count));
        assert_eq!(rest, 0, "the official averages have at most two decimals");
        format!("{category} {}.{:02}", hundredths / 100, hundredths % 100)
    }
}

impl Official for q5::Q5 {
    fn text((auction, count): &q5::Row) -> String {
        format!("{auction} {count}")
    }
}

impl Official for q7::Q7 {
    fn text((auction, price, bidder, time): &q7::Row) -> String {
        format!("{auction} {price} {bidder} {}", time_text(*time))
    }
}

impl Official for q8::Q8 {
    fn text((person, name, start): &q8::Row) -> String {
        format!("{person} {name} {}", time_text(*start))
    }
}

impl Official for q9::Q9 {
    fn text(row: &q9::Row) -> String {
        let item = &row.item;
        let times = [item.date_time, item.expires, row.bid_date_time].map(time_text);
        format!(
            "{} {} {} {} {} {} {} {} {} {} {} {} {}",
            item.id,
            item.item_name,
            item.description,
            item.initial_bid,
            item.reserve,
            times[0],
            times[1],
            item.seller,
            item.category,
            item.id,
            row.bidder,
            row.price,
            times[2],
        )
    }
}

#[test]
fn official_results_are_met_in_one_step_row_by_row_and_after_coming_and_going() -> Result<()> {
    let Some(folder) = folder() else {
        println!("not run: DBSP_DATA does not name a folder that has nexmark-risingwave");
        return Ok(());
    };
    let events = events(&folder)?;
    assert_eq!(events.len(), 20 + 40 + 50);
    meets_official::<q0::Q0>(&folder, &events)?;
    meets_official::<q1::Q1>(&folder, &events)?;
    meets_official::<Q2OfFive>(&folder, &events)?;
    meets_official::<q3::Q3>(&folder, &events)?;
    meets_official::<q4::Q4>(&folder, &events)?;
    meets_official::<q5::Q5>(&folder, &events)?;
    meets_official::<q7::Q7>(&folder, &events)?;
    meets_official::<q8::Q8>(&folder, &events)?;
    meets_official::<q9::Q9>(&folder, &events)?;
    Ok(())
}

fn meets_official<Q: Official>(folder: &std::path::Path, events: &[Event]) -> Result<()> {
    let file = folder.join("expected").join(format!("{}.txt", Q::NAME));
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let mut expected: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).map(normal).collect();
    expected.sort();

    let inserted: Vec<_> = events.iter().map(|event| (event.clone(), 1)).collect();
    let mut moved: Vec<_> =
        events.iter().flat_map(|event| [(event.clone(), -1), (event.clone(), 1)]).collect();
    moved.shuffle(&mut SmallRng::seed_from_u64(1));
    let mut come_and_gone = inserted.clone();
    come_and_gone.append(&mut moved);

    for (changes, size) in
        [(&inserted, inserted.len()), (&inserted, 1), (&come_and_gone, 1), (&come_and_gone, 9)]
    {
        let mut rows = Vec::new();
        for (row, count) in agree::<Q>(changes, size) {
            rows.extend((0..count).map(|_| normal(&Q::text(&row))));
        }
        rows.sort();
        assert_eq!(rows, expected, "{} in steps of {size}", Q::NAME);
    }
    Ok(())
}

/// The folder of the official rows.
fn folder() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("DBSP_DATA")?).join("nexmark-risingwave");
    folder.is_dir().then_some(folder)
}

/// All official rows: persons, then auctions, then bids.
fn events(folder: &std::path::Path) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    type Persons = (u64, String, String, String, String, String, String, String);
    for row in csv::Reader::from_path(folder.join("person.csv"))?.deserialize() {
        let (id, name, email_address, credit_card, city, state, date_time, extra): Persons = row?;
        events.push(Event::Person(Person {
            id,
            name: name.into(),
            email_address: email_address.into(),
            credit_card: credit_card.into(),
            city: city.into(),
            state: state.into(),
            date_time: time(&date_time)?,
            extra: extra.into(),
        }));
    }
    type Auctions = (u64, String, String, i64, i64, String, String, u64, u64, String);
    for row in csv::Reader::from_path(folder.join("auction.csv"))?.deserialize() {
        let row: Auctions = row?;
        let (id, item_name, description, initial_bid, reserve, date_time, expires, seller, category, extra) =
            row;
        events.push(Event::Auction(Auction {
            id,
            item_name: item_name.into(),
            description: description.into(),
            initial_bid,
            reserve,
            date_time: time(&date_time)?,
            expires: time(&expires)?,
            seller,
            category,
            extra: extra.into(),
        }));
    }
    type Bids = (u64, u64, i64, String, String, String, String);
    for row in csv::Reader::from_path(folder.join("bid.csv"))?.deserialize() {
        let (auction, bidder, price, channel, url, date_time, extra): Bids = row?;
        events.push(Event::Bid(Bid {
            auction,
            bidder,
            price,
            channel: channel.into(),
            url: url.into(),
            date_time: time(&date_time)?,
            extra: extra.into(),
        }));
    }
    Ok(events)
}

/// A time of the day that all official rows are of, `2015-07-15 00:00:20.163`, in ms since 1970.
fn time(text: &str) -> Result<i64> {
    let clock = text.strip_prefix("2015-07-15 ").with_context(|| format!("another day: {text}"))?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut seconds = 0;
    for part in clock.split(':') {
        seconds = seconds * 60 + part.parse::<i64>()?;
    }
    Ok(BASE_TIME + seconds * 1_000 + format!("{fraction:0<3}").parse::<i64>()?)
}

/// The inverse of [`time`].
fn time_text(time: i64) -> String {
    let (seconds, ms) = ((time - BASE_TIME) / 1_000, (time - BASE_TIME) % 1_000);
    let clock = format!("2015-07-15 {:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if ms == 0 { clock } else { format!("{clock}.{ms:03}") }
}

/// A line with one blank between tokens, and numbers without zeros at the end of their decimals.
fn normal(line: &str) -> String {
    let token = |token: &str| match token.split_once('.') {
        Some((whole, decimals)) if decimals.bytes().all(|byte| byte.is_ascii_digit()) => {
            let decimals = decimals.trim_end_matches('0');
            if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") }
        }
        _ => token.to_owned(),
    };
    line.split_whitespace().map(token).collect::<Vec<_>>().join(" ")
}
