//! Chunks that fill, split, merge and spill.

use super::*;

/// Chunks for so many entries.
fn chunks_of(entries: usize) -> Chunks {
    let mut chunks = Chunks::new();
    chunks.build(entries);
    chunks
}

#[test]
fn agrees_with_a_list_where_hashes_collide() {
    let mut state = 7_u64;
    let mut random = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let mut chunks = chunks_of(1);
    let mut list: Vec<(u32, u32)> = Vec::new();
    for position in 0..6_000 {
        // Few hashes, near each other and near the end of the ring: long ways that wrap.
        let hash = (random(40) as u32).wrapping_sub(20);
        match random(3) {
            0 if !list.is_empty() => {
                let (hash, position) = list.swap_remove(random(list.len() as u64) as usize);
                assert!(chunks.remove(hash, position));
                chunks.merge(list.len(), 1);
            }
            1 if !list.is_empty() => {
                let i = random(list.len() as u64) as usize;
                assert!(chunks.replace(list[i].0, list[i].1, position));
                list[i].1 = position;
            }
            _ => {
                if chunks.insert(hash, position) {
                    list.push((hash, position));
                    chunks.grow(list.len());
                } else {
                    assert_eq!(list.iter().filter(|(other, _)| *other == hash).count(), ALIKE);
                }
            }
        }
        if list.len() > 250 {
            chunks.clear();
            list.clear();
        }
        for (hash, position) in &list {
            assert_eq!(chunks.find(*hash, |found| found == *position), Some(*position));
        }
        assert_eq!(chunks.find(hash, |found| !list.contains(&(hash, found))), None);
        assert_eq!(chunks.iter().count(), list.len());
    }
    assert!(chunks.slot_count() >= list.len());
    for (hash, position) in list {
        assert!(chunks.remove(hash, position));
    }
    let mut all = chunks.pieces.iter().flat_map(|piece| piece.iter());
    assert!(all.all(|chunk| !chunk.has_passed()) && chunks.spilled.is_empty(), "all that went on is gone");
}

/// A mixed number.
fn hash(n: u32) -> u32 {
    (u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

#[test]
fn one_segment_at_a_time_splits_and_merges() {
    const ENTRIES: u32 = 200_000;
    let mut chunks = chunks_of(1);
    let mut least = f64::MAX;
    for position in 0..ENTRIES {
        let segments = chunks.segments;
        assert!(chunks.insert(hash(position), position));
        chunks.grow(position as usize + 1);
        assert!(chunks.segments <= segments + 1);
        if position > 1_000 {
            least = least.min(f64::from(position) / chunks.slot_count() as f64);
        }
    }
    assert!((0.38..0.45).contains(&least), "at least {least} of all slots are taken");
    assert_eq!(chunks.iter().count(), ENTRIES as usize);
    assert!((0..ENTRIES).all(|position| chunks.find(hash(position), |_| true) == Some(position)));
    for position in (0..ENTRIES).rev() {
        let segments = chunks.segments;
        assert!(chunks.remove(hash(position), position));
        chunks.merge(position as usize, 2);
        assert!(chunks.segments + 2 >= segments);
        assert!(
            (0..position)
                .step_by(1 + position as usize / 2)
                .all(|n| chunks.find(hash(n), |_| true) == Some(n))
        );
    }
    assert!(chunks.iter().next().is_none() && chunks.segments == 1);
}

#[test]
fn room_that_was_made_at_once_serves_as_what_grew() {
    for entries in [1, 300, 1_000, 60_000, 70_000, 200_000] {
        let mut chunks = chunks_of(entries);
        let slots = chunks.slot_count();
        for n in 0..entries as u32 {
            assert!(chunks.insert(hash(n), n));
            chunks.grow(n as usize + 1);
        }
        assert_eq!(chunks.slot_count(), slots, "{entries}");
        assert!(slots <= 448 + 3 * entries, "{entries} in {slots}");
        assert!((0..entries as u32).all(|n| chunks.find(hash(n), |_| true) == Some(n)));
    }
}

#[test]
fn hashes_that_are_alike_are_refused_past_a_bound() {
    let mut chunks = chunks_of(1);
    assert_eq!((0..100).filter(|n| chunks.insert(7, *n)).count(), ALIKE);
}

#[test]
fn more_than_a_chunk_can_count_are_spilled_and_found() {
    // More than 65,535 positions go on from each of the first chunks; the last bits of their hashes agree.
    const COUNT: u32 = 70_000;
    let hash = |n: u32| n << 14;
    let mut chunks = chunks_of(1);
    for n in 0..COUNT {
        chunks.place(hash(n) | n >> 18, n);
    }
    let of = |n: u32| hash(n) | n >> 18;
    assert!((0..COUNT).step_by(97).all(|n| chunks.find(of(n), |found| found == n) == Some(n)));
    for n in 0..COUNT - 10 {
        assert!(chunks.remove(of(n), n), "{n}");
    }
    assert!((COUNT - 10..COUNT).all(|n| chunks.find(of(n), |found| found == n) == Some(n)));
    assert_eq!(chunks.iter().count(), 10);
}

#[test]
fn hashes_of_one_chunk_are_spilled_and_still_found() {
    // One chunk, however many there are; and others in between.
    let hash = |n: u32| if n.is_multiple_of(3) { hash(n) } else { n << 16 };
    let mut chunks = chunks_of(1);
    for n in 0..20_000 {
        assert!(chunks.insert(hash(n), n));
        chunks.grow(n as usize);
    }
    assert!(chunks.spilled.len() > 13_000 && chunks.iter().count() == 20_000);
    assert!((0..20_000).all(|n| chunks.find(hash(n), |position| position == n) == Some(n)));
    for n in (1..20_000).rev() {
        assert!(if n % 2 == 0 { chunks.remove(hash(n), n) } else { chunks.replace(hash(n), n, n + 1) });
        chunks.merge(n as usize / 2, 2);
    }
    for n in (1..20_000).step_by(2) {
        assert_eq!(chunks.find(hash(n), |position| position == n + 1), Some(n + 1));
        assert!(chunks.remove(hash(n), n + 1));
    }
    assert_eq!((chunks.iter().collect::<Vec<_>>(), chunks.spilled.len()), (vec![(hash(0), 0)], 0));
}
