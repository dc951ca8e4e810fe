//! `CancelToken`: ends calls from elsewhere.
//!
//! Owns whether a token is cancelled, which tokens go with it, and who is woken then. Does not wait: the drivers do.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Poll, Waker};

use crate::error::{Error, Kind, Result};

/// Ends calls from another thread or task, whatever they are waiting for: a connection slot, a name, a connection, a proxy,
/// TLS, the server's taking or sending of bytes, the pause before a retry.
///
/// It is given to a request with [`RequestBuilder::cancel`](crate::RequestBuilder::cancel), or to all calls of a client
/// with [`ClientBuilder::cancel`](crate::ClientBuilder::cancel). It holds for the call with its redirects, authentication
/// and hooks, for every later read of the response, and for the connection after a switch of protocols. A call that it ends
/// fails with [`Kind::Cancelled`] within milliseconds, is not tried again, and closes the connection it was using; calls
/// that begin later fail before anything is sent. What it cannot interrupt is code of the caller that waits on its own:
/// a reader that is sent as a body, a hook, a transport of a blocking client.
///
/// A clone is the same token. One that was cancelled stays so.
///
/// ```
/// use std::{thread, time::{Duration, Instant}};
/// use papilio::{CancelToken, Client, Kind};
///
/// // A server that never answers.
/// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let url = format!("http://{}/", server.local_addr()?);
///
/// let token = CancelToken::new();
/// // This might as well be a handler of Ctrl-C, or the window that is closed.
/// thread::spawn({
///     let token = token.clone();
///     move || {
///         thread::sleep(Duration::from_millis(50));
///         token.cancel();
///     }
/// });
/// let error = Client::new().get(url).cancel(&token).no_timeout().send().unwrap_err();
/// assert_eq!(error.kind(), Kind::Cancelled);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
#[doc(alias = "CancellationToken")]
#[doc(alias = "AbortController")]
pub struct CancelToken(Arc<Inner>);

#[derive(Default)]
struct Inner {
    cancelled: AtomicBool,
    audience: Mutex<Audience>,
    /// The tokens this one is cancelled with, and its number in the audience of each.
    parents: Vec<(CancelToken, u64)>,
}

/// Who is told.
#[derive(Default)]
struct Audience {
    next: u64,
    listeners: BTreeMap<u64, Listener>,
}

enum Listener {
    Waiter(Waker),
    Child(Weak<Inner>),
}

impl CancelToken {
    /// A token that nobody has cancelled.
    ///
    /// ```
    /// assert!(!papilio::CancelToken::new().is_cancelled());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends every call that has this token or one of its children, and refuses those to come. Does not wait for them to
    /// end. Safe to call twice; not from a signal handler itself, because it takes a lock.
    ///
    /// ```
    /// let token = papilio::CancelToken::new();
    /// let same = token.clone();
    /// token.cancel();
    /// assert!(same.is_cancelled());
    /// ```
    #[doc(alias = "abort")]
    pub fn cancel(&self) {
        let mut tokens = vec![self.clone()];
        while let Some(token) = tokens.pop() {
            // Whoever is woken or let go may come back here, so the lock is not held meanwhile.
            for listener in token.0.close() {
                match listener {
                    Listener::Waiter(waker) => waker.wake(),
                    Listener::Child(child) => tokens.extend(child.upgrade().map(Self)),
                }
            }
        }
    }

    /// Whether this token, or one that it is a child of, was cancelled.
    ///
    /// ```
    /// let token = papilio::CancelToken::new();
    /// let mut pages = 1..;
    /// while !token.is_cancelled() {
    ///     let page = pages.next();
    ///     # if page == Some(3) { token.cancel(); }
    /// }
    /// ```
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    /// A token that is cancelled with this one, and can be cancelled alone.
    ///
    /// ```
    /// use papilio::CancelToken;
    ///
    /// let all = CancelToken::new();
    /// let (one, other) = (all.child(), all.child());
    /// one.cancel();
    /// assert!(one.is_cancelled() && !other.is_cancelled() && !all.is_cancelled());
    /// all.cancel();
    /// assert!(other.is_cancelled());
    /// ```
    #[doc(alias = "child_token")]
    pub fn child(&self) -> Self {
        Self::below(&[self])
    }

    /// A token that is cancelled with either of them.
    pub(crate) fn joined(&self, other: &Self) -> Self {
        if Arc::ptr_eq(&self.0, &other.0) {
            self.clone()
        } else {
            Self::below(&[self, other])
        }
    }

    fn below(parents: &[&Self]) -> Self {
        Self(Arc::new_cyclic(|child| {
            let mut inner = Inner::default();
            for parent in parents {
                match parent.0.listen(Listener::Child(Weak::clone(child))) {
                    Some(number) => inner.parents.push(((*parent).clone(), number)),
                    None => *inner.cancelled.get_mut() = true,
                }
            }
            inner
        }))
    }

    /// # Errors
    /// [`Kind::Cancelled`] if it is.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled() {
            Err(cancelled())
        } else {
            Ok(())
        }
    }

    /// For one wait: a place among those who are woken, once it was polled.
    pub(crate) fn watch(&self) -> Watch {
        Watch {
            token: self.clone(),
            number: None,
        }
    }
}

