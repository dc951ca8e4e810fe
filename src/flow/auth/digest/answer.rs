//! What a Digest challenge asks for, and the `Authorization` that answers it (RFC 7616 sections 3.3 and 3.4).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::super::challenge::{Challenge, Repeated, challenges};
use super::hash::Algorithm;
use crate::error::{Error, Kind, Result};
use crate::models::headers::{Headers, is_value_byte};
use crate::models::request::{Request, RequestTarget};

/// A challenge that can be answered.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) terms: Terms,
    /// Only the nonce was too old, says the server.
    pub(super) is_stale: bool,
}

/// What an answer depends on. Equal terms are the same challenge.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Terms {
    realm: Vec<u8>,
    nonce: Vec<u8>,
    opaque: Option<Vec<u8>>,
    pub(super) algorithm: Algorithm,
    /// Without one the answer is that of RFC 2069.
    pub(super) qop: Option<Qop>,
    /// The user name is to be sent as a hash.
    is_user_hashed: bool,
    /// The server says that it reads user name and password as UTF-8.
    is_utf8: bool,
}

/// Quality of protection: what is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Qop {
    Auth,
    /// The body too.
    AuthInt,
}

/// Who answers.
pub(super) struct Credentials {
    pub(super) user: Vec<u8>,
    pub(super) password: Vec<u8>,
}

/// The strongest challenge that can be answered, of several equal ones the first. `None` if all there are want what is
/// not known here (SEC-213).
///
/// # Errors
/// If there is none because one is malformed.
pub(super) fn choose(headers: &Headers) -> Result<Option<Offer>> {
    let mut best: Option<Offer> = None;
    let mut error = None;
    for value in headers.values("WWW-Authenticate") {
        for challenge in challenges(value).iter().filter(|c| c.is("Digest")) {
            match Offer::read(challenge) {
                Ok(Some(offer)) if best.as_ref().is_none_or(|best| offer.beats(best)) => {
                    best = Some(offer);
                }
                Ok(_) => {}
                Err(e) => error = error.or(Some(e)),
            }
        }
    }
    match (best, error) {
        (None, Some(error)) => Err(error),
        (best, _) => Ok(best),
    }
}

impl Offer {
    fn read(challenge: &Challenge<'_>) -> Result<Option<Self>> {
        let param = |name| challenge.param(name).map_err(|Repeated| malformed());
        if challenge.is_broken || challenge.token68.is_some() {
            return Err(malformed());
        }
        let (Some(realm), Some(nonce)) = (param("realm")?, param("nonce")?) else {
            return Err(malformed());
        };
        let is_true = |value: Option<&[u8]>| value.is_some_and(|v| v.eq_ignore_ascii_case(b"true"));
        let opaque = param("opaque")?.filter(|opaque| !opaque.is_empty());
        let qop = param("qop")?;
        let algorithm = param("algorithm")?.unwrap_or(b"MD5");
        let is_user_hashed = is_true(param("userhash")?);
        let is_utf8 = param("charset")?.is_some_and(|set| set.eq_ignore_ascii_case(b"UTF-8"));
        let is_stale = is_true(param("stale")?);
        let Some(algorithm) = Algorithm::named(algorithm) else {
            return Ok(None);
        };
        let qop = qop.map(Qop::read).transpose()?;
        if algorithm.is_session && qop.is_none() {
            // Its hash takes the client nonce, which is not sent without qop (RFC 7616 section 3.4): nobody could check
            // the answer.
            return Ok(None);
        }
        let terms = Terms {
            realm: realm.to_vec(),
            nonce: nonce.to_vec(),
            opaque: opaque.map(<[u8]>::to_vec),
            algorithm,
            qop,
            is_user_hashed,
            is_utf8,
        };
        Ok(Some(Self { terms, is_stale }))
    }

    fn beats(&self, other: &Self) -> bool {
        self.terms.algorithm.strength() > other.terms.algorithm.strength()
    }
}

