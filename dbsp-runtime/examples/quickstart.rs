//! The quickstart of the README: totals per customer, kept up to date.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

use dbsp_runtime::{Circuit, Error};

fn main() -> Result<(), Error> {
    let (mut circuit, (orders, totals)) = Circuit::build(|b| {
        let (stream, orders) = b.input::<(&str, i64)>("orders");
        let totals = stream.filter(|order| order.1 > 0).index_by(|order| (order.0, order.1)).sum();
        (orders, totals.view())
    })?;
    circuit[orders].extend([(("ann", 30), 1), (("bob", 5), 1), (("ann", 12), 1)]);
    circuit.step()?;
    assert_eq!(circuit[totals].value(&"ann"), Some(&42));
    circuit[orders].delete(("ann", 30));
    circuit.step()?;
    println!("changed: {:?}", circuit.delta(totals));
    println!("totals:  {:?}", circuit[totals]);
    Ok(())
}
