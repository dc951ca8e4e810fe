//! The tests of HTTP/2, with `Client`.

#[path = "plain.rs"]
mod face;

#[path = "connections.rs"]
mod connections;
#[path = "endings.rs"]
mod endings;
#[path = "exchanges.rs"]
mod exchanges;
#[path = "sharing.rs"]
mod sharing;
#[path = "thread.rs"]
mod thread;
