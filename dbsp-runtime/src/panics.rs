//! Panics of user code: caught, read, and got rid of.
//!
//! # Invariants  nothing that a panic carried is dropped outside of a catch: it may panic itself when it is dropped, with
//!   something that does so again.
//! # Not here    what becomes of the circuit: see [`Circuit::step`](crate::Circuit::step).

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a panic carries.
pub(crate) type Payload = Box<dyn Any + Send>;

/// Calls `work`, and gives the text of its panic if it panics.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = text_of(&payload);
        dispose(payload);
        text
    })
}

/// What a panic said.
pub(crate) fn text_of(payload: &Payload) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "a panic without a text".to_owned())
}

/// Drops what a panic carried, and what that panics with, and so on; in the end the last one is leaked.
pub(crate) fn dispose(mut payload: Payload) {
    const MOST: usize = 16;
    for _ in 0..MOST {
        match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            Ok(()) => return,
            Err(next) => payload = next,
        }
    }
    std::mem::forget(payload);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::panic_any;

    struct Nested(u32);

    impl Drop for Nested {
        fn drop(&mut self) {
            if self.0 > 0 {
                panic_any(Self(self.0 - 1));
            }
        }
    }

    #[test]
    fn a_payload_that_panics_whenever_it_is_dropped_stays_inside() {
        for depth in [0, 1, 2, 15, 16, 17, 1_000] {
            let outcome = catch_unwind(|| caught(|| panic_any(Nested(depth))));
            assert!(matches!(outcome, Ok(Err(text)) if text == "a panic without a text"), "{depth}");
        }
        assert_eq!(caught(|| 7), Ok(7));
        assert_eq!(caught(|| panic!("of {}", 2)), Err::<(), _>("of 2".to_owned()));
        assert_eq!(caught(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
    }
}
