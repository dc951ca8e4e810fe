//! The authentication schemes, and what may be given where a scheme is asked for.
//!
//! Owns the schemes that need one header and no answer, and `IntoAuth`. Does not own the traits (`models/auth.rs`), Digest
//! (`digest.rs`), netrc files (`netrc.rs`) or the reading of challenges (`challenge.rs`).

mod basic;
pub(crate) mod challenge;
pub(crate) mod digest;
pub(crate) mod netrc;

use std::fmt;
use std::sync::Arc;

pub use basic::BasicAuth;
pub use digest::DigestAuth;
pub use netrc::NetrcAuth;

use crate::error::Result;
use crate::models::auth::{Auth, AuthFlow, AuthStep, ResponseHead};
use crate::models::request::Request;
use crate::models::response::Response;

/// `Authorization: Bearer` with a token (RFC 6750), sent with the first request.
///
/// ```
/// # use papilio::{Auth, BearerAuth, Request};
/// let mut request = Request::new("GET", "https://example.org/")?;
/// BearerAuth::new("abc123").flow().next(&mut request, None)?;
/// assert_eq!(request.headers.get("authorization").as_deref(), Some("Bearer abc123"));
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Clone)]
pub struct BearerAuth {
    value: Arc<[u8]>,
}

impl BearerAuth {
    /// With this token. One that cannot stand in a header is `LocalProtocol` when a request is to be sent.
    ///
    /// ```
    /// # use papilio::{BearerAuth, Client};
    /// let client = Client::builder().auth(BearerAuth::new("token")).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn new(token: impl AsRef<[u8]>) -> Self {
        Self {
            value: [b"Bearer ", token.as_ref()].concat().into(),
        }
    }
}

impl Auth for BearerAuth {
    fn flow(&self) -> Box<dyn AuthFlow> {
        let value = self.value.clone();
        Once::flow(move |request| set(request, &value))
    }
}

/// Nothing of the token.
impl fmt::Debug for BearerAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerAuth(..)")
    }
}

/// A function that changes each request before it is sent, once.
///
/// A closure that can be cloned is a scheme by itself; this is for the others, and for a type with a name.
///
/// ```
/// # use papilio::{Auth, FunctionAuth, Request};
/// let auth = FunctionAuth::new(|request| request.headers.insert("X-Api-Key", "secret"));
/// let mut request = Request::new("GET", "https://example.org/")?;
/// auth.flow().next(&mut request, None)?;
/// assert_eq!(request.headers.get("x-api-key").as_deref(), Some("secret"));
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Clone)]
pub struct FunctionAuth {
    function: Arc<Change>,
}

type Change = dyn Fn(&mut Request) -> Result<()> + Send + Sync;

impl FunctionAuth {
    /// With this function. An error it returns ends the call.
    ///
    /// ```
    /// # use papilio::{Client, FunctionAuth};
    /// let auth = FunctionAuth::new(|request| request.headers.insert("X-Key", "7"));
    /// let client = Client::builder().auth(auth).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn new(function: impl Fn(&mut Request) -> Result<()> + Send + Sync + 'static) -> Self {
        Self {
            function: Arc::new(function),
        }
    }
}

impl Auth for FunctionAuth {
    fn flow(&self) -> Box<dyn AuthFlow> {
        let function = self.function.clone();
        Once::flow(move |request| function(request))
    }
}

impl fmt::Debug for FunctionAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FunctionAuth(..)")
    }
}

/// As [`FunctionAuth`].
impl<F> Auth for F
where
    F: Fn(&mut Request) -> Result<()> + Clone + Send + Sync + 'static,
{
    fn flow(&self) -> Box<dyn AuthFlow> {
        Once::flow(self.clone())
    }
}

/// What can be given as authentication: any [`Auth`], one that is shared, or a user name and a password, which is
/// [`BasicAuth`].
///
/// ```
/// use papilio::{IntoAuth, Request};
///
/// let mut request = Request::new("GET", "https://example.org/")?;
/// ("user", "password").into_auth().flow().next(&mut request, None)?;
/// assert!(request.headers.contains("Authorization"));
/// # Ok::<(), papilio::Error>(())
/// ```
pub trait IntoAuth {
    /// The scheme.
    ///
    /// ```
    /// use papilio::IntoAuth;
    /// let basic = ("user", "password").into_auth();
    /// ```
    fn into_auth(self) -> Arc<dyn Auth>;
}

