//! The wait for the word to send a body (RFC 9110 section 10.1.1).

use super::Connection;
use crate::connection::socket::{Socket, Step};
use crate::error::{Phase, Result};

impl<S: Socket> Connection<S> {
    /// Looks for the word to send the body, `100 Continue`: true once it is there, false if the final response is. That
    /// one is what [`head`](Self::head) returns; the body must not be sent any more, and since nobody knows whether the
    /// server still waits for it, the connection ends with this exchange.
    ///
    /// The caller limits the wait, and sends the body when that is over.
    pub(crate) fn continued(&mut self) -> Result<Step<bool>> {
        if self.write_error.is_some() || self.is_answered()? {
            return Ok(Step::Done(false));
        }
        if self.continued {
            return Ok(Step::Done(true));
        }
        match self.receive() {
            Ok(0) => return Err(self.head_end()),
            Ok(_) => self.heard(),
            Err(e) => return self.failed(e, Phase::Head),
        }
        Ok(Step::Progress)
    }

    /// Whether the final response is there while nothing more of the request is to be sent.
    fn is_answered(&mut self) -> Result<bool> {
        if self.early.is_none() {
            self.early = self.parse_head()?;
            if self.early.is_some() {
                self.exchange.abandon_request();
                self.progress.flushed(true)?;
            }
        }
        Ok(self.early.is_some())
    }
}
