//! `AppHandler`: an application that is a function.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use http::Method;

use super::{AppTransport, outcome};
use crate::blocking::response::StreamingResponse;
use crate::blocking::transport::Transport;
use crate::error::Result;
use crate::models::request::Request;
use crate::models::response::Response;

/// A function in place of a server, of an [`AppTransport::handler`].
///
/// ```
/// use papilio::{AppHandler, AppTransport, Request, Response};
/// let transport: AppTransport<AppHandler<_>> =
///     AppTransport::handler(|request: &mut Request| Ok(Response::builder(200).text(request.url.path())));
/// ```
pub struct AppHandler<F>(Arc<F>);

impl<F> AppTransport<AppHandler<F>> {
    /// With a function, for a [`Client`](crate::Client). It is called on the thread of whoever sends, and may answer with
    /// a body in memory or with one that streams. The request's body is there to be read by
    /// [`buffer`](crate::Body::buffer).
    ///
    /// ```
    /// use papilio::{AppTransport, Client, Request, Response};
    ///
    /// let app = AppTransport::handler(|request: &mut Request| {
    ///     let name = String::from_utf8_lossy(request.body.buffer()?).into_owned();
    ///     let greeting = std::io::Cursor::new(format!("hello, {name}"));
    ///     Ok(Response::builder(200).stream(greeting))
    /// });
    /// let client = Client::builder().transport(app).base_url("http://testserver").build()?;
    /// assert_eq!(client.post("/").body("Ada").send()?.text(), "hello, Ada");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn handler<R>(handler: F) -> Self
    where
        F: Fn(&mut Request) -> Result<R> + Send + Sync + 'static,
        R: Into<StreamingResponse>,
    {
        Self::over(AppHandler(Arc::new(handler)))
    }
}

impl<F, R> Transport for AppTransport<AppHandler<F>>
where
    F: Fn(&mut Request) -> Result<R> + Send + Sync + 'static,
    R: Into<StreamingResponse>,
{
    fn send(&self, request: &mut Request) -> Result<StreamingResponse> {
        request.body.prepare()?;
        let handler = self.app().0;
        let response = match catch_unwind(AssertUnwindSafe(|| handler(request))) {
            Ok(Ok(response)) => response.into(),
            Ok(Err(error)) => return self.settings.failed(error),
            Err(payload) => return self.settings.failed(outcome::panicked(payload)),
        };
        if request.method == Method::HEAD {
            // Nobody will read it (TRN-32).
            let head = response.head;
            let body = bytes::Bytes::new();
            return Ok(Response { head, body }.into());
        }
        Ok(response)
    }
}

impl<F> Clone for AppHandler<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F> fmt::Debug for AppHandler<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppHandler(..)")
    }
}
