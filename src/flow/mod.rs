//! The client's mind: what is sent next. Plain code over values; no I/O, no threads, no clock of its own.

pub(crate) mod auth;
pub(crate) mod defaults;
