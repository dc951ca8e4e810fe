//! `Lease`: a slot of a [`Pool`] in use, or a stream of a shared connection.
//!
//! Owns the connection while a request has it, and its way back.

use std::fmt;
use std::time::{Duration, Instant};

use super::state::{Grant, Held, Hold, Idle, Place};
use super::{Pool, Pooled, close};

/// What one request has of the pool: the permission to open a connection, a connection of its own, or a stream of a
/// shared one. Dropping it closes a connection of its own and frees the slot; of a shared connection it ends one stream.
pub(crate) struct Lease<C: Pooled> {
    pool: Pool<C>,
    /// `None` once it is given back.
    place: Option<Place<C>>,
}

impl<C: Pooled> Lease<C> {
    /// Closes what gave way, and only then is there a lease to open something with.
    pub(super) fn new(pool: Pool<C>, grant: Grant<C>) -> Self {
        grant.evicted.into_iter().for_each(close);
        Self {
            pool,
            place: Some(grant.place),
        }
    }

    /// The connection: there from the start if one is used again, else from [`fill`](Self::fill) on.
    pub(crate) fn connection(&mut self) -> Option<&mut C> {
        match &mut self.place.as_mut()?.hold {
            Hold::Own(connection) => Some(connection),
            Hold::Slot | Hold::Stream(_) => None,
        }
    }

    pub(crate) fn connection_ref(&self) -> Option<&C> {
        match &self.place.as_ref()?.hold {
            Hold::Own(connection) => Some(connection),
            Hold::Slot | Hold::Stream(_) => None,
        }
    }

    /// Whether there is something to send requests over; else it is the permission to open that.
    pub(crate) fn is_open(&self) -> bool {
        let hold = self.place.as_ref().map(|place| &place.hold);
        !matches!(hold, None | Some(Hold::Slot))
    }

    /// The handle of a shared connection: there from the start if it exists already, else from [`share`](Self::share)
    /// on. It may have become unusable meanwhile; then the lease is to be dropped, and another to be asked for.
    pub(crate) fn shared(&self) -> Option<&C::Shared> {
        match &self.place.as_ref()?.hold {
            Hold::Stream(handle) => Some(handle),
            Hold::Slot | Hold::Own(_) => None,
        }
    }

    /// Puts a new connection into the slot, for one request at a time. Those who waited to see whether it can be shared
    /// may open their own now (POOL-07). A stream is left as it is.
    pub(crate) fn fill(&mut self, connection: C) {
        let Some(place) = self.place.as_mut().filter(|place| place.has_slot()) else {
            return;
        };
        place.hold = Hold::Own(connection);
        self.pool.change(Instant::now(), |state, _| {
            state.opened_exclusive(&place.key, place.born);
        });
    }

    /// Puts a new shared connection into the slot; the lease is its first stream, and those who wait get others. A
    /// stream is left as it is.
    pub(crate) fn share(&mut self, handle: C::Shared) {
        let Some(place) = self.place.as_mut().filter(|place| place.has_slot()) else {
            return;
        };
        place.hold = Hold::Stream(handle.clone());
        self.pool.change(Instant::now(), |state, _| {
            state.share(&place.key, place.born, handle);
        });
    }

    /// Drops a connection that turned out stale and takes the next one of the origin that can be used, if there is one;
    /// else the slot stays ours. A stream is left as it is.
    pub(crate) fn replace(&mut self, now: Instant) {
        let Some(place) = self.place.as_mut().filter(|place| place.has_slot()) else {
            return;
        };
        if let Hold::Own(connection) = std::mem::replace(&mut place.hold, Hold::Slot) {
            close::<C>(Held::Own(connection));
        }
        let next = self.pool.change(now, |state, closing| {
            let next = state.reuse(&place.key, closing);
            if next.is_some() {
                // It has a slot already.
                state.settle(place.born);
                state.slots.free(&place.key);
            } else {
                state.open(&place.key, place.born);
            }
            next
        });
        if let Some(grant) = next {
            *place = grant.place;
        }
    }

    /// Gives the connection back for the next request; `good_for` is how long its peer will keep it, if that is known.
    /// Of a shared connection it ends the stream, as dropping does.
    pub(crate) fn give_back(&mut self, now: Instant, good_for: Option<Duration>) {
        match self.place.take() {
            Some(Place {
                hold: Hold::Own(connection),
                key,
                born,
            }) => self.pool.change(now, |state, closing| {
                let idle = Idle {
                    held: Held::Own(connection),
                    key,
                    born,
                    expires: state.expiry(now, good_for),
                };
                state.keep(idle, now, closing);
            }),
            Some(place) => self.end(place, now),
            None => {}
        }
    }

    /// As [`give_back`](Self::give_back), once and for all.
    #[cfg(test)]
    pub(crate) fn keep(mut self, now: Instant, good_for: Option<Duration>) {
        self.give_back(now, good_for);
    }

    /// Takes a connection of its own out for good; the slot stays taken until the lease is dropped.
    pub(crate) fn take(&mut self) -> Option<C> {
        let place = self.place.as_mut().filter(|place| place.has_slot())?;
        match std::mem::replace(&mut place.hold, Hold::Slot) {
            Hold::Own(connection) => Some(connection),
            Hold::Slot | Hold::Stream(_) => None,
        }
    }

    pub(crate) fn is_pool_closed(&self) -> bool {
        self.pool.is_closed()
    }

    fn end(&self, place: Place<C>, now: Instant) {
        let slot = place.has_slot();
        let Place { hold, key, born } = place;
        // First what is open, then its slot.
        drop(hold);
        self.pool.change(now, |state, closing| {
            if slot {
                state.settle(born);
                state.slots.free(&key);
            } else {
                state.end_stream(born, now, closing);
            }
        });
    }
}

impl<C: Pooled> Place<C> {
    fn has_slot(&self) -> bool {
        !matches!(self.hold, Hold::Stream(_))
    }
}

impl<C: Pooled> Drop for Lease<C> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.end(place, Instant::now());
        }
    }
}

impl<C: Pooled> fmt::Debug for Lease<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.place.as_ref().map(|place| place.key.url().origin());
        f.debug_tuple("Lease").field(&origin).finish()
    }
}
