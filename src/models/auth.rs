//! `Auth` and `AuthFlow`: how a way of authenticating takes part in sending a request.
//!
//! Owns the traits. Does not own any scheme (`flow/auth/`), the loop that sends what a flow asks for (the drivers), or which
//! scheme a request gets.

#[cfg(feature = "async")]
use std::pin::Pin;

use http::StatusCode;

use crate::error::Result;
use crate::models::headers::Headers;
use crate::models::request::Request;
use crate::models::response::Response;
use crate::models::url::Url;

/// A way of authenticating: what a client or a request is given, once for many requests.
///
/// Nothing here has to read or write, so one implementation serves every client. A scheme that fetches a token when there is
/// none, and a new one when the old one is refused:
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use papilio::{Auth, AuthFlow, AuthStep, Request, Response, Result};
///
/// #[derive(Clone, Default)]
/// struct Token {
///     known: Arc<Mutex<Option<String>>>,
///     fetching: bool,
///     fetched: bool,
/// }
///
/// impl Auth for Token {
///     fn flow(&self) -> Box<dyn AuthFlow> {
///         Box::new(self.clone())
///     }
/// }
///
/// impl AuthFlow for Token {
///     fn next(&mut self, request: &mut Request, last: Option<&Response>) -> Result<AuthStep> {
///         let mut known = self.known.lock().unwrap();
///         match last {
///             Some(answer) if self.fetching => {
///                 self.fetching = false;
///                 *known = Some(answer.text().into_owned());
///             }
///             Some(_refused) if self.fetched => return Ok(AuthStep::Done),
///             Some(_refused) => *known = None,
///             None => {}
///         }
///         let Some(token) = &*known else {
///             (self.fetching, self.fetched) = (true, true);
///             let fetch = Request::new("POST", "https://login.example.org/token")?;
///             return Ok(AuthStep::SendFirst(Box::new(fetch)));
///         };
///         request.headers.insert("Authorization", format!("Bearer {token}"))?;
///         Ok(AuthStep::Send)
///     }
/// }
///
/// let mut request = Request::new("GET", "https://example.org/")?;
/// let mut flow = Token::default().flow();
/// assert!(matches!(flow.next(&mut request, None)?, AuthStep::SendFirst(_)));
/// let token = Response::builder(200).text("secret");
/// assert!(matches!(flow.next(&mut request, Some(&token))?, AuthStep::Send));
/// assert_eq!(request.headers.get("authorization").as_deref(), Some("Bearer secret"));
/// # Ok::<(), papilio::Error>(())
/// ```
pub trait Auth: Send + Sync {
    /// Begins a request: a value that is asked what to send until it is done.
    ///
    /// ```
    /// # use papilio::{BearerAuth, Request};
    /// let mut request = Request::new("GET", "https://example.org/")?;
    /// let mut flow = BearerAuth::new("token").flow();
    /// flow.next(&mut request, None)?;
    /// assert!(request.headers.contains("Authorization"));
    /// # use papilio::Auth as _;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "auth_flow")]
    #[doc(alias = "start")]
    fn flow(&self) -> Box<dyn AuthFlow>;
}

/// The authentication of one request.
///
/// The client asks [`next`](Self::next) before anything is sent, does what it says, and asks again with each response
/// that [`wants`](Self::wants) chose. Each request takes redirects, cookies and hooks like any other, so a response is the
/// one after redirects. It is dropped when the call ends, however it ends.
///
/// ```
/// use papilio::{AuthFlow, AuthStep, Request, Response, Result};
///
/// /// Proves who it is by the length of the body.
/// struct Counting;
///
/// impl AuthFlow for Counting {
///     fn next(&mut self, request: &mut Request, last: Option<&Response>) -> Result<AuthStep> {
///         let length = request.content()?.len();
///         request.headers.insert("Authorization", format!("Length {length}"))?;
///         Ok(if last.is_none() { AuthStep::Send } else { AuthStep::Done })
///     }
///
///     fn requires_request_body(&self) -> bool {
///         true
///     }
/// }
///
/// let mut request = Request::new("PUT", "http://example.org/")?.with_body("four");
/// Counting.next(&mut request, None)?;
/// assert_eq!(request.headers.get("Authorization").as_deref(), Some("Length 4"));
/// # Ok::<(), papilio::Error>(())
/// ```
pub trait AuthFlow: Send {
    /// What to do now. `request` is the caller's, at its own URL, to be changed as needed.
    ///
    /// `last` is `None` on the first call. Later it is the response to what was sent last, with its body in memory.
    ///
    /// # Errors
    /// Any error ends the call, which returns it.
    fn next(&mut self, request: &mut Request, last: Option<&Response>) -> Result<AuthStep>;

    /// Whether this response to the caller's request is to be read and looked at; one that is not is the result of the
    /// call, unread. Responses to [`AuthStep::SendFirst`] are always read and looked at. Default: 401.
    fn wants(&mut self, response: ResponseHead<'_>) -> bool {
        response.status() == StatusCode::UNAUTHORIZED
    }

    /// Whether the body of the request must be in memory before the first [`next`](Self::next), so that
    /// [`Request::content`] works. Default: no.
    fn requires_request_body(&self) -> bool {
        false
    }

