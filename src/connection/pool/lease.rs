//! `Lease`: a slot of a [`Pool`] in use.
//!
//! Owns the connection while a request has it, and its way back.

use std::fmt;
use std::time::{Duration, Instant};

use super::{Idle, Key, Pool, close_all};

/// A slot in use. Dropping it closes the connection and frees the slot.
pub(crate) struct Lease<C> {
    pool: Pool<C>,
    key: Key,
    connection: Option<C>,
    born: u64,
    held: bool,
}

impl<C> Lease<C> {
    pub(super) fn new(pool: Pool<C>, key: Key, connection: Option<C>, born: u64) -> Self {
        Self {
            pool,
            key,
            connection,
            born,
            held: true,
        }
    }

    /// The connection: there from the start if one is used again, else from [`fill`](Self::fill) on.
    pub(crate) fn connection(&mut self) -> Option<&mut C> {
        self.connection.as_mut()
    }

    pub(crate) fn connection_ref(&self) -> Option<&C> {
        self.connection.as_ref()
    }

    /// Puts a new connection into the slot.
    pub(crate) fn fill(&mut self, connection: C) {
        self.connection = Some(connection);
    }

    /// Drops a connection that turned out stale and takes the next idle one of the origin, if there is one; the slot
    /// stays ours either way.
    pub(crate) fn replace(&mut self, now: Instant) {
        close_all(self.connection.take());
        let key = &self.key;
        let next = self.pool.change(now, |state, _| {
            let at = state.idle.iter().position(|idle| idle.key.matches(key))?;
            // Two slots become one.
            state.open -= 1;
            Some(state.idle.remove(at))
        });
        if let Some(Idle {
            connection, born, ..
        }) = next
        {
            self.connection = Some(connection);
            self.born = born;
        }
    }

    /// Gives the connection back for the next request; `good_for` is how long its peer will keep it, if that is known.
    pub(crate) fn keep(mut self, now: Instant, good_for: Option<Duration>) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        self.held = false;
        let (key, born) = (self.key.clone(), self.born);
        self.pool.change(now, |state, closing| {
            let limits = [state.limits.keepalive_expiry, good_for];
            let expires = limits.into_iter().flatten().min();
            if state.closed {
                closing.push(connection);
            } else {
                state.keep(
                    Idle {
                        connection,
                        key,
                        born,
                        expires: expires.and_then(|expiry| now.checked_add(expiry)),
                    },
                    closing,
                );
                state.expire(now, closing);
            }
        });
    }

    /// Takes the connection out for good; the slot stays taken until the lease is dropped.
    pub(crate) fn take(&mut self) -> Option<C> {
        self.connection.take()
    }

    pub(crate) fn is_pool_closed(&self) -> bool {
        self.pool.is_closed()
    }
}

impl<C> Drop for Lease<C> {
    fn drop(&mut self) {
        drop(self.connection.take());
        if self.held {
            self.pool.change(Instant::now(), |state, _| state.open -= 1);
        }
    }
}

impl<C> fmt::Debug for Lease<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({})", self.key.0.masked())
    }
}
