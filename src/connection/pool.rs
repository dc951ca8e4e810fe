//! `Pool`: who may use which connection, and when a new one may be opened.
//!
//! Owns the lock, which is never held across I/O, a wake-up or the closing of a socket. Does not open, probe or wait: a
//! driver polls a [`Ticket`] and gets a [`Lease`].
//!
//! A slot is owned by exactly one value at any time, an idle or shared connection, a grant or a `Lease`, and gives
//! itself back when dropped. A shared connection has one slot, and as many streams as its peer allows, each owned by a
//! grant or a `Lease`.

#![cfg_attr(
    not(feature = "async"),
    allow(dead_code, reason = "only HTTP/2 shares connections")
)]

mod key;
mod lease;
mod shared;
mod slots;
mod state;
mod ticket;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

pub(crate) use key::{Key, Sharing};
pub(crate) use lease::Lease;
pub(crate) use shared::{Pooled, Shareable, Watch};
use state::{Closing, Held, State};
pub(crate) use ticket::Ticket;

use crate::error::{Error, Kind};
use crate::models::config::Limits;

/// A pool of connections `C`. Clones share it.
pub(crate) struct Pool<C: Pooled>(Arc<Mutex<State<C>>>);

impl<C: Pooled> Pool<C> {
    pub(crate) fn new(limits: Limits, sharing: Sharing) -> Self {
        Self(Arc::new(Mutex::new(State::new(limits, sharing))))
    }

    /// A request for one connection, or one stream of a shared one.
    pub(crate) fn ticket(&self, key: Key) -> Ticket<'_, C> {
        Ticket {
            pool: self,
            key,
            queued: None,
        }
    }

    /// For whoever drives a shared connection.
    pub(crate) fn watch(&self) -> Watch<C> {
        Watch(Arc::downgrade(&self.0))
    }

    /// Closes idle connections and turns everyone else away; leases that are out end by themselves, and shared
    /// connections with the last of their streams.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let idle = std::mem::take(&mut state.idle);
        let wakers: Vec<Waker> = state
            .waiting
            .iter()
            .map(|waiter| waiter.waker.clone())
            .collect();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        self.finish(Instant::now(), idle);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, State<C>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, then wakes whom it served and closes what it evicted, outside the lock.
    fn change<T>(
        &self,
        now: Instant,
        change: impl FnOnce(&mut State<C>, &mut Closing<C>) -> T,
    ) -> T {
        let mut closing = Vec::new();
        let mut wakers = Vec::new();
        let mut state = self.lock();
        let result = change(&mut state, &mut closing);
        if !state.waiting.is_empty() {
            state.dispatch(now, &mut closing, &mut wakers);
        }
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        self.finish(now, closing);
        result
    }

    /// Closes connections that were given up, then gives their slots to whoever waits.
    #[inline]
    fn finish(&self, now: Instant, closing: Closing<C>) {
        if !closing.is_empty() {
            self.close_all(now, closing);
        }
    }

    #[cold]
    fn close_all(&self, now: Instant, mut closing: Closing<C>) {
        while !closing.is_empty() {
            let mut keys = Vec::with_capacity(closing.len());
            for idle in std::mem::take(&mut closing) {
                close(idle.held);
                keys.push(idle.key);
            }
            let mut wakers = Vec::new();
            let mut state = self.lock();
            keys.iter().for_each(|key| state.slots.free(key));
            state.dispatch(now, &mut closing, &mut wakers);
            drop(state);
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

impl<C: Pooled> Clone for Pool<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Counts, as in HTTPX, and in the alternate form each idle or shared connection with its origin (POOL-18).
impl<C: Pooled + fmt::Debug> fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let queued = state
            .waiting
            .iter()
            .filter(|waiter| waiter.grant.is_none())
            .count();
        let idle = state.idle.len();
        let active = state.slots.taken().saturating_sub(idle);
        let streams: usize = state.shared.iter().map(|shared| shared.streams).sum();
        let requests = active.saturating_sub(state.shared.len()) + streams;
        write!(
            f,
            "<Pool [Requests: {requests} active, {queued} queued | Connections: {active} active, {idle} idle]>"
        )?;
        if f.alternate() {
            for shared in &state.shared {
                let (origin, streams) = (shared.key.url().origin(), shared.streams);
                write!(f, "\n{origin}: {:?}, {streams} active", shared.handle)?;
            }
            for idle in &state.idle {
                write!(f, "\n{}: ", idle.key.url().origin())?;
                match &idle.held {
                    Held::Own(connection) => write!(f, "{connection:?}")?,
                    Held::Shared(handle) => write!(f, "{handle:?}")?,
                }
            }
        }
        Ok(())
    }
}

/// What every call on a closed client gets.
pub(crate) fn client_closed() -> Error {
    Error::new(
        Kind::ClientClosed,
        "Cannot send a request, as the client has been closed",
    )
}

/// Closes a connection the pool gave up: expired, surplus, stale, or of a closed client (LOG-07).
fn close<C: Pooled>(connection: Held<C>) {
    log::debug!(target: "papilio::connection", "connection.close.started");
    drop(connection);
    log::debug!(target: "papilio::connection", "connection.close.complete");
}

#[cfg(test)]
mod tests;
