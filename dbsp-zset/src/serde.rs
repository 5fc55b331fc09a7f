//! Serialisation: everything that carries weights is a sequence of `(row, weight)`.
//!
//! A sequence cannot express a broken invariant, so whatever is read back is consolidated again and
//! weights without a sum are an error of the deserialiser.

use std::hash::Hash;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use crate::algebra::Ring;
use crate::batch::Batch;
use crate::delta::Delta;
use crate::indexed::IndexedZSet;
use crate::row::Row;
use crate::zset::ZSet;

impl<R: Serialize, W: Serialize> Serialize for Delta<R, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, R: Deserialize<'de>, W: Ring + Deserialize<'de>> Deserialize<'de> for Delta<R, W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<(R, W)>::deserialize(deserializer)?.into_iter().collect())
    }
}

impl<R: Serialize, W: Serialize> Serialize for Batch<R, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, R: Ord + Hash + Deserialize<'de>, W: Ring + Deserialize<'de>> Deserialize<'de> for Batch<R, W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Delta::deserialize(deserializer)?.consolidate().map_err(D::Error::custom)
    }
}

impl<R: Serialize, W: Serialize> Serialize for ZSet<R, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, R: Row + Deserialize<'de>, W: Ring + Deserialize<'de>> Deserialize<'de> for ZSet<R, W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut zset = Self::new();
        zset.try_apply(&Delta::deserialize(deserializer)?).map_err(D::Error::custom)?;
        Ok(zset)
    }
}

impl<K: Serialize, V: Serialize, W: Serialize> Serialize for IndexedZSet<K, V, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|(key, value, weight)| ((key, value), weight)))
    }
}

impl<'de, K, V, W> Deserialize<'de> for IndexedZSet<K, V, W>
where
    K: Row + Deserialize<'de>,
    V: Row + Deserialize<'de>,
    W: Ring + Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut zset = Self::new();
        zset.try_apply(&Delta::deserialize(deserializer)?).map_err(D::Error::custom)?;
        Ok(zset)
    }
}
