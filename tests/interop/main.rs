//! papilio against programs that others wrote. `tests/interop/run` starts them and says by environment variables where
//! they are; without it every test here fails. Plain `cargo test` leaves this binary out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and so do its helpers"
)]
#![allow(
    clippy::too_many_lines,
    reason = "a list of what a server can do is as long as it is"
)]

mod client_certificates;
mod command;
mod django;
mod files;
mod happy_eyeballs;
mod http2;
mod http2_node;
mod httpbin;
mod nginx;
mod programs;
mod proxies;
mod sockets;
mod socks;
mod startup;
mod tls;
mod upload;
