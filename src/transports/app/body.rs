//! `AppBody`: a request's body as an application reads it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::error::{Error, Kind, Result};
use crate::models::body::{Home, Loan, PIECE};
use crate::models::request::Request;

/// The body of a request as an application gets it from an [`AppTransport`](crate::AppTransport): an `http_body::Body`
/// that is read as fast as the application asks for it.
///
/// ```
/// use http_body_util::BodyExt;
/// use papilio::{AppBody, Client};
/// use tower::service_fn;
///
/// async fn echo(request: http::Request<AppBody>) -> papilio::Result<http::Response<String>> {
///     let body = request.into_body().collect().await?.to_bytes();
///     Ok(http::Response::new(String::from_utf8_lossy(&body).into_owned()))
/// }
///
/// let client = Client::builder().app(service_fn(echo)).build()?;
/// assert_eq!(client.post("http://testserver/").body("hello").send()?.text(), "hello");
/// # Ok::<(), papilio::Error>(())
/// ```
pub struct AppBody {
    state: State,
    /// Bytes that are still to come, if that is known.
    left: Option<u64>,
    runtime: Option<Handle>,
}

enum State {
    Done,
    Memory(Bytes),
    Idle(Loan),
    /// A reader is read on a thread where that may wait.
    Reading(JoinHandle<(Loan, Result<Option<Bytes>>)>),
}

impl AppBody {
    /// The body of this request, which it gets back, and where from, unless it keeps it anyway.
    pub(super) fn of(request: &mut Request, runtime: Option<Handle>) -> (Self, Option<Home>) {
        let left = request.body.len();
        let (state, home) = match request.body.shared() {
            Some(bytes) if bytes.is_empty() => (State::Done, None),
            Some(bytes) => (State::Memory(bytes), None),
            None => {
                let (loan, home) = request.body.loan();
                (State::Idle(loan), Some(home))
            }
        };
        let body = Self {
            state,
            left,
            runtime,
        };
        (body, home)
    }

    /// What a piece means; none if it is empty.
    fn frame(&mut self, loan: Loan, piece: Result<Option<Bytes>>) -> Option<Option<Result<Bytes>>> {
        let error = match (piece, self.left) {
            (Ok(None), None | Some(0)) => return Some(None),
            (Ok(None), Some(left)) => Error::local(format!(
                "the request body ended {left} bytes before its length"
            )),
            (Ok(Some(piece)), left) => {
                let rest = left.map(|left| left.checked_sub(piece.len() as u64));
                if rest != Some(None) {
                    self.left = rest.flatten();
                    self.state = State::Idle(loan);
                    return (!piece.is_empty()).then_some(Some(Ok(piece)));
                }
                Error::local("the request body is longer than its length")
            }
            (Err(error), _) => error,
        };
        // The application hears that there is no more; what was wrong is for whoever sends.
        let heard = Error::new(error.kind(), "the request body failed");
        loan.fail(error);
        Some(Some(Err(heard)))
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        loop {
            let (loan, piece) = match std::mem::replace(&mut self.state, State::Done) {
                State::Done => return Poll::Ready(None),
                State::Memory(bytes) => {
                    self.left = Some(0);
                    return Poll::Ready(Some(Ok(bytes)));
                }
                State::Idle(mut loan) => {
                    if !loan.body().is_polled() {
                        let Some(runtime) = &self.runtime else {
                            loan.fail(no_runtime());
                            return Poll::Ready(Some(Err(no_runtime())));
                        };
                        self.state = State::Reading(runtime.spawn_blocking(move || read(loan)));
                        continue;
                    }
                    match loan.body().poll_piece(cx) {
                        Poll::Ready(more) => {
                            let piece =
                                more.map(|more| more.then(|| loan.body().polled_piece().clone()));
                            (loan, piece)
                        }
                        Poll::Pending => {
                            self.state = State::Idle(loan);
                            return Poll::Pending;
                        }
                    }
                }
                State::Reading(mut task) => match Pin::new(&mut task).poll(cx) {
                    Poll::Ready(Ok(outcome)) => outcome,
                    Poll::Ready(Err(e)) => {
                        let error = Error::new(Kind::Body, "the request body was torn down");
                        return Poll::Ready(Some(Err(error.with_source(e))));
                    }
                    Poll::Pending => {
                        self.state = State::Reading(task);
                        return Poll::Pending;
                    }
                },
            };
            if let Some(frame) = self.frame(loan, piece) {
                return Poll::Ready(frame);
            }
        }
    }
}

fn no_runtime() -> Error {
    let message = "a request body that is read needs a tokio runtime, and there is none here";
    Error::new(Kind::Config, message)
}

/// The next piece of a body that may wait for it.
fn read(mut loan: Loan) -> (Loan, Result<Option<Bytes>>) {
    let mut room = vec![0; PIECE];
    let piece = catch_unwind(AssertUnwindSafe(|| {
        let piece = loan.body().next(&mut room)?;
        Ok(piece.map(Bytes::copy_from_slice))
    }));
    let piece = piece.unwrap_or_else(|_| Err(Error::new(Kind::Body, "the request body panicked")));
    (loan, piece)
}

impl http_body::Body for AppBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        self.poll_piece(cx)
            .map(|item| item.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Done)
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.state, self.left) {
            (State::Done, _) => SizeHint::with_exact(0),
            (_, Some(left)) => SizeHint::with_exact(left),
            (_, None) => SizeHint::default(),
        }
    }
}

impl fmt::Debug for AppBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppBody")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}
