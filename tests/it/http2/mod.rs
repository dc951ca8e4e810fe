//! HTTP/2, by both clients: each test is compiled twice, over `plain.rs` and over `awaited.rs`, which have the same names.
//!
//! `rig` is a server of hyper that speaks both versions; `raw` is one that says the frames it is told to.

#![allow(
    clippy::duplicate_mod,
    reason = "one body of test, compiled for each of the two clients"
)]

#[path = "asynchronous.rs"]
mod asynchronous;
#[path = "blocking.rs"]
mod blocking;
mod raw;
mod rig;
mod tunnels;