impl<A: Auth + 'static> IntoAuth for A {
    fn into_auth(self) -> Arc<dyn Auth> {
        Arc::new(self)
    }
}

impl IntoAuth for Arc<dyn Auth> {
    fn into_auth(self) -> Self {
        self
    }
}

impl<U: AsRef<[u8]>, P: AsRef<[u8]>> IntoAuth for (U, P) {
    fn into_auth(self) -> Arc<dyn Auth> {
        Arc::new(BasicAuth::from(self))
    }
}

/// A flow that changes the request before it is sent and takes no interest in the response.
struct Once<F>(F);

impl<F: Fn(&mut Request) -> Result<()> + Send + 'static> Once<F> {
    fn flow(change: F) -> Box<dyn AuthFlow> {
        Box::new(Self(change))
    }
}

impl<F: Fn(&mut Request) -> Result<()> + Send> AuthFlow for Once<F> {
    fn next(&mut self, request: &mut Request, last: Option<&Response>) -> Result<AuthStep> {
        if last.is_some() {
            return Ok(AuthStep::Done);
        }
        (self.0)(request)?;
        Ok(AuthStep::Send)
    }

    fn wants(&mut self, _response: ResponseHead<'_>) -> bool {
        false
    }
}

/// Puts the credentials in place of those that are there (AUT-03).
fn set(request: &mut Request, value: &[u8]) -> Result<()> {
    request.headers.insert("Authorization", value)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::error::{Error, Kind};
    use crate::models::url::Url;

    fn sent(auth: impl IntoAuth) -> Result<Request> {
        let mut request = Request::new("GET", "http://h/")?;
        let mut flow = auth.into_auth().flow();
        assert!(!flow.requires_request_body());
        assert!(matches!(flow.next(&mut request, None)?, AuthStep::Send));
        let url = Url::parse("http://h/")?;
        let response = Response::builder(401).text("");
        let head = ResponseHead::new(StatusCode::UNAUTHORIZED, response.headers(), &url);
        assert!(!flow.wants(head));
        let step = flow.next(&mut request, Some(&response))?;
        assert!(matches!(step, AuthStep::Done));
        Ok(request)
    }

    fn value(request: &Request) -> Option<String> {
        let value = request.headers.get("Authorization")?;
        Some(value.into_owned())
    }

    /// AUT-02, AUT-11: whatever is given is asked once.
    #[test]
    fn schemes_are_given_in_many_ways() {
        let basic = value(&sent(BasicAuth::new("a", "b")).unwrap());
        assert_eq!(basic.as_deref(), Some("Basic YTpi"));
        assert_eq!(value(&sent(("a", "b")).unwrap()), basic);
        let owned = (String::from("a"), b"b".to_vec());
        assert_eq!(value(&sent(owned).unwrap()), basic);
        let shared: Arc<dyn Auth> = Arc::new(BasicAuth::new("a", "b"));
        assert_eq!(value(&sent(shared).unwrap()), basic);
        let token = String::from("t");
        let closure = move |request: &mut Request| {
            request.url = Url::parse("http://other/")?;
            request.headers.insert("X-Token", &token)
        };
        let request = sent(closure).unwrap();
        assert_eq!(request.headers.get("x-token").as_deref(), Some("t"));
        assert_eq!(request.url, "http://other/");
    }

    #[test]
    fn an_error_of_a_function_ends_the_flow() {
        let auth = FunctionAuth::new(|_| Err(Error::new(Kind::Custom, "no")));
        let mut request = Request::new("GET", "http://h/").unwrap();
        let error = auth.flow().next(&mut request, None).unwrap_err();
        assert_eq!(error.kind(), Kind::Custom);
        assert_eq!(format!("{auth:?}"), "FunctionAuth(..)");
    }

    #[test]
    fn a_bad_token_is_not_sent_nor_printed() {
        let auth = BearerAuth::new("hidden");
        assert_eq!(format!("{auth:?}"), "BearerAuth(..)");
        let request = sent(auth).unwrap();
        assert_eq!(value(&request).as_deref(), Some("Bearer hidden"));
        assert!(!format!("{:?}", request.headers).contains("hidden"));
        for token in ["", "hidden\r\nX: y", "hidden "] {
            let error = sent(BearerAuth::new(token)).unwrap_err();
            assert_eq!(error.kind(), Kind::LocalProtocol);
            assert!(!format!("{error} {error:?}").contains("hidden"));
        }
    }
}
