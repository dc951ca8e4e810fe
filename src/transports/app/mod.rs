//! `AppTransport`: an application in place of a server, in the same process.
//!
//! Owns what all kinds of applications have in common, which is their settings. A function is called in `handler.rs`,
//! a `tower` service in `service.rs`.

#[cfg(feature = "tower")]
mod body;
mod handler;
mod outcome;
#[cfg(feature = "tower")]
mod request;
#[cfg(feature = "tower")]
mod response;
#[cfg(feature = "tower")]
mod runtime;
#[cfg(feature = "tower")]
mod service;

use std::fmt;
use std::sync::{Mutex, PoisonError};

#[cfg(feature = "tower")]
pub use body::AppBody;
pub use handler::AppHandler;
#[cfg(feature = "tower")]
pub use request::AppScope;

/// Answers requests by an application in the same process, without a socket: by a function
/// ([`handler`](AppTransport::handler)) or, with the feature `tower`, by any `tower::Service` of the `http` crate's types,
/// such as an `axum::Router` (`AppTransport::new`).
///
/// Bodies stream in both directions: a response is there as soon as its head is, while the application may still be
/// making its body. The body of an answer to HEAD is dropped. No time limits apply but those that the application has,
/// nor do proxies and TLS; nobody tells the application that it starts or ends.
///
/// An error of the application ends the call with [`Kind::Custom`](crate::Kind::Custom), the error being its source, and
/// so does a panic; see [`raise_app_exceptions`](Self::raise_app_exceptions).
///
/// ```
/// use papilio::{AppTransport, Client, Request, Response};
///
/// let app = AppTransport::handler(|request: &mut Request| match request.url.path().as_ref() {
///     "/hello" => Ok(Response::builder(200).text("hello")),
///     _ => Ok(Response::builder(404).text("")),
/// });
/// let client = Client::builder().transport(app).base_url("http://testserver").build()?;
/// assert_eq!(client.get("/hello").send()?.text(), "hello");
/// # Ok::<(), papilio::Error>(())
/// ```
#[doc(alias = "ASGITransport")]
#[doc(alias = "WSGITransport")]
pub struct AppTransport<S> {
    /// Locked for as long as copying it takes.
    app: Mutex<S>,
    settings: Settings,
}

struct Settings {
    raise_app_exceptions: bool,
    #[cfg(feature = "tower")]
    scope: request::ScopeSettings,
    #[cfg(feature = "tower")]
    runtime: runtime::Shared,
}

impl<S> AppTransport<S> {
    fn over(app: S) -> Self {
        Self {
            app: Mutex::new(app),
            settings: Settings {
                raise_app_exceptions: true,
                #[cfg(feature = "tower")]
                scope: request::ScopeSettings::default(),
                #[cfg(feature = "tower")]
                runtime: runtime::Shared::default(),
            },
        }
    }

    /// Whether an error or panic of the application before its response began is an error of the call, as it is by
    /// default. With `false` it is answered as a server would: with status 500, no headers, no body.
    ///
    /// ```
    /// use papilio::{AppTransport, Client, Error, Kind, Request, Response};
    ///
    /// let app = AppTransport::handler(|_: &mut Request| Err::<Response, _>(Error::new(Kind::Custom, "out of tea")));
    /// let client = Client::builder().transport(app.raise_app_exceptions(false)).build()?;
    /// assert_eq!(client.get("http://testserver/").send()?.status(), 500);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn raise_app_exceptions(mut self, on: bool) -> Self {
        self.settings.raise_app_exceptions = on;
        self
    }

    fn app(&self) -> S
    where
        S: Clone,
    {
        let app = self.app.lock();
        app.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl<S> fmt::Debug for AppTransport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("AppTransport");
        out.field("raise_app_exceptions", &self.settings.raise_app_exceptions);
        #[cfg(feature = "tower")]
        out.field("scope", &self.settings.scope);
        out.finish_non_exhaustive()
    }
}
