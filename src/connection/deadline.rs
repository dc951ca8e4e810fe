//! `Deadlines`: when a wait is over, and what its error says.
//!
//! Owns the arithmetic over [`Timeout`]; `now` is passed in. Carries the token that ends a call before its time. Does not
//! wait.

use std::time::{Duration, Instant};

use crate::error::{Error, Kind, Result};
use crate::models::cancel::CancelToken;
use crate::models::config::Timeout;

/// The time limits of one call.
#[derive(Debug, Clone)]
pub(crate) struct Deadlines {
    pub(crate) timeout: Timeout,
    total: Option<Instant>,
    /// How long the body waits for the word of the server, if it does.
    pub(crate) word: Option<Duration>,
    cancel: Option<CancelToken>,
}

/// The end of one wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Until<'a> {
    at: Option<Instant>,
    kind: Kind,
    limit: Duration,
    /// Ends it sooner.
    cancel: Option<&'a CancelToken>,
}

impl Deadlines {
    pub(crate) fn new(timeout: Timeout, now: Instant) -> Self {
        // A limit past the end of the clock is no limit (FLT-19).
        Self {
            timeout,
            total: timeout.total.and_then(|total| now.checked_add(total)),
            word: None,
            cancel: None,
        }
    }

    /// The same, and this token ends the call too.
    pub(crate) fn cancelled_by(mut self, token: Option<&CancelToken>) -> Self {
        self.cancel = token.cloned();
        self
    }

    /// Sets other limits, the total one from now.
    pub(crate) fn restart(&mut self, timeout: Timeout, now: Instant) {
        let cancel = self.cancel.take();
        *self = Self {
            cancel,
            ..Self::new(timeout, now)
        };
    }

    pub(crate) fn cancel(&self) -> Option<&CancelToken> {
        self.cancel.as_ref()
    }

    /// # Errors
    /// If the call is cancelled; what a wait checks by itself.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.cancel {
            Some(token) => token.check(),
            None => Ok(()),
        }
    }

    /// The pause as it is, if the call may still run when it is over.
    pub(crate) fn pause(&self, pause: Duration, now: Instant) -> Result<Duration> {
        let total = self.total(now);
        match now.checked_add(pause) {
            Some(after) if !total.is_over(after) => Ok(pause),
            _ => Err(total.error()),
        }
    }

    /// Whether something besides the limit of the phase itself can end a wait.
    pub(crate) fn can_end_early(&self) -> bool {
        self.total.is_some() || self.cancel.is_some()
    }

    /// The end of the call, for what has no limit of its own.
    pub(crate) fn total(&self, now: Instant) -> Until<'_> {
        self.until(Kind::TotalTimeout, None, now)
    }

    pub(crate) fn connect(&self, now: Instant) -> Until<'_> {
        self.until(Kind::ConnectTimeout, self.timeout.connect, now)
    }

    pub(crate) fn read(&self, now: Instant) -> Until<'_> {
        self.until(Kind::ReadTimeout, self.timeout.read, now)
    }

    /// The read limit, or the end of the time for the whole head if that is nearer (FLT-05).
    pub(crate) fn head(&self, now: Instant, began: Instant) -> Until<'_> {
        let head = self.until(Kind::ReadTimeout, self.timeout.head_limit(), began);
        head.sooner(self.read(now))
    }

    /// The end of the wait for the word to send the body, which is no error: a `ReadTimeout` here.
    pub(crate) fn word(&self, now: Instant) -> Until<'_> {
        self.until(Kind::ReadTimeout, self.word, now)
    }

    pub(crate) fn write(&self, now: Instant) -> Until<'_> {
        self.until(Kind::WriteTimeout, self.timeout.write, now)
    }

    pub(crate) fn pool(&self, now: Instant) -> Until<'_> {
        self.until(Kind::PoolTimeout, self.timeout.pool, now)
    }

    fn until(&self, kind: Kind, limit: Option<Duration>, since: Instant) -> Until<'_> {
        let at = limit.and_then(|limit| since.checked_add(limit));
        let phase = Until {
            at,
            kind,
            limit: limit.unwrap_or_default(),
            cancel: self.cancel.as_ref(),
        };
        let limit = self.timeout.total.unwrap_or_default();
        phase.sooner(Until {
            at: self.total,
            kind: Kind::TotalTimeout,
            limit,
            ..phase
        })
    }
}

