//! What is written is read back, and no input can break an invariant.

use dbsp_zset::{Batch, Delta, IndexedZSet, ZSet};
use proptest::prelude::*;

use crate::changes;

proptest! {
    #[test]
    fn everything_with_weights_is_read_back(changes in changes()) {
        let delta = Delta::from_iter(changes.clone());
        let text = serde_json::to_string(&delta).expect("plain data");
        let read: Delta<(i64, i64)> = serde_json::from_str(&text).expect("what was written");
        prop_assert_eq!((read.rows(), read.weights()), (delta.rows(), delta.weights()));

        let batch = delta.consolidate().expect("small weights");
        let text = serde_json::to_string(&batch).expect("plain data");
        prop_assert_eq!(serde_json::from_str::<Batch<(i64, i64)>>(&text).expect("what was written"), batch);

        let zset = ZSet::from_iter(changes.clone());
        let text = serde_json::to_string(&zset).expect("plain data");
        prop_assert_eq!(serde_json::from_str::<ZSet<(i64, i64)>>(&text).expect("what was written"), zset);

        let indexed = IndexedZSet::from_iter(changes);
        let text = serde_json::to_string(&indexed).expect("plain data");
        let read: IndexedZSet<i64, i64> = serde_json::from_str(&text).expect("what was written");
        prop_assert_eq!(read, indexed);
    }
}

#[test]
fn a_batch_that_is_not_sorted_is_sorted_when_read() {
    let batch: Batch<u8> = serde_json::from_str("[[3,1],[1,2],[3,-1],[2,1]]").expect("rows with weights");
    assert_eq!(batch.rows(), [1, 2]);
}

#[test]
fn weights_without_a_sum_are_refused() {
    let text = format!("[[1,{}],[1,1]]", i64::MAX);
    let error = serde_json::from_str::<ZSet<u8>>(&text).expect_err("the sum leaves the range");
    assert!(error.to_string().starts_with("a weight or sum left the range"));
}
