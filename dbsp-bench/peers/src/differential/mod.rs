//! Differential dataflow 0.26 on timely dataflow 0.32.
//!
//! # Shape
//! One worker, held by the engine and stepped by its caller, as `timely::execute_directly` does for a closure:
//! no other thread. A step sends a prepared container of updates, advances every input by one, and steps the
//! worker until the output's probe has passed that time (`examples/degrees.rs`, `examples/hello.rs`).
//!
//! # History
//! Times are `u32` and only ever advance; no trace handle is kept outside of the dataflow, so that the operators'
//! own handles let traces compact behind the inputs. History does not grow with the number of steps.

pub mod headline;
pub mod latency;
pub mod nexmark;

use std::cell::RefCell;
use std::rc::Rc;

use differential_dataflow::{AsCollection as _, VecCollection};
use timely::WorkerConfig;
use timely::communication::Allocator;
use timely::communication::allocator::thread::Thread;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::Input as _;
use timely::dataflow::operators::core::input::Handle;
use timely::dataflow::operators::probe;
use timely::dataflow::{ProbeHandle, Scope};
use timely::worker::Worker;

/// The name of the engine in a report.
pub const NAME: &str = "differential";

/// The logical time: the number of the step.
pub(crate) type Time = u32;

/// A collection of rows.
pub(crate) type Rows<'scope, D> = VecCollection<'scope, Time, D, isize>;

/// A row as it enters the dataflow.
pub(crate) type Update<D> = (D, Time, isize);

/// An input of a dataflow, into which whole containers of updates go.
pub(crate) struct Input<D: differential_dataflow::Data>(
    Handle<Time, CapacityContainerBuilder<Vec<Update<D>>>>,
);

impl<D: differential_dataflow::Data> Input<D> {
    /// An input and the collection of what comes in by it.
    pub(crate) fn new<'scope>(scope: &Scope<'scope, Time>) -> (Self, Rows<'scope, D>) {
        let (handle, stream) = scope.new_input();
        (Self(handle), stream.as_collection())
    }

    /// Sends updates, which it takes, and ends their time.
    pub(crate) fn send(&mut self, updates: &mut Vec<Update<D>>, time: Time) {
        if !updates.is_empty() {
            self.0.send_batch(updates);
            // An input that no operator reads hands its updates back. Every engine gives up the rows of a step
            // inside the clock.
            updates.clear();
        }
        self.0.advance_to(time + 1);
    }
}

/// What came out of a dataflow since it was last cleared.
pub(crate) type Output<D> = Rc<RefCell<Vec<(D, isize)>>>;

/// Gathers the updates of `rows`, and probes them.
pub(crate) fn gathered<D: differential_dataflow::Data>(
    rows: Rows<'_, D>,
    probe: &ProbeHandle<Time>,
) -> Output<D> {
    let output = Output::default();
    let writer = Rc::clone(&output);
    rows.inspect_batch(move |_, updates| {
        writer.borrow_mut().extend(updates.iter().map(|(row, _, weight)| (row.clone(), *weight)));
    })
    .probe_with(probe);
    output
}

/// A worker of its own, on the calling thread.
pub(crate) fn worker() -> Worker {
    let allocator = Allocator::Thread(Thread::default());
    Worker::new(WorkerConfig::default(), allocator, Some(std::time::Instant::now()))
}

/// Steps `worker` until `probe` has passed `time`.
pub(crate) fn run(worker: &mut Worker, probe: &probe::Handle<Time>, time: Time) {
    worker.step_while(|| probe.less_equal(&time));
}
