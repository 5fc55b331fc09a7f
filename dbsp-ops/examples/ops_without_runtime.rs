//! Operators in an event loop of one's own: no circuit, no runtime, just `dbsp-ops` and `dbsp-zset`.
//!
//! The program keeps, for each team, how many goals its players have scored. Players change teams and
//! goals are taken back; each event is one step, and a step that fails changes nothing.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

use std::error::Error;

use dbsp_ops::{Join, LinearAggregation, Operator, Sum};
use dbsp_zset::{Delta, IndexedZSet, ZSet};

type Player = &'static str;
type Team = &'static str;

/// What happens outside.
enum Event {
    Joins(Player, Team),
    Leaves(Player, Team),
    Scores(Player, i64),
}

/// `SELECT team, SUM(goals) FROM players JOIN goals USING (player) GROUP BY team`, by hand.
struct Table {
    players: IndexedZSet<Player, Team>,
    goals: IndexedZSet<Player, i64>,
    join: Join,
    total: LinearAggregation<Team, i64, Sum<fn(&i64) -> i64>>,
    view: ZSet<(Team, i64)>,
}

impl Table {
    fn new() -> Self {
        Self {
            players: IndexedZSet::new(),
            goals: IndexedZSet::new(),
            join: Join::new(),
            total: LinearAggregation::new(Sum(|goals: &i64| *goals)),
            view: ZSet::new(),
        }
    }

    /// One step: the deltas of both tables in, the delta of the result out.
    fn step(
        &mut self,
        players: &Delta<(Player, Team)>,
        goals: &Delta<(Player, i64)>,
    ) -> Result<Delta<(Team, i64)>, Box<dyn Error>> {
        let mut scored = Delta::new();
        let pair = |_: &Player, team: &Team, goals: &i64| Some((*team, *goals));
        self.join.step(players, &self.players, goals, &self.goals, pair, &mut scored)?;
        let mut changes = Delta::new();
        if let Err(overflow) = self.total.step(&scored, &mut changes) {
            self.total.abort(&scored)?;
            return Err(overflow.into());
        }
        self.total.commit();
        self.players.try_apply(players)?;
        self.goals.try_apply(goals)?;
        self.view.try_apply(&changes)?;
        Ok(changes)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let events = [
        Event::Joins("mia", "red"),
        Event::Joins("ada", "blue"),
        Event::Scores("mia", 2),
        Event::Scores("ada", 1),
        Event::Leaves("mia", "red"),
        Event::Joins("mia", "blue"),
    ];
    let mut table = Table::new();
    for event in events {
        let (mut players, mut goals) = (Delta::new(), Delta::new());
        match event {
            Event::Joins(player, team) => players.insert((player, team)),
            Event::Leaves(player, team) => players.delete((player, team)),
            Event::Scores(player, count) => goals.insert((player, count)),
        }
        println!("changed: {:?}", table.step(&players, &goals)?);
    }
    assert_eq!(table.view, ZSet::from_iter([(("blue", 3), 1)]));
    println!("table:   {:?}", table.view);
    Ok(())
}
