//! `State`: what is under the lock of a [`Pool`](super::Pool).
//!
//! Owns the order of serving, the queue, expiry and what is kept. Closes nothing itself: it hands out what is to be
//! closed once the lock is released.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::{Duration, Instant};

use super::shared::Shared;
use super::slots::Slots;
use super::{Key, Pooled, Shareable, Sharing};
use crate::models::config::Limits;

pub(super) struct State<C: Pooled> {
    pub(super) limits: Limits,
    sharing: Sharing,
    pub(super) slots: Slots,
    /// In order of creation.
    pub(super) idle: Vec<Idle<C>>,
    /// Those with streams, in order of creation.
    pub(super) shared: Vec<Shared<C>>,
    /// Connections on their way that may turn out to be shared ones.
    pub(super) openings: Vec<Opening>,
    /// Whose last connection turned out not to be shared, though it might have been: for these nobody waits.
    pub(super) exclusive: VecDeque<Key>,
    pub(super) waiting: VecDeque<Waiter<C>>,
    pub(super) closed: bool,
    next_number: u64,
}

/// A connection nobody uses.
pub(super) struct Idle<C: Pooled> {
    pub(super) held: Held<C>,
    pub(super) key: Key,
    pub(super) born: u64,
    pub(super) expires: Option<Instant>,
}

pub(super) enum Held<C: Pooled> {
    Own(C),
    Shared(C::Shared),
}

pub(super) struct Opening {
    pub(super) key: Key,
    pub(super) born: u64,
}

pub(super) struct Waiter<C: Pooled> {
    pub(super) number: u64,
    pub(super) key: Key,
    pub(super) waker: Waker,
    pub(super) grant: Option<Grant<C>>,
}

/// What was given to someone who has not yet collected it.
pub(super) struct Grant<C: Pooled> {
    pub(super) place: Place<C>,
    /// An idle connection that gave way, to be closed before another is opened.
    pub(super) evicted: Option<Held<C>>,
    pub(super) expires: Option<Instant>,
}

/// What a grant or a lease has of the pool. Its key may be that of an earlier request to the same place.
pub(super) struct Place<C: Pooled> {
    pub(super) hold: Hold<C>,
    pub(super) key: Key,
    pub(super) born: u64,
}

pub(super) enum Hold<C: Pooled> {
    /// A slot, and so the permission to open a connection in it.
    Slot,
    /// A slot with a connection in it.
    Own(C),
    /// A stream of a shared connection, which has the slot.
    Stream(C::Shared),
}

/// Connections to be closed once the lock is released. Each keeps its slot until it is closed, so that there are never
/// more sockets than slots, not for an instant (R-LIM-16).
pub(super) type Closing<C> = Vec<Idle<C>>;

impl<C: Pooled> State<C> {
    pub(super) fn new(limits: Limits, sharing: Sharing) -> Self {
        Self {
            limits,
            sharing,
            slots: Slots::new(&limits),
            idle: Vec::new(),
            shared: Vec::new(),
            openings: Vec::new(),
            exclusive: VecDeque::new(),
            waiting: VecDeque::new(),
            closed: false,
            next_number: 0,
        }
    }

    /// What one request gets, if there is something: a connection that exists; else a new one; else a new one in place
    /// of the oldest idle one of another origin (POOL-03).
    pub(super) fn serve(
        &mut self,
        key: &Key,
        now: Instant,
        closing: &mut Closing<C>,
    ) -> Option<Grant<C>> {
        self.expire(now, closing);
        if let Some(grant) = self.reuse(key, closing) {
            return Some(grant);
        }
        if self.is_awaited(key) || !self.slots.host_has_room(key) {
            return None;
        }
        let mut evicted = None;
        if !self.slots.has_room() {
            if self.idle.is_empty() {
                return None;
            }
            let idle = self.idle.remove(0);
            self.slots.free(&idle.key);
            evicted = Some(idle.held);
        }
        self.slots.take(key);
        let born = self.number();
        self.open(key, born);
        let place = Place {
            hold: Hold::Slot,
            key: key.clone(),
            born,
        };
        Some(Grant {
            place,
            evicted,
            expires: None,
        })
    }