impl<'a> Until<'a> {
    /// Nothing but this token ends it.
    pub(crate) fn cancelled(cancel: Option<&'a CancelToken>) -> Self {
        Self {
            at: None,
            kind: Kind::TotalTimeout,
            limit: Duration::ZERO,
            cancel,
        }
    }

    /// What ends it besides time.
    pub(crate) fn cancel(&self) -> Option<&'a CancelToken> {
        self.cancel
    }

    /// Its time alone.
    #[cfg(feature = "async")]
    pub(crate) fn timed(self) -> Until<'static> {
        Until {
            at: self.at,
            kind: self.kind,
            limit: self.limit,
            cancel: None,
        }
    }

    /// How long from `now`: `None` is for ever, zero is over.
    pub(crate) fn left(&self, now: Instant) -> Option<Duration> {
        self.at.map(|at| at.saturating_duration_since(now))
    }

    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.at.is_some_and(|at| at <= now)
    }

    /// The moment of its end.
    #[cfg(feature = "async")]
    pub(crate) fn at(&self) -> Option<Instant> {
        self.at
    }

    /// The moment of its end, or this one if that is sooner.
    pub(crate) fn sooner_of(&self, other: Option<Instant>) -> Option<Instant> {
        self.at.into_iter().chain(other).min()
    }

    /// # Errors
    /// If it is over.
    pub(crate) fn check(&self, now: Instant) -> Result<()> {
        if let Some(token) = self.cancel {
            token.check()?;
        }
        if self.is_over(now) {
            Err(self.error())
        } else {
            Ok(())
        }
    }

    pub(crate) fn error(&self) -> Error {
        let limit = self.limit;
        Error::new(
            self.kind,
            match self.kind {
                Kind::ConnectTimeout => format!("no connection within {limit:?}"),
                Kind::ReadTimeout => format!("nothing was received for {limit:?}"),
                Kind::WriteTimeout => format!("the peer took no bytes for {limit:?}"),
                Kind::PoolTimeout => format!("no connection slot came free within {limit:?}"),
                _ => format!("the call took longer than its total limit of {limit:?}"),
            },
        )
    }

    fn sooner(self, other: Self) -> Self {
        match (self.at, other.at) {
            (Some(mine), Some(theirs)) if theirs < mine => other,
            (None, Some(_)) => other,
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    /// WSH-01
    #[test]
    fn the_nearer_of_phase_and_total_wins() {
        let now = Instant::now();
        let deadlines = Deadlines::new(Timeout::all(S * 5).total(S * 7), now);
        let first = deadlines.read(now);
        assert_eq!(
            (first.left(now), first.error().kind()),
            (Some(S * 5), Kind::ReadTimeout)
        );
        let later = deadlines.read(now + S * 4);
        assert_eq!(
            (later.left(now + S * 4), later.error().kind()),
            (Some(S * 3), Kind::TotalTimeout)
        );
        assert!(later.is_over(now + S * 7) && !later.is_over(now + S * 6));
    }

    /// FLT-05
    #[test]
    fn a_head_has_ten_times_the_read_limit() {
        let began = Instant::now();
        let deadlines = Deadlines::new(Timeout::all(S), began);
        assert_eq!(deadlines.head(began, began).left(began), Some(S));
        let dripping = began + S * 9 + S / 2;
        assert_eq!(deadlines.head(dripping, began).left(dripping), Some(S / 2));
        let custom = Deadlines::new(Timeout::all(S).head(S * 2), began);
        assert!(custom.head(began + S * 2, began).is_over(began + S * 2));
    }

    /// FLT-19
    #[test]
    fn out_of_range_limits_do_not_overflow() {
        let now = Instant::now();
        let deadlines = Deadlines::new(Timeout::all(Duration::MAX).total(Duration::MAX), now);
        assert_eq!(deadlines.read(now).left(now), None);
        assert_eq!(deadlines.head(now, now).left(now), None);
        let zero = Deadlines::new(Timeout::all(Duration::ZERO), now);
        assert!(zero.connect(now).is_over(now));
    }
}