impl Inner {
    /// Cancels it, and whom that concerns.
    fn close(&self) -> impl Iterator<Item = Listener> + use<> {
        let mut audience = self.lock();
        self.cancelled.store(true, Ordering::Release);
        std::mem::take(&mut audience.listeners).into_values()
    }

    /// A number among those who are told; none if there is nothing more to tell.
    fn listen(&self, listener: Listener) -> Option<u64> {
        let mut audience = self.lock();
        if self.cancelled.load(Ordering::Acquire) {
            drop(audience);
            return None;
        }
        let number = audience.next;
        audience.next += 1;
        audience.listeners.insert(number, listener);
        Some(number)
    }

    /// Takes a listener out; it is dropped by the caller, without the lock, because it may own whatever it wakes.
    fn leave(&self, number: u64) -> Option<Listener> {
        self.lock().listeners.remove(&number)
    }

    fn lock(&self) -> MutexGuard<'_, Audience> {
        self.audience.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for (parent, number) in &self.parents {
            drop(parent.0.leave(*number));
        }
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken")
            .field("cancelled", &self.is_cancelled())
            .finish()
    }
}

/// A wait for a token. Dropped, it is over.
#[derive(Debug)]
pub(crate) struct Watch {
    token: CancelToken,
    number: Option<u64>,
}

impl Watch {
    /// The error of a cancelled call once the token is cancelled; until then `waker` is woken when it is.
    pub(crate) fn poll(&mut self, waker: &Waker) -> Poll<Error> {
        if !self.token.is_cancelled() {
            let listener = Listener::Waiter(waker.clone());
            let before = match self.number {
                Some(number) => self.replace(number, listener),
                None => {
                    self.number = self.token.0.listen(listener);
                    None
                }
            };
            drop(before);
        }
        if self.token.is_cancelled() {
            Poll::Ready(cancelled())
        } else {
            Poll::Pending
        }
    }

    /// Puts a listener where this one's was, if that is still there.
    fn replace(&self, number: u64, listener: Listener) -> Option<Listener> {
        let mut audience = self.token.0.lock();
        let place = audience.listeners.get_mut(&number)?;
        Some(std::mem::replace(place, listener))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            drop(self.token.0.leave(number));
        }
    }
}

fn cancelled() -> Error {
    Error::new(Kind::Cancelled, "the call was cancelled")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn listeners(token: &CancelToken) -> usize {
        token.0.lock().listeners.len()
    }

    #[test]
    fn waiters_are_woken_once_and_leave_nothing() {
        let (token, count) = (CancelToken::new(), Arc::new(Count::default()));
        let waker = Waker::from(Arc::clone(&count));
        let mut watches: Vec<_> = (0..3).map(|_| token.watch()).collect();
        for _ in 0..2 {
            assert!(watches.iter_mut().all(|w| w.poll(&waker).is_pending()));
        }
        drop(watches.pop());
        assert_eq!(listeners(&token), 2);
        token.cancel();
        token.cancel();
        assert_eq!(count.0.load(Ordering::SeqCst), 2);
        assert!(watches.iter_mut().all(|w| w.poll(&waker).is_ready()));
        assert!(token.watch().poll(&waker).is_ready());
        assert_eq!(listeners(&token), 0);
        assert_eq!(token.check().unwrap_err().kind(), Kind::Cancelled);
    }

    /// The last to be woken is the one who is woken.
    #[test]
    fn a_watch_wakes_its_latest_waker() {
        let token = CancelToken::new();
        let counts = [Arc::new(Count::default()), Arc::new(Count::default())];
        let mut watch = token.watch();
        for count in &counts {
            assert!(watch.poll(&Waker::from(Arc::clone(count))).is_pending());
        }
        token.cancel();
        assert_eq!(
            counts.map(|count| count.0.load(Ordering::SeqCst)),
            [0, 1],
            "wakes"
        );
    }

    #[test]
    fn children_go_with_their_parents_and_not_the_reverse() {
        let (left, right) = (CancelToken::new(), CancelToken::new());
        let both = left.joined(&right);
        let deep = (0..1000).fold(both.child(), |token, _| token.child());
        let alone = right.child();
        left.cancel();
        assert!(both.is_cancelled() && deep.is_cancelled() && both.child().is_cancelled());
        assert!(!right.is_cancelled() && !alone.is_cancelled());
        assert!(Arc::ptr_eq(&right.joined(&right).0, &right.0));
        // Those that are gone are forgotten.
        drop((both, deep, alone));
        assert_eq!(listeners(&right), 0);
    }

    /// A parent that nobody holds any more still stands between its own parent and its children.
    #[test]
    fn generations_in_between_may_be_dropped() {
        let token = CancelToken::new();
        let grandchild = token.child().child();
        token.cancel();
        assert!(grandchild.is_cancelled());
    }

    #[test]
    fn wakers_may_come_back() {
        struct Back(CancelToken);
        impl Wake for Back {
            fn wake(self: Arc<Self>) {
                self.0.cancel();
                drop(self.0.child());
            }
        }
        let token = CancelToken::new();
        let mut watch = token.watch();
        let waker = Waker::from(Arc::new(Back(token.child())));
        assert!(watch.poll(&waker).is_pending());
        drop(waker);
        token.cancel();
        assert!(watch.poll(Waker::noop()).is_ready());
    }
}
