//! `Ticket`: one request's place in the queue of a [`Pool`].
//!
//! Owns asking, and passing on what was granted to someone who is gone.

use std::task::{Poll, Waker};
use std::time::Instant;

use super::state::{Grant, Held, Hold, Idle, Place, State, Waiter};
use super::{Key, Lease, Pool, Pooled, client_closed};
use crate::error::Result;

/// A place in the queue. Dropping it leaves the queue, and passes on what was granted meanwhile.
pub(crate) struct Ticket<'a, C: Pooled> {
    pub(super) pool: &'a Pool<C>,
    pub(super) key: Key,
    pub(super) queued: Option<u64>,
}

impl<C: Pooled> Ticket<'_, C> {
    /// A lease, if there is one now; else `waker` is woken when asking again is worth it.
    pub(crate) fn poll(&mut self, waker: &Waker, now: Instant) -> Poll<Result<Lease<C>>> {
        loop {
            let mut closing = Vec::new();
            let mut state = self.pool.lock();
            let mut grant = self.collect(&mut state, waker);
            if grant.is_none() && state.closed {
                return Poll::Ready(Err(client_closed()));
            }
            if grant.is_none() && self.queued.is_none() {
                grant = state.serve(&self.key, now, &mut closing);
                if grant.is_none() {
                    let number = state.number();
                    self.queued = Some(number);
                    state.waiting.push_back(Waiter {
                        number,
                        key: self.key.clone(),
                        waker: waker.clone(),
                        grant: None,
                    });
                }
            }
            drop(state);
            let freed = !closing.is_empty();
            self.pool.finish(now, closing);
            match grant {
                Some(grant) => {
                    let lease = Lease::new(self.pool.clone(), grant);
                    return Poll::Ready(Ok(lease));
                }
                // A slot that came free just now may have been given to us.
                None if freed => {}
                None => return Poll::Pending,
            }
        }
    }

    /// What was granted since we queued.
    fn collect(&mut self, state: &mut State<C>, waker: &Waker) -> Option<Grant<C>> {
        let number = self.queued?;
        let at = state.waiting.iter().position(|w| w.number == number)?;
        let waiter = state.waiting.get_mut(at)?;
        waiter.waker.clone_from(waker);
        let grant = waiter.grant.take()?;
        self.queued = None;
        state.waiting.remove(at);
        Some(grant)
    }
}

impl<C: Pooled> Drop for Ticket<'_, C> {
    fn drop(&mut self) {
        let Some(number) = self.queued.take() else {
            return;
        };
        let mut state = self.pool.lock();
        let at = state.waiting.iter().position(|w| w.number == number);
        let waiter = at.and_then(|at| state.waiting.remove(at));
        drop(state);
        let Some(grant) = waiter.and_then(|waiter| waiter.grant) else {
            return;
        };
        // It goes to the next in the queue (FLT-16): a connection as good as it was, all else as if it had been used.
        let now = Instant::now();
        match grant.place {
            Place {
                hold: Hold::Own(connection),
                key,
                born,
            } => {
                let idle = Idle {
                    held: Held::Own(connection),
                    key,
                    born,
                    expires: grant.expires,
                };
                self.pool
                    .change(now, |state, closing| state.keep(idle, now, closing));
            }
            place => drop(Lease::new(self.pool.clone(), Grant { place, ..grant })),
        }
    }
}
