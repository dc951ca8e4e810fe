//! `DigestAuth`: user name and password proven by a hash (RFC 7616), and the challenges it remembers.
//!
//! Owns when to answer and with which nonce count. Does not own what an answer looks like (`digest/answer.rs`) or the
//! grammar of challenges (`challenge.rs`).

mod answer;
mod hash;
mod sessions;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;

use super::set;
use crate::error::{Error, Kind, Result};
use crate::models::auth::{Auth, AuthFlow, AuthStep, ResponseHead};
use crate::models::request::Request;
use crate::models::response::Response;
use crate::models::url::Origin;
use answer::{Credentials, Offer, Qop, Terms, choose};
use sessions::{Sessions, Turn};

/// Digest authentication (RFC 7616; RFC 2069 where a server is that old).
///
/// The first request goes out without credentials. A 401 with a Digest challenge is answered once; of several challenges
/// the one with the strongest hash is taken. MD5, SHA, SHA-256, SHA-512 and SHA-512-256 are known, each also as `-sess`;
/// a 401 that asks for another is returned as it is. A challenge is remembered for its origin, so later requests there are
/// answered in advance; clones share what they remember, and any number of threads may use them.
///
/// Only `qop=auth-int` makes the body part of the hash: it must be one that can be sent again.
///
/// ```
/// use papilio::{Auth, AuthStep, DigestAuth, Request, Response};
///
/// let mut request = Request::new("GET", "https://example.org/")?;
/// let mut flow = DigestAuth::new("user", "password").flow();
/// flow.next(&mut request, None)?;
/// assert!(!request.headers.contains("Authorization"));
///
/// let challenge = r#"Digest realm="a", nonce="b", qop="auth", algorithm=SHA-256"#;
/// let response = Response::builder(401).header("WWW-Authenticate", challenge).text("");
/// assert!(matches!(flow.next(&mut request, Some(&response))?, AuthStep::Send));
/// assert!(request.headers.get("Authorization").unwrap().contains("nc=00000001"));
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Clone)]
pub struct DigestAuth {
    shared: Arc<Shared>,
}

struct Shared {
    credentials: Credentials,
    sessions: Mutex<Sessions>,
    cnonce: Box<MakeCnonce>,
}

type MakeCnonce = dyn Fn() -> Result<String> + Send + Sync;

impl DigestAuth {
    /// With this user name and this password. Text is hashed as UTF-8, bytes as they are.
    ///
    /// ```
    /// # use papilio::{Client, DigestAuth};
    /// let client = Client::builder().auth(DigestAuth::new("user", "password")).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn new(user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Self {
        Self::with_cnonce(user, password, random_cnonce)
    }

    /// With a source of client nonces other than the operating system.
    pub(crate) fn with_cnonce(
        user: impl AsRef<[u8]>,
        password: impl AsRef<[u8]>,
        cnonce: impl Fn() -> Result<String> + Send + Sync + 'static,
    ) -> Self {
        let credentials = Credentials {
            user: user.as_ref().to_vec(),
            password: password.as_ref().to_vec(),
        };
        Self {
            shared: Arc::new(Shared {
                credentials,
                sessions: Mutex::default(),
                cnonce: Box::new(cnonce),
            }),
        }
    }
}

impl Auth for DigestAuth {
    fn flow(&self) -> Box<dyn AuthFlow> {
        Box::new(DigestFlow {
            shared: self.shared.clone(),
            origin: None,
            sent: None,
            answered: false,
        })
    }
}

/// Nothing of the credentials.
impl fmt::Debug for DigestAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestAuth(..)")
    }
}

struct DigestFlow {
    shared: Arc<Shared>,
    /// Whose challenge may be answered: the request's, not that of where it was redirected to (SEC-213).
    origin: Option<Origin>,
    /// What the credentials that were sent last go by.
    sent: Option<Arc<Terms>>,
    /// The one answer of this call was given (AUT-20).
    answered: bool,
}

impl AuthFlow for DigestFlow {
    fn next(&mut self, request: &mut Request, last: Option<&Response>) -> Result<AuthStep> {
        let origin = request.url.origin();
        let Some(response) = last else {
            let turn = self.shared.sessions().turn(&origin, &request.body);
            if let Some(turn) = turn {
                self.authorize(request, turn)?;
            }
            self.origin = Some(origin);
            return Ok(AuthStep::Send);
        };
        let is_foreign = response
            .request()
            .is_some_and(|asked| !asked.url.same_origin(&request.url));
        if self.answered || is_foreign || self.origin.as_ref() != Some(&origin) {
            return Ok(AuthStep::Done);
        }
        let Some(offer) = choose(response.headers())?.filter(|offer| !self.is_refusal(offer))
        else {
            return Ok(AuthStep::Done);
        };
        let cnonce = (self.shared.cnonce)()?;
        let turn = self.shared.sessions().begin(origin, offer.terms, cnonce);
        let Some(turn) = turn else {
            return Ok(AuthStep::Done);
        };
        self.authorize(request, turn)?;
        self.answered = true;
        Ok(AuthStep::Send)
    }

    fn wants(&mut self, response: ResponseHead<'_>) -> bool {
        let Some(origin) = self.origin.as_ref().filter(|origin| {
            response.status() == StatusCode::UNAUTHORIZED && **origin == response.url().origin()
        }) else {
            return false;
        };
        let offer = choose(response.headers());
        let is_refusal = match &offer {
            Ok(Some(offer)) => self.answered || self.is_refusal(offer),
            Ok(None) => true,
            Err(_) => self.answered,
        };
        if is_refusal && let Some(sent) = &self.sent {
            // Sent in advance next time, it would only count as one more failed attempt.
            self.shared.sessions().forget(origin, sent);
        }
        !is_refusal
    }
}

impl DigestFlow {
    /// Whether what was offered is what was just answered; unless the server says that only the nonce is too old.
    fn is_refusal(&self, offer: &Offer) -> bool {
        !offer.is_stale && self.sent.as_deref() == Some(&offer.terms)
    }

    fn authorize(&mut self, request: &mut Request, turn: Turn) -> Result<()> {
        let cnonce = match turn.cnonce {
            Some(cnonce) => cnonce,
            None => (self.shared.cnonce)()?,
        };
        let body = match turn.terms.qop {
            Some(Qop::AuthInt) => Some(turn.terms.algorithm.hash_body(&mut request.body)?),
            _ => None,
        };
        let credentials = &self.shared.credentials;
        let value = credentials.answer(&turn.terms, request, turn.count, &cnonce, body.as_deref());
        set(request, &value)?;
        self.sent = Some(turn.terms);
        Ok(())
    }
}

impl Shared {
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 16 hex digits from the operating system (AUT-27).
fn random_cnonce() -> Result<String> {
    getrandom::u64()
        .map(|number| format!("{number:016x}"))
        .map_err(|e| {
            Error::new(Kind::Auth, "the operating system gave no random bytes").with_source(e)
        })
}
