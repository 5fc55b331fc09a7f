//! The shells of operators that read an arrangement: joins and semijoins.

use dbsp_ops::{Join, Semijoin};
use dbsp_zset::{Delta, Held, Holds, IndexedZSet, Overflow, Reclaim, Row};

use crate::node::{Node, Torn};
use crate::slots::{SlotId, Slots};

/// A keyed stream with its arrangement.
pub(crate) struct Arranged<K, V> {
    pub(crate) delta: SlotId<Delta<(K, V)>>,
    pub(crate) trace: SlotId<IndexedZSet<K, V>>,
}

/// Hosts a [`Join`].
pub(crate) struct JoinNode<K, A, B, R, F> {
    pub(crate) join: Join,
    pub(crate) left: Arranged<K, A>,
    pub(crate) right: Arranged<K, B>,
    pub(crate) images: F,
    pub(crate) output: SlotId<Delta<R>>,
}

impl<K: Row, A: Row, B: Row, R: Row, I, F> Node for JoinNode<K, A, B, R, F>
where
    I: IntoIterator<Item = R>,
    F: Fn(&K, &A, &B) -> I + Send,
{
    fn held(&self, _: &Slots) -> Held {
        self.join.held()
    }

    fn shrink(&mut self, _: &mut Slots, reclaim: Reclaim) {
        self.join.shrink(reclaim);
    }

    fn compute(&mut self, slots: &mut Slots) -> Result<bool, Overflow> {
        slots.with(self.output, |slots, out| {
            self.join.step(
                slots.get(self.left.delta),
                slots.get(self.left.trace),
                slots.get(self.right.delta),
                slots.get(self.right.trace),
                &self.images,
                out,
            )?;
            Ok(!out.is_empty())
        })
    }
}

/// Hosts a [`Semijoin`].
pub(crate) struct SemijoinNode<K, V> {
    pub(crate) semijoin: Semijoin<K>,
    pub(crate) left: Arranged<K, V>,
    pub(crate) keys: SlotId<Delta<K>>,
    pub(crate) output: SlotId<Delta<(K, V)>>,
}

impl<K: Row, V: Row> Node for SemijoinNode<K, V> {
    fn held(&self, _: &Slots) -> Held {
        self.semijoin.held()
    }

    fn compute(&mut self, slots: &mut Slots) -> Result<bool, Overflow> {
        slots.with(self.output, |slots, out| {
            let (left, trace) = (slots.get(self.left.delta), slots.get(self.left.trace));
            self.semijoin.step(left, trace, slots.get(self.keys), out)?;
            Ok(!out.is_empty())
        })
    }

    fn shrink(&mut self, _: &mut Slots, reclaim: Reclaim) {
        self.semijoin.shrink(reclaim);
    }

    fn commit(&mut self, _: &mut Slots) {
        self.semijoin.commit();
    }

    fn abort(&mut self, _: &mut Slots) -> Result<(), Torn> {
        self.semijoin.abort();
        Ok(())
    }
}