impl Qop {
    /// Of a list. What is not known in it does not matter (RFC 7616 section 3.3), if anything is.
    fn read(list: &[u8]) -> Result<Self> {
        let has = |name: &[u8]| {
            list.split(|&byte| byte == b',')
                .any(|item| item.trim_ascii().eq_ignore_ascii_case(name))
        };
        if has(b"auth") {
            Ok(Self::Auth)
        } else if has(b"auth-int") {
            Ok(Self::AuthInt)
        } else {
            Err(Error::new(
                Kind::Auth,
                "unexpected qop in a Digest WWW-Authenticate header",
            ))
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }
}

impl Credentials {
    /// The value of `Authorization`. `body` is the hash of the request's body, for `auth-int`.
    pub(super) fn answer(
        &self,
        terms: &Terms,
        request: &Request,
        count: u32,
        cnonce: &str,
        body: Option<&str>,
    ) -> Vec<u8> {
        let count = format!("{count:08x}");
        let target = request.extensions().get::<RequestTarget>();
        let uri = match target {
            Some(target) => target.0.to_vec(),
            None => request.url.raw_path().into_owned().into_bytes(),
        };
        let response = self.response(terms, request, &uri, &count, cnonce, body);

        // The order is HTTPX's (AUT-26).
        let mut out = Fields(b"Digest ".to_vec());
        self.write_user(terms, &mut out);
        out.quoted("realm", &terms.realm);
        out.quoted("nonce", &terms.nonce);
        out.quoted("uri", &uri);
        out.quoted("response", response.as_bytes());
        out.plain("algorithm", &terms.algorithm.name);
        if let Some(opaque) = &terms.opaque {
            out.quoted("opaque", opaque);
        }
        if let Some(qop) = terms.qop {
            out.plain("qop", qop.name());
            out.plain("nc", &count);
            out.quoted("cnonce", cnonce.as_bytes());
        }
        if terms.is_user_hashed {
            out.plain("userhash", "true");
        }
        out.0
    }

    /// RFC 7616 sections 3.4.1 to 3.4.3; the hash over nonce and secret alone is that of RFC 2069.
    fn response(
        &self,
        terms: &Terms,
        request: &Request,
        uri: &[u8],
        count: &str,
        cnonce: &str,
        body: Option<&str>,
    ) -> String {
        let hash = |parts: &[&[u8]]| terms.algorithm.hash(parts);
        let (nonce, cnonce) = (terms.nonce.as_slice(), cnonce.as_bytes());
        let mut secret = hash(&[&self.user, &terms.realm, &self.password]);
        if terms.algorithm.is_session {
            secret = hash(&[secret.as_bytes(), nonce, cnonce]);
        }
        let method = request.method.as_str().as_bytes();
        let subject = match body {
            Some(body) => hash(&[method, uri, body.as_bytes()]),
            None => hash(&[method, uri]),
        };
        let (secret, subject) = (secret.as_bytes(), subject.as_bytes());
        match terms.qop {
            None => hash(&[secret, nonce, subject]),
            Some(qop) => {
                let (count, qop) = (count.as_bytes(), qop.name().as_bytes());
                hash(&[secret, nonce, count, cnonce, qop, subject])
            }
        }
    }

    /// RFC 7616 section 3.4: as a hash where the server wants that, in extended notation where quotes cannot hold it, and
    /// where the server knows UTF-8 and it is not ASCII.
    fn write_user(&self, terms: &Terms, out: &mut Fields) {
        if terms.is_user_hashed {
            let hash = terms.algorithm.hash(&[&self.user, &terms.realm]);
            return out.quoted("username", hash.as_bytes());
        }
        let is_plain = self.user.iter().all(|&byte| is_value_byte(byte));
        let is_extended = !is_plain || (terms.is_utf8 && !self.user.is_ascii());
        if is_extended && std::str::from_utf8(&self.user).is_ok() {
            let user = percent_encode(&self.user, NOT_ATTR_CHAR);
            out.plain("username*", &format!("UTF-8''{user}"));
        } else {
            out.quoted("username", &self.user);
        }
    }
}

/// `name=value` with `, ` between.
struct Fields(Vec<u8>);

impl Fields {
    fn name(&mut self, name: &str) {
        if !self.0.ends_with(b" ") {
            self.0.extend_from_slice(b", ");
        }
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(b'=');
    }

    fn plain(&mut self, name: &str, value: &str) {
        self.name(name);
        self.0.extend_from_slice(value.as_bytes());
    }

    fn quoted(&mut self, name: &str, value: &[u8]) {
        self.name(name);
        self.0.push(b'"');
        for &byte in value {
            if matches!(byte, b'"' | b'\\') {
                self.0.push(b'\\');
            }
            self.0.push(byte);
        }
        self.0.push(b'"');
    }
}

fn malformed() -> Error {
    Error::new(Kind::Auth, "Malformed Digest WWW-Authenticate header")
}

/// RFC 8187 section 3.2.1.
const NOT_ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');
