//! The far end of a loop.

use dbsp_ops::Delay;
use dbsp_zset::{Delta, Row};

use crate::builder::{Builder, operator};
use crate::nodes::DelayTakeNode;
use crate::slots::SlotId;
use crate::streams::IntoStream;

/// What a stream has to be connected to, to come out of [`Builder::feedback`] one step later.
#[must_use = "a circuit with an open feedback is not built"]
pub struct Feedback<'b, R> {
    pub(crate) builder: &'b Builder,
    pub(crate) delay: SlotId<Delay<R>>,
    pub(crate) emitted: SlotId<Delta<R>>,
}

impl<'b, R: Row> Feedback<'b, R> {
    /// Closes the loop.
    #[track_caller]
    pub fn connect(self, stream: impl IntoStream<'b, Row = R>) {
        let operator = operator("feedback_take");
        let stream = stream.into_stream();
        self.builder.check(stream.builder, &operator);
        let inputs = [stream.slot().index, self.emitted.index];
        let take = DelayTakeNode { delay: self.delay, input: stream.slot() };
        self.builder.add_node(operator, &inputs, None, take);
        self.builder.close(self.delay);
    }
}
