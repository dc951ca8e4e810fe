//! `Shared`: a connection that serves many requests at once, and what the pool has to know of one (HTTP/2).
//!
//! Owns the count of its streams. Does not speak HTTP/2: the engine puts a handle into the pool and gets clones of it.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Mutex, Weak};
use std::time::Instant;

use super::state::{Closing, Held, Idle, State};
use super::{Key, Pool};

/// A connection as the pool sees it: one request has it at a time, unless it turns out to be a shared one.
pub(crate) trait Pooled {
    /// The handle of a shared connection.
    type Shared: Shareable;
}

/// A handle of a shared connection. Once all clones are gone, the connection closes.
///
/// All of it is called under the lock of the pool (the dropping of handles is not): it must be quick, and must not come
/// back to the pool.
pub(crate) trait Shareable: Clone + fmt::Debug {
    /// Whether the connection will ever take another stream: not after GOAWAY or an error, and not when the ids are used
    /// up (H2-06). Streams it has may well go on.
    fn is_usable(&self) -> bool;

    /// How many streams may be open at a time: 1 until the peer's SETTINGS have arrived, then the lesser of its limit
    /// and ours (H2-05). 0 is possible (R-H2-09).
    fn most_streams(&self) -> usize;
}

/// Where nothing is ever shared.
impl Shareable for Infallible {
    fn is_usable(&self) -> bool {
        match *self {}
    }

    fn most_streams(&self) -> usize {
        match *self {}
    }
}

/// A shared connection with streams. It has one slot, however many they are; without streams it is an
/// [`Idle`] one like any other.
pub(super) struct Shared<C: Pooled> {
    pub(super) handle: C::Shared,
    pub(super) key: Key,
    pub(super) born: u64,
    /// Leases, and grants that were not yet collected; never 0.
    pub(super) streams: usize,
}

impl<C: Pooled> Shared<C> {
    pub(super) fn serves(&self, key: &Key) -> bool {
        self.key.matches(key) && self.handle.is_usable()
    }

    pub(super) fn has_room(&self) -> bool {
        self.streams < self.handle.most_streams()
    }
}

impl<C: Pooled> State<C> {
    /// A new shared connection, with the stream of who opened it.
    pub(super) fn share(&mut self, key: &Key, born: u64, handle: C::Shared) {
        self.settle(born);
        self.exclusive.retain(|known| !known.matches(key));
        self.use_shared(key.clone(), born, handle);
    }

    /// From no stream to one. The order is that of creation.
    pub(super) fn use_shared(&mut self, key: Key, born: u64, handle: C::Shared) {
        let at = self.shared.partition_point(|other| other.born < born);
        let shared = Shared {
            handle,
            key,
            born,
            streams: 1,
        };
        self.shared.insert(at, shared);
    }

    /// After its last stream a connection is idle from now on (H2-12), or closed if it can serve no more (R-H2-06).
    pub(super) fn end_stream(&mut self, born: u64, now: Instant, closing: &mut Closing<C>) {
        let Some(at) = self.shared.iter().position(|shared| shared.born == born) else {
            return;
        };
        if let Some(shared) = self.shared.get_mut(at).filter(|shared| shared.streams > 1) {
            shared.streams -= 1;
            return;
        }
        let shared = self.shared.remove(at);
        let usable = shared.handle.is_usable();
        let idle = Idle {
            held: Held::Shared(shared.handle),
            key: shared.key,
            born,
            expires: self.expiry(now, None),
        };
        if usable {
            self.keep(idle, now, closing);
        } else {
            closing.push(idle);
        }
    }

    /// Gives up idle connections that can serve no more; one with streams goes with the last of them.
    fn retire(&mut self, closing: &mut Closing<C>) {
        let gone = |idle: &mut Idle<C>| match &idle.held {
            Held::Own(_) => false,
            Held::Shared(handle) => !handle.is_usable(),
        };
        closing.extend(self.idle.extract_if(.., gone));
    }
}

/// How whoever drives a shared connection tells the pool of its changes; does not keep the pool alive.
pub(crate) struct Watch<C: Pooled>(pub(super) Weak<Mutex<State<C>>>);

impl<C: Pooled> Watch<C> {
    /// To be called when [`Shareable::is_usable`] or [`Shareable::most_streams`] says something else than before: at
    /// SETTINGS, GOAWAY and the end. Whoever waits for the connection is served anew.
    pub(crate) fn changed(&self, now: Instant) {
        if let Some(state) = self.0.upgrade() {
            Pool(state).change(now, |state, closing| state.retire(closing));
        }
    }
}

impl<C: Pooled> Clone for Watch<C> {
    fn clone(&self) -> Self {
        Self(Weak::clone(&self.0))
    }
}

impl<C: Pooled> fmt::Debug for Watch<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}
