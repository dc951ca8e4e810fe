//! `ConnectionTask`: what has to go on while nobody is in a call.
//!
//! Owns the connection of h2, its pings, and its end. The driver spawns it: with tokio, or on a thread of its own.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::Ping;
use h2::client::Connection;
use tokio::time::{Duration, Instant, Sleep, sleep_until};

use super::io::H2Io;
use super::shared::{End, Shared};
use crate::models::http2::Http2Settings;

/// Runs one connection until it is over: closed by the server, failed, or not used by anybody any more.
///
/// Needs a runtime of tokio with I/O and time. Dropped, it closes the connection and fails what is on it.
#[must_use = "nothing moves until this is spawned"]
pub(crate) struct ConnectionTask {
    connection: Option<Connection<H2Io, Bytes>>,
    shared: Arc<Shared>,
    most: usize,
    pings: Option<Pings>,
    /// Told, outside of all locks, when another answer is to be had about places on the connection.
    on_change: Option<Box<dyn Fn() + Send>>,
    /// The last answer: how many places, and whether there will be any.
    known: (usize, bool),
}

impl ConnectionTask {
    pub(super) fn new(
        mut connection: Connection<H2Io, Bytes>,
        shared: Arc<Shared>,
        settings: &Http2Settings,
    ) -> Self {
        let pings = settings.ping_interval.and_then(|interval| {
            Some(Pings {
                pings: connection.ping_pong()?,
                interval,
                timeout: settings.ping_timeout,
                state: Watch::Idle,
                timer: None,
            })
        });
        Self {
            connection: Some(connection),
            shared,
            most: settings.max_streams.max(1),
            pings,
            on_change: None,
            known: (1, true),
        }
    }

    /// Calls this whenever the number of places on the connection has changed, or there will be none any more.
    pub(crate) fn on_change(&mut self, tell: impl Fn() + Send + 'static) {
        self.on_change = Some(Box::new(tell));
    }

    fn tell(&mut self) {
        let now = (self.shared.limit(), !self.shared.is_closing());
        if std::mem::replace(&mut self.known, now) != now
            && let Some(tell) = &self.on_change
        {
            tell();
        }
    }

    /// Lets go of the connection: whatever is on it hears of the end, and only then does anybody else.
    fn end(&mut self, end: End) -> Poll<()> {
        self.shared.end(end);
        self.connection = None;
        Poll::Ready(())
    }
}

impl Future for ConnectionTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let outcome = self.poll_connection(context);
        self.tell();
        outcome
    }
}

impl ConnectionTask {
    fn poll_connection(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let me = self;
        me.shared.set_task(context.waker());
        if let Some(end) = me.shared.how_ended() {
            return me.end(end);
        }
        let Some(connection) = &mut me.connection else {
            return Poll::Ready(());
        };
        if let Poll::Ready(outcome) = Pin::new(&mut *connection).poll(context) {
            return me.end(match outcome {
                Ok(()) => End::Closed,
                Err(e) => match e.reason() {
                    Some(code) => End::Protocol {
                        code: code.into(),
                        by_peer: e.is_remote(),
                    },
                    None => End::Closed,
                },
            });
        }
        let limit = connection.max_concurrent_send_streams().min(me.most);
        me.shared.set_limit(limit);
        let silence = me.pings.as_mut().map(|p| p.poll(context, &me.shared));
        match silence {
            Some(Poll::Ready(())) => me.end(End::Silence),
            _ => Poll::Pending,
        }
    }
}

/// The runtime may go before the connection does.
impl Drop for ConnectionTask {
    fn drop(&mut self) {
        if self.connection.is_some() {
            let _ = self.end(End::Abandoned);
            self.tell();
        }
    }
}

/// Finds out whether a silent server is there, while something is expected of it (R-H2-13).
struct Pings {
    pings: h2::PingPong,
    interval: Duration,
    timeout: Duration,
    state: Watch,
    timer: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug, Clone, Copy)]
enum Watch {
    /// Nothing is expected.
    Idle,
    /// Something is; so much was received when the time began to count.
    Listening { reads: usize },
    /// A sign of life was asked for.
    Asked { reads: usize },
}

impl Pings {
    /// Ready when time is up.
    fn poll(&mut self, context: &mut Context<'_>, shared: &Shared) -> Poll<()> {
        // An answer is taken, so that the next ping can be sent; any sign of life is as good as one.
        let _ = self.pings.poll_pong(context);
        loop {
            let now = shared.reads();
            if shared.active() == 0 {
                (self.state, self.timer) = (Watch::Idle, None);
                return Poll::Pending;
            }
            match self.state {
                Watch::Idle => self.listen(now),
                Watch::Asked { reads } if reads != now => self.listen(now),
                _ if self
                    .timer
                    .as_mut()
                    .is_some_and(|t| t.as_mut().poll(context).is_pending()) =>
                {
                    return Poll::Pending;
                }
                Watch::Listening { reads } if reads != now => self.listen(now),
                Watch::Listening { .. } => {
                    // One that was never answered is still on its way.
                    let _ = self.pings.send_ping(Ping::opaque());
                    self.state = Watch::Asked { reads: now };
                    self.set(self.timeout);
                }
                Watch::Asked { .. } => return Poll::Ready(()),
            }
        }
    }

    fn listen(&mut self, reads: usize) {
        self.state = Watch::Listening { reads };
        self.set(self.interval);
    }

    fn set(&mut self, after: Duration) {
        let end = Instant::now()
            .checked_add(after)
            .unwrap_or_else(|| Instant::now() + FAR);
        match &mut self.timer {
            Some(timer) => timer.as_mut().reset(end),
            None => self.timer = Some(Box::pin(sleep_until(end))),
        }
    }
}

const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
