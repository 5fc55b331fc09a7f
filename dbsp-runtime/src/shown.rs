//! Keys as errors show them.
//!
//! # Shape       a function for each type that the user's code has said to be `Debug`; common types are known without that.
//! # Cost        nothing before an error.
//!
//! A row need not be `Debug`, so no operator asks for it. What an operator hands out for an error has lost its type, which is
//! found again by its `TypeId`.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt::Debug;

use dbsp_ops::OverflowDetail;

use crate::panics::caught;

/// The text of a value, if it is of the function's type.
type Show = fn(&dyn Any) -> Option<String>;

/// Which types are shown, and how; see the [module](self).
#[derive(Default)]
pub(crate) struct Shown {
    types: HashMap<TypeId, Show>,
}

impl Shown {
    /// Shows values of a type as their `Debug` does.
    pub(crate) fn add<T: Debug + 'static>(&mut self) {
        self.types.insert(TypeId::of::<T>(), by_debug::<T>);
    }

    /// The key of an overflow. None if showing it panics.
    pub(crate) fn key(&self, detail: &OverflowDetail<'_>) -> Option<String> {
        let OverflowDetail { key, key_type, .. } = *detail;
        let show = || {
            let text = self.types.get(&key.type_id()).map_or_else(|| common(key), |show| show(key));
            text.or_else(|| Some(format!("with hash {:#018x} of type {key_type}", detail.key_hash()?)))
        };
        caught(show).ok().flatten()
    }
}

fn by_debug<T: Debug + 'static>(value: &dyn Any) -> Option<String> {
    value.downcast_ref::<T>().map(|value| format!("{value:?}"))
}

/// Expands to the first text that one of the types gives.
macro_rules! first_of {
    ($value:expr; $($type:ty),* $(,)?) => {
        None$(.or_else(|| by_debug::<$type>($value)))*
    };
}

/// The text of a value of a type that many keys have.
fn common(value: &dyn Any) -> Option<String> {
    macro_rules! and_pairs {
        ($($type:ty),*) => {
            first_of!(value; $($type, Option<$type>, ($type, $type), ($type, u32), ($type, u64), ($type, i32), ($type, i64),
                ($type, String), ($type, &'static str), ($type, $type, $type)),*)
        };
    }
    let text = and_pairs!(u32, u64, i32, i64, String, &'static str);
    text.or_else(|| first_of!(value; (), bool, char, u8, u16, u128, usize, i8, i16, i128, isize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbsp_ops::Excess;

    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
    struct Team(u8);

    impl Debug for Team {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            assert!(self.0 > 0, "teams have a number");
            write!(f, "team {}", self.0)
        }
    }

    fn shown<K: dbsp_zset::Row>(shown: &Shown, key: &K) -> Option<String> {
        shown.key(&OverflowDetail::new(Excess { what: "a count", direction: None }, key))
    }

    #[test]
    fn common_keys_are_shown_and_others_once_they_were_named() {
        let mut types = Shown::default();
        assert_eq!(shown(&types, &7_u8).as_deref(), Some("7"));
        assert_eq!(shown(&types, &("ann", String::from("b"))).as_deref(), Some(r#"("ann", "b")"#));
        assert_eq!(shown(&types, &(1_i64, 2_i64, 3_i64)).as_deref(), Some("(1, 2, 3)"));
        let unknown = shown(&types, &Team(3)).expect("a type and a hash");
        assert!(unknown.starts_with("with hash 0x") && unknown.ends_with("Team"), "{unknown}");
        types.add::<Team>();
        assert_eq!(shown(&types, &Team(3)).as_deref(), Some("team 3"));
    }

    #[test]
    fn a_debug_that_panics_leaves_the_key_out() {
        let mut types = Shown::default();
        types.add::<Team>();
        assert_eq!(shown(&types, &Team(0)), None);
    }
}
