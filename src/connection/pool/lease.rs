//! `Lease`: a slot of a [`Pool`] in use, or a stream of a shared connection.
//!
//! Owns the connection while a request has it, and its way back.

use std::fmt;
use std::time::{Duration, Instant};

use super::state::{Grant, Held, Hold, Idle};
use super::{Key, Pool, Pooled, close};

/// What one request has of the pool: the permission to open a connection, a connection of its own, or a stream of a
/// shared one. Dropping it closes a connection of its own and frees the slot; of a shared connection it ends one stream.
pub(crate) struct Lease<C: Pooled> {
    pool: Pool<C>,
    key: Key,
    hold: Hold<C>,
    born: u64,
}

impl<C: Pooled> Lease<C> {
    /// Closes what gave way, and only then is there a lease to open something with.
    pub(super) fn new(pool: Pool<C>, key: Key, grant: Grant<C>) -> Self {
        grant.evicted.into_iter().for_each(close);
        Self {
            pool,
            key,
            hold: grant.hold,
            born: grant.born,
        }
    }

    /// The connection: there from the start if one is used again, else from [`fill`](Self::fill) on.
    pub(crate) fn connection(&mut self) -> Option<&mut C> {
        match &mut self.hold {
            Hold::Own(connection) => Some(connection),
            _ => None,
        }
    }

    pub(crate) fn connection_ref(&self) -> Option<&C> {
        match &self.hold {
            Hold::Own(connection) => Some(connection),
            _ => None,
        }
    }

    /// The handle of a shared connection: there from the start if it exists already, else from [`share`](Self::share)
    /// on. It may have become unusable meanwhile; then the lease is to be dropped, and another to be asked for.
    pub(crate) fn shared(&self) -> Option<&C::Shared> {
        match &self.hold {
            Hold::Stream(handle) => Some(handle),
            _ => None,
        }
    }

    /// Puts a new connection into the slot, for one request at a time. Those who waited to see whether it can be shared
    /// may open their own now (POOL-07).
    pub(crate) fn fill(&mut self, connection: C) {
        self.hold = Hold::Own(connection);
        if self.key.shares() {
            let (key, born) = (&self.key, self.born);
            self.pool.change(Instant::now(), |state, _| {
                state.opened_exclusive(key, born);
            });
        }
    }

    /// Puts a new shared connection into the slot; the lease is its first stream, and those who wait get others.
    pub(crate) fn share(&mut self, handle: C::Shared) {
        if let Hold::Stream(_) | Hold::Nothing = self.hold {
            return;
        }
        self.hold = Hold::Stream(handle.clone());
        let (key, born) = (&self.key, self.born);
        self.pool.change(Instant::now(), |state, _| {
            state.share(key, born, handle);
        });
    }

    /// Drops a connection that turned out stale and takes the next one of the origin that can be used, if there is one;
    /// else the slot stays ours. A stream is left as it is.
    pub(crate) fn replace(&mut self, now: Instant) {
        match std::mem::replace(&mut self.hold, Hold::Slot) {
            Hold::Own(connection) => close::<C>(Held::Own(connection)),
            Hold::Slot => {}
            hold => {
                self.hold = hold;
                return;
            }
        }
        let (key, born) = (&self.key, self.born);
        let next = self.pool.change(now, |state, closing| {
            let next = state.reuse(key, closing);
            if next.is_some() {
                // It has a slot already.
                state.settle(born);
                state.slots.free(key);
            } else {
                state.open(key, born);
            }
            next
        });
        if let Some(grant) = next {
            self.hold = grant.hold;
            self.born = grant.born;
        }
    }

    /// Gives the connection back for the next request; `good_for` is how long its peer will keep it, if that is known.
    /// Of a shared connection it ends the stream, as dropping does.
    pub(crate) fn keep(mut self, now: Instant, good_for: Option<Duration>) {
        let connection = match std::mem::replace(&mut self.hold, Hold::Nothing) {
            Hold::Own(connection) => connection,
            hold => return self.end(hold, now),
        };
        let (key, born) = (self.key.clone(), self.born);
        self.pool.change(now, |state, closing| {
            let idle = Idle {
                held: Held::Own(connection),
                key,
                born,
                expires: state.expiry(now, good_for),
            };
            state.keep(idle, now, closing);
        });
    }

    /// Takes a connection of its own out for good; the slot stays taken until the lease is dropped.
    pub(crate) fn take(&mut self) -> Option<C> {
        match std::mem::replace(&mut self.hold, Hold::Slot) {
            Hold::Own(connection) => Some(connection),
            hold => {
                self.hold = hold;
                None
            }
        }
    }

    pub(crate) fn is_pool_closed(&self) -> bool {
        self.pool.is_closed()
    }

    fn end(&self, hold: Hold<C>, now: Instant) {
        let stream = match &hold {
            Hold::Nothing => return,
            Hold::Stream(_) => true,
            Hold::Slot | Hold::Own(_) => false,
        };
        // First what is open, then its slot.
        drop(hold);
        self.pool.change(now, |state, closing| {
            if stream {
                state.end_stream(self.born, now, closing);
            } else {
                state.settle(self.born);
                state.slots.free(&self.key);
            }
        });
    }
}

impl<C: Pooled> Drop for Lease<C> {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.hold, Hold::Nothing) {
            Hold::Nothing => {}
            hold => self.end(hold, Instant::now()),
        }
    }
}

impl<C: Pooled> fmt::Debug for Lease<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({})", self.key.url().masked())
    }
}
