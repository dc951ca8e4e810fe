//! A body on loan: read by somebody who outlives the call, and brought back when they drop it.
//!
//! Owns the loan and what stands in its place meanwhile. Does not own who borrows (`transports/app`).

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Body, BodySource, PolledSource, Source};
use crate::error::Error;

/// Where a body comes back to.
#[derive(Clone, Default)]
pub(crate) struct Home(Arc<Mutex<Place>>);

#[derive(Default)]
struct Place {
    body: Option<Body>,
    error: Option<Error>,
}

impl Home {
    /// The body, if it was brought back.
    pub(crate) fn take(&self) -> Option<Body> {
        self.with(|place| place.body.take())
    }

    /// What went wrong while the body was read.
    pub(crate) fn take_error(&self) -> Option<Error> {
        self.with(|place| place.error.take())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Place) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A body that goes back home when this is dropped.
pub(crate) struct Loan {
    body: Body,
    home: Home,
}

impl Loan {
    pub(crate) fn body(&mut self) -> &mut Body {
        &mut self.body
    }

    /// Leaves the error at home, for whoever lent the body.
    pub(crate) fn fail(self, error: Error) {
        self.home.with(|place| place.error = Some(error));
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let body = std::mem::take(&mut self.body);
        self.home.with(|place| place.body = Some(body));
    }
}

impl Body {
    /// Lends it away. What stays in its place can be sent again once the body is back, if the body could.
    pub(crate) fn loan(&mut self) -> (Loan, Home) {
        let home = Home::default();
        let mut left = Self::stream(LentSource {
            home: home.clone(),
            back: None,
            length: self.len(),
            replayable: self.is_replayable(),
        });
        left.started = true;
        let body = std::mem::replace(self, left);
        let loan = Loan {
            body,
            home: home.clone(),
        };
        (loan, home)
    }
}

struct LentSource {
    home: Home,
    back: Option<Body>,
    length: Option<u64>,
    replayable: bool,
}

impl BodySource for LentSource {
    fn next<'a>(&'a mut self, scratch: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        match &mut self.back {
            Some(body) => body.lend(scratch),
            None => Err(away()),
        }
    }

    fn length(&self) -> Option<u64> {
        self.length
    }

    fn replayable(&self) -> bool {
        self.replayable
    }

    fn rewind(&mut self) -> io::Result<()> {
        let mut body = self
            .back
            .take()
            .or_else(|| self.home.take())
            .ok_or_else(away)?;
        body.prepare()?;
        self.back = Some(body);
        Ok(())
    }

    fn polled(&mut self) -> Option<&mut dyn PolledSource> {
        match &mut self.back.as_mut()?.source {
            Source::Stream { source, .. } => source.get_mut().polled(),
            Source::Empty | Source::Bytes(_) => None,
        }
    }
}

fn away() -> io::Error {
    io::Error::other("whoever got the request body still holds it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn it_can_be_read_again_once_it_is_back() {
        let mut body = Body::seekable(io::Cursor::new("abc")).unwrap();
        let (mut loan, home) = body.loan();
        assert_eq!((body.len(), body.is_replayable()), (Some(3), true));
        assert_eq!(loan.body().next(&mut [0; 2]).unwrap(), Some(&b"ab"[..]));
        let error = body.buffer().unwrap_err();
        assert_eq!(error.kind(), Kind::StreamConsumed);
        drop(loan);
        assert_eq!(body.buffer().unwrap(), b"abc");
        assert!(home.take().is_none());
    }

    #[test]
    fn what_can_be_read_once_stays_so() {
        let mut body = Body::reader(&b"abc"[..]);
        let (loan, home) = body.loan();
        drop(loan);
        assert_eq!(body.buffer().unwrap_err().kind(), Kind::StreamConsumed);
        // Nobody has read from it.
        assert_eq!(home.take().unwrap().buffer().unwrap(), b"abc");
    }

    #[test]
    fn errors_come_home() {
        let mut body = Body::reader(&b"abc"[..]);
        let (loan, home) = body.loan();
        loan.fail(Error::new(Kind::Body, "broken"));
        assert_eq!(home.take_error().unwrap().kind(), Kind::Body);
        assert!(home.take().is_some());
    }
}
