//! Work on a thread of its own, for what cannot but wait for itself: name lookup.
//!
//! Owns the thread's hand-over, and the number of those that nobody waits for any more.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

/// Threads that run on though nobody waits for them any more, over the whole process.
static ABANDONED: AtomicUsize = AtomicUsize::new(0);
const MOST_ABANDONED: usize = 16;

/// Begins the work. The future is its outcome, none if it panicked.
///
/// # Errors
/// If there is no thread for it, or too many earlier ones hang.
pub(super) fn start<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<impl Future<Output = Option<T>> + Send> {
    if ABANDONED.load(Ordering::Relaxed) >= MOST_ABANDONED {
        return Err(io::Error::other("too many earlier lookups hang"));
    }
    let state = Arc::new(Mutex::new(State::Running(Waker::noop().clone())));
    let worker = Worker(Arc::clone(&state));
    thread::Builder::new()
        .name("papilio-lookup".into())
        .spawn(move || {
            let value = work();
            worker.end(Some(value));
        })?;
    let waiter = Waiter(state);
    Ok(poll_fn(move |cx| waiter.poll(cx)))
}

/// What both sides see.
enum State<T> {
    Running(Waker),
    /// The outcome, unless it was taken or there is none.
    Over(Option<T>),
    /// Nobody waits any more.
    Abandoned,
}

/// The side of the thread; dropped without an end, the work panicked.
struct Worker<T>(Arc<Mutex<State<T>>>);

/// The side that waits.
struct Waiter<T>(Arc<Mutex<State<T>>>);

impl<T> Worker<T> {
    fn end(&self, value: Option<T>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, State::Over(value)) {
            State::Running(waker) => {
                drop(state);
                waker.wake();
            }
            State::Abandoned => drop(ABANDONED.fetch_sub(1, Ordering::Relaxed)),
            before @ State::Over(_) => *state = before,
        }
    }
}

impl<T> Drop for Worker<T> {
    fn drop(&mut self) {
        self.end(None);
    }
}

impl<T> Waiter<T> {
    fn poll(&self, cx: &Context<'_>) -> Poll<Option<T>> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Running(waker) => {
                waker.clone_from(cx.waker());
                Poll::Pending
            }
            State::Over(value) => Poll::Ready(value.take()),
            State::Abandoned => Poll::Ready(None),
        }
    }
}

impl<T> Drop for Waiter<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Running(_)) {
            *state = State::Abandoned;
            ABANDONED.fetch_add(1, Ordering::Relaxed);
        }
    }
}