    /// A connection of the origin that exists: a shared one in use that has room for a stream, else the oldest idle one.
    pub(super) fn reuse(&mut self, key: &Key, closing: &mut Closing<C>) -> Option<Grant<C>> {
        let mut roomy = self.shared.iter_mut();
        if let Some(shared) = roomy.find(|shared| shared.serves(key) && shared.has_room()) {
            shared.streams += 1;
            let place = Place {
                hold: Hold::Stream(shared.handle.clone()),
                key: key.clone(),
                born: shared.born,
            };
            return Some(Grant {
                place,
                evicted: None,
                expires: None,
            });
        }
        loop {
            let at = self.idle.iter().position(|idle| idle.key.matches(key))?;
            let idle = self.idle.remove(at);
            let hold = match idle.held {
                Held::Own(connection) => Hold::Own(connection),
                Held::Shared(handle) if handle.is_usable() && handle.most_streams() > 0 => {
                    self.use_shared(idle.key.clone(), idle.born, handle.clone());
                    Hold::Stream(handle)
                }
                // A peer that lets nobody in, and has nothing to finish either, is not waited for (R-H2-09).
                Held::Shared(_) => {
                    closing.push(idle);
                    continue;
                }
            };
            let place = Place {
                hold,
                key: idle.key,
                born: idle.born,
            };
            return Some(Grant {
                place,
                evicted: None,
                expires: idle.expires,
            });
        }
    }

    /// Whether there is, or may soon be, a shared connection that can serve this, if not just now (POOL-07, H2-06).
    fn is_awaited(&self, key: &Key) -> bool {
        self.sharing.covers(key)
            && (self.openings.iter().any(|o| o.key.matches(key))
                || self.shared.iter().any(|shared| shared.serves(key)))
    }

    /// Someone opens a connection: may others wait for it?
    pub(super) fn open(&mut self, key: &Key, born: u64) {
        let known = |known: &VecDeque<Key>| known.iter().any(|known| known.matches(key));
        if self.sharing.covers(key) && !known(&self.exclusive) {
            self.settle(born);
            self.openings.push(Opening {
                key: key.clone(),
                born,
            });
        }
    }

    /// A connection is on its way no more.
    pub(super) fn settle(&mut self, born: u64) {
        self.openings.retain(|opening| opening.born != born);
    }

    /// A connection that might have been shared is not: everyone may open one of their own.
    pub(super) fn opened_exclusive(&mut self, key: &Key, born: u64) {
        if !self.sharing.covers(key) {
            return;
        }
        self.settle(born);
        self.exclusive.retain(|known| !known.matches(key));
        if self.exclusive.len() == MOST_REMEMBERED {
            self.exclusive.pop_front();
        }
        self.exclusive.push_back(key.clone());
    }

    /// Gives slots to whoever waited longest; one that cannot be served does not hold up the others (POOL-04).
    pub(super) fn dispatch(
        &mut self,
        now: Instant,
        closing: &mut Closing<C>,
        wakers: &mut Vec<Waker>,
    ) {
        if self.closed {
            return;
        }
        let mut refused: Option<Key> = None;
        for at in 0..self.waiting.len() {
            let Some(waiter) = self.waiting.get(at).filter(|waiter| waiter.grant.is_none()) else {
                continue;
            };
            // What could not be served a moment ago cannot be now: serving others gives nothing back.
            if refused.as_ref().is_some_and(|key| key.matches(&waiter.key)) {
                continue;
            }
            let key = waiter.key.clone();
            let grant = self.serve(&key, now, closing);
            match (self.waiting.get_mut(at), grant) {
                (Some(waiter), Some(grant)) => {
                    waiter.grant = Some(grant);
                    wakers.push(waiter.waker.clone());
                }
                _ => refused = Some(key),
            }
        }
    }

    fn expire(&mut self, now: Instant, closing: &mut Closing<C>) {
        while let Some(at) = self
            .idle
            .iter()
            .position(|idle| idle.expires.is_some_and(|expires| expires <= now))
        {
            closing.push(self.idle.remove(at));
        }
    }

    /// When a connection that is idle from now on is to be closed.
    pub(super) fn expiry(&self, now: Instant, good_for: Option<Duration>) -> Option<Instant> {
        let limits = [self.limits.keepalive_expiry, good_for];
        let least = limits.into_iter().flatten().min()?;
        now.checked_add(least)
    }

    /// Takes a connection back, if it may stay.
    pub(super) fn keep(&mut self, idle: Idle<C>, now: Instant, closing: &mut Closing<C>) {
        if self.closed {
            closing.push(idle);
            return;
        }
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
            closing.push(self.idle.remove(0));
        }
        self.expire(now, closing);
    }

    pub(super) fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }
}

/// Of how many origins the pool remembers that they do not share; forgetting one only makes a burst wait for the first.
const MOST_REMEMBERED: usize = 64;
