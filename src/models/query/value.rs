//! `QueryValue`: what can be the value of a query or form parameter.
//!
//! Owns how values read as text. Does not own their encoding (`models/query.rs`).

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

/// A parameter's value: text, a number, a boolean, an `Option` of one, or a list of those for several values.
///
/// `None` is an empty value, not a missing one; an empty list is no value at all. Floating-point numbers always have a
/// fraction or an exponent: `1.0`.
///
/// ```
/// use papilio::QueryParams;
///
/// let params = QueryParams::new()
///     .set("flag", true)
///     .set("none", None::<u8>)
///     .set("list", [1, 2]);
/// assert_eq!(params.to_string(), "flag=true&none=&list=1&list=2");
/// ```
pub trait QueryValue: sealed::Sealed {
    /// Calls `push` with each value as text.
    fn each(&self, push: &mut dyn FnMut(&str));
}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else is to implement it")]
    pub trait Sealed {}
}

impl<V: QueryValue + ?Sized> sealed::Sealed for &V {}
impl<V: QueryValue + ?Sized> QueryValue for &V {
    fn each(&self, push: &mut dyn FnMut(&str)) {
        (**self).each(push);
    }
}

impl<V: QueryValue> sealed::Sealed for Option<V> {}
impl<V: QueryValue> QueryValue for Option<V> {
    fn each(&self, push: &mut dyn FnMut(&str)) {
        match self {
            Some(value) => value.each(push),
            None => push(""),
        }
    }
}

impl<V: QueryValue> sealed::Sealed for [V] {}
impl<V: QueryValue> QueryValue for [V] {
    fn each(&self, push: &mut dyn FnMut(&str)) {
        for value in self {
            value.each(push);
        }
    }
}

impl<V: QueryValue, const N: usize> sealed::Sealed for [V; N] {}
impl<V: QueryValue, const N: usize> QueryValue for [V; N] {
    fn each(&self, push: &mut dyn FnMut(&str)) {
        self.as_slice().each(push);
    }
}

impl<V: QueryValue> sealed::Sealed for Vec<V> {}
impl<V: QueryValue> QueryValue for Vec<V> {
    fn each(&self, push: &mut dyn FnMut(&str)) {
        self.as_slice().each(push);
    }
}

macro_rules! text {
    ($($text:ty),+) => {$(
        impl sealed::Sealed for $text {}
        impl QueryValue for $text {
            fn each(&self, push: &mut dyn FnMut(&str)) {
                push(self);
            }
        }
    )+};
}

text!(str, String, Cow<'_, str>, Box<str>, Arc<str>, Rc<str>);

macro_rules! displayed {
    ($($plain:ty),+) => {$(
        impl sealed::Sealed for $plain {}
        impl QueryValue for $plain {
            fn each(&self, push: &mut dyn FnMut(&str)) {
                push(&self.to_string());
            }
        }
    )+};
}

displayed!(
    bool, char, u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize
);

/// Their `Debug` form is the one that reads back as the same number and shows that it is not an integer.
macro_rules! float {
    ($($float:ty),+) => {$(
        impl sealed::Sealed for $float {}
        impl QueryValue for $float {
            fn each(&self, push: &mut dyn FnMut(&str)) {
                push(&format!("{self:?}"));
            }
        }
    )+};
}

float!(f32, f64);
