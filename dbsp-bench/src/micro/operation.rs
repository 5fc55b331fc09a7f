//! What the micro suite times: something that prepares outside the clock and runs inside.

/// Something to time.
pub(super) trait Operation {
    /// Makes ready for one run, and drops what the last one left.
    fn prepare(&mut self);

    /// Runs once; the digest is the same for every engine of a case, and after every preparation of the first.
    fn run(&mut self) -> u64;

    /// How many rows the last run gave out, of an operation that is asked for it.
    fn rows_out(&self) -> Option<usize> {
        None
    }
}

/// Makes an operation, its data loaded.
pub(super) type Make = fn() -> anyhow::Result<Box<dyn Operation>>;

/// A case: what it is called, how many rows a run takes, and who does it.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) batch: usize,
    pub(super) contenders: Vec<(&'static str, Make)>,
}

/// An operation made of a state and two functions over it.
struct Over<S> {
    state: S,
    prepare: fn(&mut S),
    run: fn(&mut S) -> u64,
}

impl<S> Operation for Over<S> {
    fn prepare(&mut self) {
        (self.prepare)(&mut self.state);
    }

    fn run(&mut self) -> u64 {
        (self.run)(&mut self.state)
    }
}

/// An operation over `state`.
pub(super) fn over<S: 'static>(
    state: S,
    prepare: fn(&mut S),
    run: fn(&mut S) -> u64,
) -> anyhow::Result<Box<dyn Operation>> {
    Ok(Box::new(Over { state, prepare, run }))
}
