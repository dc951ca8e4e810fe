//! `Timings`: when the steps of a request were over.
//!
//! Owns the points in time, which are passed in. Does not read the clock or know the events (`connection/events.rs`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// When the steps of one request were over, in time since it was handed to its transport:
/// [`Response::timings`](crate::Response::timings), once they were asked for.
///
/// They are of this one exchange. Redirects and authentication rounds before it have their own, in the responses of the
/// history. A request that was tried more than once (a connect that was retried, a connection that the server had just
/// closed) has several [`attempts`](Self::attempts); the methods are about the last of them.
///
/// ```
/// # use papilio::{Client, MockTransport, Response};
/// # let mock = MockTransport::new(|_| Ok(Response::builder(200).text("")));
/// # let client = Client::builder().transport(mock).build()?;
/// let response = client.get("https://www.example.org/").timings().send()?;
/// if let Some(timings) = response.timings() {
///     println!("connected after {:?}, answered after {:?}", timings.connect(), timings.first_byte());
/// }
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Timings {
    began: Instant,
    attempts: Vec<Attempt>,
}

/// One try of a request. All times are counted from when the request was handed to its transport; what did not happen is
/// `None`.
///
/// ```
/// # use papilio::{Client, MockTransport, Response};
/// let mock = MockTransport::new(|_| Ok(Response::builder(200).text("")));
/// let client = Client::builder().transport(mock).build()?;
/// let timings = client.get("http://test/").timings().send()?.timings().unwrap();
/// // Nothing was connected to.
/// assert!(timings.attempts().iter().all(|attempt| attempt.connect.is_none()));
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// When this try began: what went before is waiting for a slot of the pool, earlier tries, and the pauses between.
    pub started: Duration,
    /// When the host's addresses were known. An IP address is not looked up.
    pub name_lookup: Option<Duration>,
    /// When the connection to the server stood. A connection that is used again is not opened.
    pub connect: Option<Duration>,
    /// When TLS was agreed on.
    pub tls: Option<Duration>,
    /// When the request was sent, its body included.
    pub sent: Option<Duration>,
    /// When the first bytes of the answer were there.
    pub first_byte: Option<Duration>,
    /// When the body was read to its end, or given up.
    pub end: Option<Duration>,
}

impl Timings {
    fn new(began: Instant) -> Self {
        Self {
            began,
            attempts: Vec::new(),
        }
    }

    /// All tries, the oldest first.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// let mock = MockTransport::new(|_| Ok(Response::builder(200).text("")));
    /// let client = Client::builder().transport(mock).build()?;
    /// let timings = client.get("http://test/").timings().send()?.timings().unwrap();
    /// println!("{} attempts", timings.attempts().len());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// When the host's addresses were known; `None` if they were not looked up.
    ///
    /// ```
    /// use papilio::Response;
    /// fn tell(response: &Response) {
    ///     if let Some(time) = response.timings().and_then(|timings| timings.name_lookup()) {
    ///         println!("looked up after {time:?}");
    ///     }
    /// }
    /// ```
    pub fn name_lookup(&self) -> Option<Duration> {
        self.attempts.last()?.name_lookup
    }

    /// When the connection to the server stood; `None` if it stood already.
    ///
    /// ```
    /// use papilio::Response;
    /// fn tell(response: &Response) {
    ///     if let Some(time) = response.timings().and_then(|timings| timings.connect()) {
    ///         println!("connected after {time:?}");
    ///     }
    /// }
    /// ```
    pub fn connect(&self) -> Option<Duration> {
        self.attempts.last()?.connect
    }

    /// When TLS was agreed on; `None` without TLS, or if it stood already.
    ///
    /// ```
    /// use papilio::Response;
    /// fn tell(response: &Response) {
    ///     if let Some(time) = response.timings().and_then(|timings| timings.tls()) {
    ///         println!("encrypted after {time:?}");
    ///     }
    /// }
    /// ```
    pub fn tls(&self) -> Option<Duration> {
        self.attempts.last()?.tls
    }

    /// When the request was sent, its body included, or as much of it as the server wanted before it answered.
    ///
    /// ```
    /// use papilio::Response;
    /// fn tell(response: &Response) {
    ///     if let Some(time) = response.timings().and_then(|timings| timings.sent()) {
    ///         println!("sent after {time:?}");
    ///     }
    /// }
    /// ```
    pub fn sent(&self) -> Option<Duration> {
        self.attempts.last()?.sent
    }

    /// When the first bytes of the answer were there.
    ///
    /// ```
    /// use papilio::Response;
    /// fn tell(response: &Response) {
    ///     if let Some(time) = response.timings().and_then(|timings| timings.first_byte()) {
    ///         println!("answered after {time:?}");
    ///     }
    /// }
    /// ```
    pub fn first_byte(&self) -> Option<Duration> {
        self.attempts.last()?.first_byte
    }

    /// When the body was read to its end, or given up; `None` until then.
    ///
    /// ```
    /// # use papilio::{Client, MockTransport, Response};
    /// let mock = MockTransport::new(|_| Ok(Response::builder(200).text("")));
    /// let client = Client::builder().transport(mock).build()?;
    /// let timings = client.get("http://test/").timings().send()?.timings().unwrap();
    /// println!("{:?} in all", timings.end());
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn end(&self) -> Option<Duration> {
        self.attempts.last()?.end
    }
}

/// Takes the times of one exchange. In the extensions of a request it says that they are wanted.
#[derive(Debug, Clone)]
pub(crate) struct Stopwatch(Arc<Mutex<Timings>>);

/// A step that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    NameLookup,
    Connect,
    Tls,
    Sent,
    FirstByte,
    End,
}

impl Stopwatch {
    pub(crate) fn new(began: Instant) -> Self {
        Self(Arc::new(Mutex::new(Timings::new(began))))
    }

    /// Begins a new try.
    pub(crate) fn attempt(&self, now: Instant) {
        let mut timings = self.lock();
        let started = now.saturating_duration_since(timings.began);
        timings.attempts.push(Attempt {
            started,
            ..Attempt::default()
        });
    }

    /// The first of a kind counts.
    pub(crate) fn mark(&self, mark: Mark, now: Instant) {
        let mut timings = self.lock();
        let since = now.saturating_duration_since(timings.began);
        if timings.attempts.is_empty() {
            // A transport that says nothing.
            timings.attempts.push(Attempt::default());
        }
        let Some(attempt) = timings.attempts.last_mut() else {
            return;
        };
        let place = match mark {
            Mark::NameLookup => &mut attempt.name_lookup,
            Mark::Connect => &mut attempt.connect,
            Mark::Tls => &mut attempt.tls,
            Mark::Sent => &mut attempt.sent,
            Mark::FirstByte => &mut attempt.first_byte,
            Mark::End => &mut attempt.end,
        };
        place.get_or_insert(since);
    }

    /// The times so far.
    pub(crate) fn timings(&self) -> Timings {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Timings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