    /// Called by a blocking client right before each [`next`](Self::next), with the same response: the place to read a
    /// file, to wait for a lock or to ask another server. Default: nothing, as suits a flow that only computes.
    ///
    /// # Errors
    /// Any error ends the call, which returns it: also that of a flow that only an async client can serve.
    ///
    /// ```
    /// use papilio::{Auth, AuthFlow, AuthStep, Error, Kind, Request, Response, Result};
    ///
    /// /// Reads a token that somebody else renews.
    /// struct TokenFile;
    ///
    /// impl Auth for TokenFile {
    ///     fn flow(&self) -> Box<dyn AuthFlow> {
    ///         Box::new(Reading::default())
    ///     }
    /// }
    ///
    /// #[derive(Default)]
    /// struct Reading(String);
    ///
    /// impl AuthFlow for Reading {
    ///     fn prepare(&mut self, _: Option<&Response>) -> Result<()> {
    ///         self.0 = std::fs::read_to_string("/run/secrets/token")
    ///             .map_err(|e| Error::new(Kind::Custom, "there is no token").with_source(e))?;
    ///         Ok(())
    ///     }
    ///
    ///     fn next(&mut self, request: &mut Request, _: Option<&Response>) -> Result<AuthStep> {
    ///         request.headers.insert("Authorization", format!("Bearer {}", self.0.trim()))?;
    ///         Ok(AuthStep::Done)
    ///     }
    /// }
    ///
    /// # let mock = papilio::MockTransport::new(|_| Ok(Response::builder(200).text("")));
    /// let client = papilio::Client::builder()
    ///     .auth(TokenFile)
    /// #   .transport(mock)
    ///     .build()?;
    /// assert!(client.get("https://www.example.org/").send().is_err(), "there is no such file");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "sync_auth_flow")]
    fn prepare(&mut self, last: Option<&Response>) -> Result<()> {
        let _ = last;
        Ok(())
    }

    /// As [`prepare`](Self::prepare), for an [`AsyncClient`](crate::AsyncClient), which awaits it. When the call is
    /// cancelled, it is dropped. Default: nothing.
    ///
    /// # Errors
    /// Any error ends the call, which returns it: also that of a flow that only a blocking client can serve.
    #[cfg(feature = "async")]
    #[doc(alias = "async_auth_flow")]
    fn prepare_async<'a>(
        &'a mut self,
        last: Option<&'a Response>,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
        let _ = last;
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What an [`AuthFlow`] asks for.
///
/// ```
/// use papilio::{Auth, AuthStep, BearerAuth, Request};
/// let mut request = Request::new("GET", "https://example.org/")?;
/// let step = BearerAuth::new("token").flow().next(&mut request, None)?;
/// assert!(matches!(step, AuthStep::Send | AuthStep::Done));
/// assert_eq!(request.headers.get("Authorization").as_deref(), Some("Bearer token"));
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Debug)]
pub enum AuthStep {
    /// Send the caller's request.
    Send,
    /// Send this other request, then ask again with its response, whatever that is.
    SendFirst(Box<Request>),
    /// Nothing more: the last response is the result. Before anything was sent: send the request as it is, and do not
    /// ask again.
    Done,
}

/// What is known of a response before its body is read.
///
/// ```
/// let response = papilio::Response::builder(401).text("");
/// assert_eq!(papilio::ResponseHead::from(&response).status(), 401);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ResponseHead<'a> {
    status: StatusCode,
    headers: &'a Headers,
    url: &'a Url,
}

impl<'a> ResponseHead<'a> {
    /// The head of a response that came from this URL.
    ///
    /// ```
    /// # use papilio::{Headers, ResponseHead, StatusCode, Url};
    /// let headers = Headers::new();
    /// let url = Url::parse("https://example.org/")?;
    /// let head = ResponseHead::new(StatusCode::OK, &headers, &url);
    /// assert_eq!(head.status(), 200);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn new(status: StatusCode, headers: &'a Headers, url: &'a Url) -> Self {
        Self {
            status,
            headers,
            url,
        }
    }

    /// The status code.
    ///
    /// ```
    /// # use papilio::{Response, ResponseHead};
    /// assert_eq!(ResponseHead::from(&Response::builder(401).text("")).status(), 401);
    /// ```
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The header fields.
    ///
    /// ```
    /// # use papilio::{Response, ResponseHead};
    /// let response = Response::builder(401).header("WWW-Authenticate", "Basic").text("");
    /// assert!(ResponseHead::from(&response).headers().contains("www-authenticate"));
    /// ```
    pub fn headers(&self) -> &'a Headers {
        self.headers
    }

    /// Where it came from: after redirects another URL than the request's.
    ///
    /// ```
    /// # use papilio::{Response, ResponseHead};
    /// let response = Response::builder(401).text("");
    /// assert_eq!(ResponseHead::from(&response).url(), response.url());
    /// ```
    pub fn url(&self) -> &'a Url {
        self.url
    }
}

impl<'a, B> From<&'a Response<B>> for ResponseHead<'a> {
    fn from(response: &'a Response<B>) -> Self {
        Self::new(response.status(), response.headers(), response.url())
    }
}
