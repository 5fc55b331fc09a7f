//! Recipes: what closures must be, a clock as an input, SQL, and long chains.
//!
//! # Pure functions
//! Every closure that an operator takes must be a *pure* function: the same row always gives the same answer, whatever
//! happened in between. An operator calls it when a row comes and again when the row goes, may call it more often than
//! that, and relies on both answers being alike. A closure that reads a clock, a random number, a counter or a table
//! that changes breaks this, and the engine cannot see it: the row that comes passes a filter, the row that goes does
//! not, and what it left behind stays for ever. `dbsp_testkit::check_pure` finds most such closures.
//!
//! What a closure wants to know must come to it as rows, through an input.
//!
//! # A clock as an input
//! "Rows that began less than ten ticks ago" is not `filter(|began| began + 10 > NOW.load())`: insert 5, move the clock,
//! delete 5, and the result holds 5 for ever. Make the ticks that are over an input instead, and take away the rows
//! whose time of expiry is among them, with an antijoin. A tick costs the rows that expire with it, and not those that
//! do not:
//!
//! ```
//! use dbsp_runtime::{Circuit, Error};
//!
//! let (mut circuit, (rows, over, live)) = Circuit::build(|b| {
//!     let (stream, rows) = b.input::<u64>("rows"); // the ticks at which rows began
//!     let (expired, over) = b.input::<u64>("ticks that are over");
//!     let live = stream.index_by(|began| (began + 10, *began)).antijoin(expired).rows().map(|(_, began)| *began);
//!     (rows, over, live.view())
//! })?;
//! circuit[rows].insert(5);
//! circuit.step()?;
//! assert_eq!(circuit[live].get(&5), 1);
//! circuit[over].extend(0..=15); // the clock moves on to 16
//! circuit.step()?;
//! assert!(circuit[live].is_empty());
//! circuit[rows].delete(5);
//! circuit.step()?;
//! assert!(circuit[live].is_empty(), "nothing is left behind");
//! # Ok::<(), Error>(())
//! ```
//!
//! The antijoin keeps the ticks that are over. One can be deleted from its input in the step that deletes the last row
//! that expires with it. A `semijoin` with the ticks that are *not* over is the same the other way round, and suits a few
//! live time slots.
//!
//! # From SQL
//!
//! | SQL | here |
//! |---|---|
//! | `WHERE`, `SELECT` | `filter`, `map` |
//! | `SELECT DISTINCT` | `distinct` |
//! | `GROUP BY k` with `COUNT(*)`, `SUM(v)`, `AVG(v)` | `index_by(\|row\| (k, v))`, then `count`, `sum`, `average`, or several at once: `aggregate((Count, Sum(\|v: &i64\| *v)))` |
//! | an aggregate without `GROUP BY` | the key `()`; without rows there is no row, where SQL has one |
//! | `COUNT(DISTINCT v)` | `index_by(…).distinct().count()` |
//! | `HAVING` | `filter` behind the aggregate |
//! | `MIN`, `MAX`; the row with the greatest | `min`, `max`; `arg_max` |
//! | `JOIN … USING (k)` | `join` of two keyed flows |
//! | `WHERE k IN (…)`, `NOT IN (…)`, `EXISTS` | `semijoin`, `antijoin` |
//! | `UNION ALL`, `UNION`, `INTERSECT`, `EXCEPT` | `plus`, `union`, `intersect`, `except` |
//! | `LEFT JOIN` | the join and, for rows without a partner, an antijoin: see below |
//!
//! ```
//! use dbsp_runtime::{Circuit, Error};
//!
//! let (mut circuit, (people, pets, all)) = Circuit::build(|b| {
//!     let (people, people_input) = b.input::<(u32, &str)>("people");
//!     let (pets, pets_input) = b.input::<(u32, &str)>("pets");
//!     let pairs = people.keyed().join(pets.keyed(), |_, person, pet| (*person, Some(*pet)));
//!     let alone = people.keyed().antijoin(pets.map(|(owner, _)| *owner)).rows().map(|(_, person)| (*person, None));
//!     (people_input, pets_input, pairs.plus(alone).view())
//! })?;
//! circuit[people].extend([(1, "ann"), (2, "bob")]);
//! circuit[pets].extend([(1, "cat")]);
//! circuit.step()?;
//! assert_eq!(circuit[all].get(&("ann", Some("cat"))), 1);
//! assert_eq!(circuit[all].get(&("bob", None)), 1);
//! # Ok::<(), Error>(())
//! ```
//!
//! # Long chains
//! A chain of stateless stages is one type, which nests a level for each stage, and one node of the circuit. That is
//! what makes it fast, and the compiler pays for it: 40 stages cost it a second in a debug build, 120 more than ten, and
//! at 128 it gives up (E0275). [`materialise`](crate::Flow::materialise) ends the type, and a new chain starts behind it: one every
//! 30 stages or so lets a chain of any length compile in no time. Each costs a node: about 15 ns a step, and a write and
//! a read of each row.
//!
//! # Not here
//! No code: this module is a page.
