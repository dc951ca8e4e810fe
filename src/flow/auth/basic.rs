//! `BasicAuth`: user name and password as RFC 7617 sends them.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use super::{Once, set};
use crate::error::{Error, Result};
use crate::models::auth::{Auth, AuthFlow};
use crate::models::request::Request;
use crate::models::url::Url;

/// Basic authentication (RFC 7617), sent with the first request. Text is sent as UTF-8, bytes as they are.
///
/// A user name and a password in a tuple are the same.
///
/// ```
/// # use papilio::{Auth, BasicAuth, Request};
/// let mut request = Request::new("GET", "https://example.org/")?;
/// BasicAuth::new("Aladdin", "open sesame").flow().next(&mut request, None)?;
/// assert_eq!(
///     request.headers.get("authorization").as_deref(),
///     Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
/// );
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Clone)]
pub struct BasicAuth {
    /// Or what is wrong with what was given.
    value: std::result::Result<Arc<[u8]>, &'static str>,
}

impl BasicAuth {
    /// With this user name and this password.
    ///
    /// A user name with a colon, and either with CR, LF or NUL, is `LocalProtocol` when a request is to be sent.
    ///
    /// ```
    /// # use papilio::{BasicAuth, Client};
    /// let client = Client::builder().auth(BasicAuth::new("user", "password")).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn new(user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Self {
        let (user, password) = (user.as_ref(), password.as_ref());
        Self {
            value: check(user, password).map(|()| {
                let credentials = STANDARD.encode([user, b":", password].concat());
                format!("Basic {credentials}").into_bytes().into()
            }),
        }
    }

    /// From the user name and password in a URL, decoded (AUT-01); `None` if both are empty.
    pub(crate) fn from_url(url: &Url) -> Option<Self> {
        let userinfo = url.userinfo();
        if userinfo.is_empty() {
            return None;
        }
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        if user.is_empty() && password.is_empty() {
            return None;
        }
        let decode = |text| percent_decode_str(text).collect::<Vec<u8>>();
        Some(Self::new(decode(user), decode(password)))
    }

    pub(super) fn apply(&self, request: &mut Request) -> Result<()> {
        match &self.value {
            Ok(value) => set(request, value),
            Err(message) => Err(Error::local(*message)),
        }
    }
}

impl Auth for BasicAuth {
    fn flow(&self) -> Box<dyn AuthFlow> {
        let auth = self.clone();
        Once::flow(move |request| auth.apply(request))
    }
}

impl<U: AsRef<[u8]>, P: AsRef<[u8]>> From<(U, P)> for BasicAuth {
    fn from((user, password): (U, P)) -> Self {
        Self::new(user, password)
    }
}

/// Nothing of the credentials.
impl fmt::Debug for BasicAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BasicAuth(..)")
    }
}

/// RFC 7617 section 2: a colon would end the user name early.
fn check(user: &[u8], password: &[u8]) -> std::result::Result<(), &'static str> {
    if user.contains(&b':') {
        return Err("a user name for Basic authentication must not contain a colon");
    }
    let mut bytes = user.iter().chain(password);
    if bytes.any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err("user name and password must not contain CR, LF or NUL");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn sent(auth: &BasicAuth) -> Result<String> {
        let mut request = Request::new("GET", "http://h/")?;
        request.headers.append("authorization", "mine")?;
        auth.flow().next(&mut request, None)?;
        let value = request.headers.get("Authorization").unwrap_or_default();
        Ok(value.into_owned())
    }

    /// AUT-10, AUT-03
    #[test]
    fn credentials_are_encoded() {
        let cases: [(&[u8], &[u8], &str); 5] = [
            (
                b"Aladdin",
                b"open sesame",
                "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            ),
            // RFC 7617 section 2.1
            (b"test", "123\u{A3}".as_bytes(), "Basic dGVzdDoxMjPCow=="),
            (b"test", b"123\xA3", "Basic dGVzdDoxMjOj"),
            (b"", b"", "Basic Og=="),
            (b"a", b"b:c", "Basic YTpiOmM="),
        ];
        for (user, password, expected) in cases {
            assert_eq!(sent(&BasicAuth::new(user, password)).unwrap(), expected);
            assert_eq!(sent(&(user, password).into()).unwrap(), expected);
        }
    }

    /// SEC-212
    #[test]
    fn what_cannot_be_told_apart_is_not_sent() {
        for (user, password) in [
            ("hid:den", "hidden"),
            ("hidden\r", "hidden"),
            ("hidden", "hid\nden"),
            ("hidden\0", ""),
        ] {
            let error = sent(&BasicAuth::new(user, password)).unwrap_err();
            assert_eq!(error.kind(), Kind::LocalProtocol);
            assert!(!format!("{error} {error:?}").contains("hid"));
        }
    }

    #[test]
    fn userinfo_is_decoded() {
        let from = |url: &str| {
            let auth = BasicAuth::from_url(&Url::parse(url).unwrap())?;
            Some(sent(&auth).unwrap())
        };
        let basic =
            |user: &str, password: &str| Some(sent(&BasicAuth::new(user, password)).unwrap());
        assert_eq!(from("http://h/"), None);
        assert_eq!(from("http://@h/"), None);
        assert_eq!(from("http://:@h/"), None);
        assert_eq!(from("http://a@h/"), basic("a", ""));
        assert_eq!(from("http://:b@h/"), basic("", "b"));
        assert_eq!(from("http://a%40b:c%3A%c3%a9@h/"), basic("a@b", "c:é"));
        assert_eq!(from("http://a:b:c@h/"), basic("a", "b:c"));
        let raw = BasicAuth::from_url(&Url::parse("http://a:%ff@h/").unwrap()).unwrap();
        assert_eq!(sent(&raw).unwrap(), "Basic YTr/");
    }

    #[test]
    fn nothing_secret_is_printed() {
        let auth = BasicAuth::new("hidden", "hidden");
        assert_eq!(format!("{auth:?}"), "BasicAuth(..)");
    }
}
