//! `Pool`: who may use which connection, and when a new one may be opened.
//!
//! Owns the limits, the queue of waiters, idle connections and their expiry, all under one lock that is never held
//! across I/O, a wake-up or the closing of a socket. Does not open, probe or wait: a driver polls a [`Ticket`] and gets
//! a [`Lease`].
//!
//! A slot is owned by exactly one value at any time, an idle entry, a grant or a `Lease`, and gives itself back when
//! dropped.

mod lease;
mod ticket;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

pub(crate) use lease::Lease;
pub(crate) use ticket::Ticket;

use crate::error::{Error, Kind};
use crate::models::config::Limits;
use crate::models::url::Url;

/// What must be equal for a connection to be used again: scheme, host and effective port of the URL. Everything else
/// that matters (TLS settings, proxy) is fixed per pool.
#[derive(Clone)]
pub(crate) struct Key(pub(crate) Url);

impl Key {
    fn matches(&self, other: &Self) -> bool {
        self.0.same_origin(&other.0)
    }
}

/// A pool of connections `C`. Clones share it.
pub(crate) struct Pool<C>(Arc<Mutex<State<C>>>);

struct State<C> {
    limits: Limits,
    /// Slots in use: leases, grants and idle connections.
    open: usize,
    /// In order of creation.
    idle: Vec<Idle<C>>,
    waiting: VecDeque<Waiter<C>>,
    next_number: u64,
    closed: bool,
}

struct Idle<C> {
    connection: C,
    key: Key,
    born: u64,
    expires: Option<Instant>,
}

struct Waiter<C> {
    number: u64,
    key: Key,
    waker: Waker,
    grant: Option<Grant<C>>,
}

/// A slot: with a connection to use again, or the permission to open one.
struct Grant<C> {
    connection: Option<C>,
    /// An idle connection that gave way, to be closed before another is opened.
    evicted: Option<C>,
    born: u64,
    expires: Option<Instant>,
}

/// Connections to be closed once the lock is released. Each keeps its slot until it is closed, so that there are never
/// more sockets than slots, not for an instant (R-LIM-16).
type Closing<C> = Vec<C>;

impl<C> Pool<C> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self(Arc::new(Mutex::new(State {
            limits,
            open: 0,
            idle: Vec::new(),
            waiting: VecDeque::new(),
            next_number: 0,
            closed: false,
        })))
    }

    /// A request for one slot.
    pub(crate) fn ticket(&self, key: Key) -> Ticket<'_, C> {
        Ticket {
            pool: self,
            key,
            queued: None,
        }
    }

    /// Closes idle connections and turns everyone else away; leases that are out end by themselves.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.open -= state.idle.len();
        let idle = std::mem::take(&mut state.idle);
        let wakers: Vec<Waker> = state
            .waiting
            .iter()
            .map(|waiter| waiter.waker.clone())
            .collect();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        close_all(idle.into_iter().map(|idle| idle.connection));
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
    fn finish(&self, now: Instant, mut closing: Closing<C>) {
        while !closing.is_empty() {
            let count = closing.len();
            close_all(std::mem::take(&mut closing));
            let mut wakers = Vec::new();
            let mut state = self.lock();
            state.open -= count;
            state.dispatch(now, &mut closing, &mut wakers);
            drop(state);
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

impl<C> Clone for Pool<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Counts, as in HTTPX, and in the alternate form each idle connection with its origin (POOL-18).
impl<C: fmt::Debug> fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let queued = state
            .waiting
            .iter()
            .filter(|waiter| waiter.grant.is_none())
            .count();
        let (active, idle) = (state.open - state.idle.len(), state.idle.len());
        write!(
            f,
            "<Pool [Requests: {active} active, {queued} queued | Connections: {active} active, {idle} idle]>"
        )?;
        if f.alternate() {
            for idle in &state.idle {
                write!(f, "\n{}: {:?}", idle.key.0.origin(), idle.connection)?;
            }
        }
        Ok(())
    }
}

impl<C> State<C> {
    /// One request's slot, if there is one: an idle connection of the origin, the oldest first; else a new one; else a
    /// new one in place of the oldest idle one of another origin (POOL-03).
    fn serve(&mut self, key: &Key, now: Instant, closing: &mut Closing<C>) -> Option<Grant<C>> {
        self.expire(now, closing);
        if let Some(at) = self.idle.iter().position(|idle| idle.key.matches(key)) {
            let idle = self.idle.remove(at);
            return Some(Grant {
                connection: Some(idle.connection),
                evicted: None,
                born: idle.born,
                expires: idle.expires,
            });
        }
        let mut evicted = None;
        if self
            .limits
            .max_connections
            .is_none_or(|most| self.open < most)
        {
            self.open += 1;
        } else if self.idle.is_empty() {
            return None;
        } else {
            evicted = Some(self.idle.remove(0).connection);
        }
        Some(Grant {
            connection: None,
            evicted,
            born: self.number(),
            expires: None,
        })
    }

    /// Gives slots to whoever waited longest; one that cannot be served does not hold up the others (POOL-04).
    fn dispatch(&mut self, now: Instant, closing: &mut Closing<C>, wakers: &mut Vec<Waker>) {
        if self.closed {
            return;
        }
        for at in 0..self.waiting.len() {
            let Some(waiter) = self.waiting.get(at).filter(|waiter| waiter.grant.is_none()) else {
                continue;
            };
            let key = waiter.key.clone();
            let grant = self.serve(&key, now, closing);
            if let (Some(waiter), Some(grant)) = (self.waiting.get_mut(at), grant) {
                waiter.grant = Some(grant);
                wakers.push(waiter.waker.clone());
            }
        }
    }

    fn expire(&mut self, now: Instant, closing: &mut Closing<C>) {
        while let Some(at) = self
            .idle
            .iter()
            .position(|idle| idle.expires.is_some_and(|expires| expires <= now))
        {
            closing.push(self.idle.remove(at).connection);
        }
    }

    /// Takes a connection back, if the limits let it stay.
    fn keep(&mut self, idle: Idle<C>, closing: &mut Closing<C>) {
        let most = match (
            self.limits.max_keepalive_connections,
            self.limits.max_connections,
        ) {
            (Some(keepalive), Some(all)) => Some(keepalive.min(all)),
            (keepalive, all) => keepalive.or(all),
        };
        let at = self
            .idle
            .iter()
            .rposition(|other| other.born < idle.born)
            .map_or(0, |at| at + 1);
        self.idle.insert(at, idle);
        while most.is_some_and(|most| self.idle.len() > most) {
            closing.push(self.idle.remove(0).connection);
        }
    }

    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }
}

/// What every call on a closed client gets.
pub(crate) fn client_closed() -> Error {
    Error::new(
        Kind::ClientClosed,
        "Cannot send a request, as the client has been closed",
    )
}

/// Closes connections the pool gave up: expired, surplus, stale, or of a closed client (LOG-07).
fn close_all<C>(connections: impl IntoIterator<Item = C>) {
    for connection in connections {
        log::debug!(target: "papilio::connection", "connection.close.started");
        drop(connection);
        log::debug!(target: "papilio::connection", "connection.close.complete");
    }
}

#[cfg(test)]
mod tests;
