//! The tests of HTTP/2, with `AsyncClient`.

#[path = "awaited.rs"]
mod face;

#[path = "connections.rs"]
mod connections;
#[path = "endings.rs"]
mod endings;
#[path = "exchanges.rs"]
mod exchanges;
#[path = "runtimes.rs"]
mod runtimes;
#[path = "sharing.rs"]
mod sharing;
