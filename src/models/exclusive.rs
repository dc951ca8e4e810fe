//! `Exclusive<T>`: a value that only its owner reaches.

use std::fmt;
use std::sync::Mutex;
use std::sync::PoisonError;

/// Makes a `Send` value `Sync`. The lock is never taken: every access has `&mut self` or ownership already.
pub(crate) struct Exclusive<T: ?Sized>(Mutex<T>);

impl<T> Exclusive<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    #[cfg(feature = "multipart")]
    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: ?Sized> Exclusive<T> {
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: ?Sized> fmt::Debug for Exclusive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exclusive(..)")
    }
}
