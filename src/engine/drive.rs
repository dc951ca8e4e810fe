//! Stepping what never waits, with waits in between.

use std::time::Instant;

use crate::connection::Connection;
use crate::connection::deadline::Until;
use crate::connection::socket::{Socket, Step};
use crate::connection::wire::Wire;
use crate::engine::Driver;
use crate::error::Result;
use crate::models::cancel::CancelToken;

/// What is stepped: it has the socket that is waited for.
pub(crate) trait Carrier<S> {
    fn carrier(&mut self) -> &mut S;
}

impl<S: Socket> Carrier<S> for Connection<S> {
    fn carrier(&mut self) -> &mut S {
        self.socket_mut()
    }
}

impl<S: Socket> Carrier<S> for Wire<S> {
    fn carrier(&mut self) -> &mut S {
        self.socket_mut()
    }
}

/// The outcome of what knows nothing of tokens, unless the call is cancelled first.
pub(crate) async fn unless_cancelled<D: Driver, F: Future + Send>(
    future: F,
    cancel: Option<&CancelToken>,
) -> Result<F::Output> {
    match cancel {
        Some(_) => D::within(future, Until::cancelled(cancel)).await,
        None => Ok(future.await),
    }
}

/// Steps until it is done, waiting in between. The limit counts silence: it starts anew whenever bytes move.
pub(crate) async fn drive<'a, D: Driver, C: Carrier<D::Socket>, T>(
    carrier: &mut C,
    limit: impl Fn(Instant) -> Until<'a>,
    mut step: impl FnMut(&mut C) -> Result<Step<T>>,
) -> Result<T> {
    let mut silent_since = None;
    loop {
        let interest = match step(carrier)? {
            Step::Done(value) => return Ok(value),
            Step::Progress => {
                // From here on the limits of the whole head or call may be nearer than the kernel knows.
                carrier.carrier().be_prompt();
                let now = Instant::now();
                silent_since = Some(now);
                limit(now).check(now)?;
                continue;
            }
            Step::Moved(interest) => {
                silent_since = None;
                interest
            }
            Step::Wait(interest) => interest,
        };
        let until = limit(*silent_since.get_or_insert_with(Instant::now));
        D::ready(carrier.carrier(), interest, until).await?;
    }
}
