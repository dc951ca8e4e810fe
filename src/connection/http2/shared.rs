//! `Shared`: what all requests of a connection know of it, and their places on it.
//!
//! Owns the count of streams, the queue for them, and how the connection ended. Does not own the connection
//! (`task.rs`).

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

use crate::error::Kind;

/// The state of one connection.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Reads that brought something.
    pub(super) reads: AtomicUsize,
    /// Responses whose head was handed out.
    pub(super) heads: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    /// Streams that may run at the same time, as things stand.
    limit: usize,
    active: usize,
    /// When the last stream ended; `None` while there are some.
    idle_since: Option<Instant>,
    queue: VecDeque<Place>,
    last_ticket: u64,
    going_away: bool,
    /// Whether the server's first SETTINGS are there, and whether anybody was told.
    settings: Settings,
    end: Option<End>,
    task: Option<Waker>,
    watchers: Vec<Waker>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Settings {
    #[default]
    Awaited,
    Received,
    Told,
}

#[derive(Debug)]
struct Place {
    ticket: u64,
    waker: Waker,
}

/// How a connection ended; the first reason counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The server closed it.
    Closed,
    Read(io::ErrorKind, String),
    Write(io::ErrorKind, String),
    /// An error of the protocol, by its code; who found it.
    Protocol {
        code: u32,
        by_peer: bool,
    },
    /// Frames without number that move nothing.
    Flood,
    /// No sign of life.
    Silence,
    /// A request gave it up, for this kind of error.
    GivenUp(Kind),
    /// Whoever ran it is gone.
    Abandoned,
}

/// What came of asking for a place.
pub(super) enum Asked {
    Granted,
    /// The number in the queue.
    Queued(u64),
    /// There will be none.
    Never,
}

impl Shared {
    pub(super) fn new(now: Instant) -> Self {
        let shared = Self::default();
        let mut state = shared.state();
        // Until the server's SETTINGS arrive (H2-05).
        state.limit = 1;
        state.idle_since = Some(now);
        drop(state);
        shared
    }

    /// Asks for a place, first come, first served; `ticket` is from the last time it was asked for.
    pub(super) fn ask(&self, ticket: Option<u64>, waker: &Waker) -> Asked {
        let mut state = self.state();
        if state.is_closing() {
            return Asked::Never;
        }
        let position =
            ticket.and_then(|ticket| state.queue.iter().position(|p| p.ticket == ticket));
        let ahead = position.unwrap_or(state.queue.len());
        if state.active + ahead < state.limit {
            if let Some(position) = position {
                state.queue.remove(position);
            }
            let task = state.occupy();
            drop(state);
            wake(task);
            return Asked::Granted;
        }
        if let Some(place) = position.and_then(|position| state.queue.get_mut(position)) {
            place.waker.clone_from(waker);
            return Asked::Queued(place.ticket);
        }
        state.last_ticket += 1;
        let ticket = state.last_ticket;
        let waker = waker.clone();
        state.queue.push_back(Place { ticket, waker });
        Asked::Queued(ticket)
    }

    /// Gives a place in the queue up.
    pub(super) fn leave(&self, ticket: u64) {
        let mut state = self.state();
        state.queue.retain(|place| place.ticket != ticket);
        state.wake_next();
    }

    /// Takes a place if one is free and nobody waits.
    pub(super) fn take(&self) -> bool {
        let mut state = self.state();
        let free = !state.is_closing() && state.active + state.queue.len() < state.limit;
        if free {
            let task = state.occupy();
            drop(state);
            wake(task);
        }
        free
    }

    /// A stream ended.
    pub(super) fn free(&self, now: Instant) {
        let mut state = self.state();
        state.active = state.active.saturating_sub(1);
        if state.active == 0 {
            state.idle_since = Some(now);
        }
        state.wake_next();
        state.wake_watchers();
    }

    /// So many streams may run.
    pub(super) fn set_limit(&self, limit: usize) {
        let mut state = self.state();
        if state.limit != limit {
            state.limit = limit;
            state.wake_next();
            state.wake_watchers();
        }
    }

    /// The server takes no more requests, or there are no more numbers for them.
    pub(super) fn go_away(&self) {
        let mut state = self.state();
        state.going_away = true;
        state.wake_all();
    }

    /// SETTINGS arrived.
    pub(super) fn settle(&self) {
        let mut state = self.state();
        if state.settings == Settings::Awaited {
            state.settings = Settings::Received;
        }
    }

    /// Whether the server's SETTINGS are there and this is the first to hear of it.
    pub(super) fn hear_of_settings(&self) -> bool {
        let mut state = self.state();
        let news = state.settings == Settings::Received;
        if news {
            state.settings = Settings::Told;
        }
        news
    }

    /// The connection is over.
    pub(super) fn end(&self, end: End) {
        let mut state = self.state();
        state.end.get_or_insert(end);
        state.wake_all();
        let task = state.task.take();
        drop(state);
        wake(task);
    }

    /// Who runs the connection, to be woken when it has to look.
    pub(super) fn set_task(&self, waker: &Waker) {
        let mut state = self.state();
        match &mut state.task {
            Some(task) => task.clone_from(waker),
            None => state.task = Some(waker.clone()),
        }
    }

    /// Wakes once, when a place becomes free or the connection closes.
    #[cfg(test)]
    pub(super) fn watch(&self, waker: &Waker) {
        let mut state = self.state();
        if !state.watchers.iter().any(|known| known.will_wake(waker)) {
            state.watchers.push(waker.clone());
        }
    }

    pub(super) fn how_ended(&self) -> Option<End> {
        self.state().end.clone()
    }

    pub(super) fn is_open(&self) -> bool {
        self.state().end.is_none()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.state().is_closing()
    }

    /// Whether there is room for one more right now.
    #[cfg(test)]
    pub(super) fn has_room(&self) -> bool {
        let state = self.state();
        !state.is_closing() && state.active + state.queue.len() < state.limit
    }

    /// How many streams may be open at a time.
    pub(super) fn limit(&self) -> usize {
        self.state().limit
    }

    pub(super) fn active(&self) -> usize {
        self.state().active
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.state().queue.len()
    }

    #[cfg(test)]
    pub(super) fn idle_since(&self) -> Option<Instant> {
        self.state().idle_since
    }

    pub(super) fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakers that are told under the lock only put a task in line; they do not run it.
impl State {
    fn is_closing(&self) -> bool {
        self.going_away || self.end.is_some()
    }

    /// Takes a place; whom to wake for it: pings begin with the first stream.
    fn occupy(&mut self) -> Option<Waker> {
        self.active += 1;
        let was_idle = self.idle_since.take().is_some();
        was_idle.then(|| self.task.take()).flatten()
    }

    /// Wakes as many of those in the queue as there are places.
    fn wake_next(&mut self) {
        let free = self.limit.saturating_sub(self.active);
        for place in self.queue.iter().take(free) {
            place.waker.wake_by_ref();
        }
    }

    fn wake_watchers(&mut self) {
        for watcher in self.watchers.drain(..) {
            watcher.wake();
        }
    }

    fn wake_all(&mut self) {
        for place in &self.queue {
            place.waker.wake_by_ref();
        }
        self.wake_watchers();
    }
}

fn wake(task: Option<Waker>) {
    if let Some(task) = task {
        task.wake();
    }
}
