//! `ProxyAuth`: an authentication scheme for origins, led to believe that a proxy is one.
//!
//! Owns the renaming: 407 is 401, `Proxy-Authenticate` is `WWW-Authenticate`, `Proxy-Authorization` is `Authorization`
//! (RFC 9110 section 11.7). Does not own any scheme, nor where the value is put.

use bytes::Bytes;
use http::{Method, StatusCode, Version};

use crate::error::{Error, Kind, Result};
use crate::models::auth::{AuthFlow, AuthStep, ResponseHead};
use crate::models::body::Body;
use crate::models::headers::Headers;
use crate::models::request::{Request, RequestTarget};
use crate::models::response::{Head, Response};
use crate::models::url::Url;

/// The authentication of one request to a proxy, or of one tunnel: [`begin`](Self::begin), and once
/// [`again`](Self::again) if the proxy [asks](Self::wants) for it.
pub(crate) struct ProxyAuth(How);

enum How {
    Nothing,
    Fixed(Vec<u8>),
    Flow(Box<Flow>),
}

struct Flow {
    flow: Box<dyn AuthFlow>,
    /// What the scheme takes for the request. Its URL is the proxy's, so that what is remembered is of that proxy.
    request: Option<Request>,
    proxy: Url,
    /// No answer is to be given, or none any more: there is one round (R-PRX-04).
    is_over: bool,
}

impl ProxyAuth {
    pub(super) fn none() -> Self {
        Self(How::Nothing)
    }

    pub(super) fn fixed(value: Vec<u8>) -> Self {
        Self(How::Fixed(value))
    }

    pub(super) fn flow(flow: Box<dyn AuthFlow>, proxy: &Url) -> Self {
        Self(How::Flow(Box::new(Flow {
            flow,
            request: None,
            proxy: proxy.clone(),
            is_over: false,
        })))
    }

    /// What `Proxy-Authorization` is to be in a request with this method and request target, unless the proxy asks for
    /// another. The body is only looked at by schemes that hash it, and given back as it was.
    ///
    /// # Errors
    /// The scheme's.
    pub(crate) fn begin(
        &mut self,
        method: &Method,
        target: &[u8],
        body: &mut Body,
    ) -> Result<Option<Vec<u8>>> {
        match &mut self.0 {
            How::Nothing => Ok(None),
            How::Fixed(value) => Ok(Some(value.clone())),
            How::Flow(flow) => {
                let mut request = Request::raw(method, &flow.proxy, Body::empty())?;
                let target = RequestTarget::new(target);
                request.extensions_mut().insert(target);
                flow.request = Some(request);
                flow.next(None, body)
            }
        }
    }

    /// Whether this answer is to be read, and to be given to [`again`](Self::again).
    pub(crate) fn wants(&mut self, status: StatusCode, headers: &Headers) -> bool {
        let How::Flow(flow) = &mut self.0 else {
            return false;
        };
        if status != StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return false;
        }
        let headers = renamed(headers);
        let head = ResponseHead::new(StatusCode::UNAUTHORIZED, &headers, &flow.proxy);
        // It is asked in any case: it may have to forget something.
        flow.flow.wants(head) && !flow.is_over
    }

    /// What `Proxy-Authorization` is to be when the request is sent again; `None` if nothing helps.
    ///
    /// # Errors
    /// The scheme's.
    pub(crate) fn again(
        &mut self,
        headers: &Headers,
        content: Bytes,
        body: &mut Body,
    ) -> Result<Option<Vec<u8>>> {
        let How::Flow(flow) = &mut self.0 else {
            return Ok(None);
        };
        if std::mem::replace(&mut flow.is_over, true) {
            return Ok(None);
        }
        let head = Head::new(StatusCode::UNAUTHORIZED, Version::HTTP_11, renamed(headers));
        let refusal = Response {
            head: Box::new(head),
            body: content,
        };
        flow.next(Some(&refusal), body)
    }
}

impl Flow {
    fn next(&mut self, last: Option<&Response>, body: &mut Body) -> Result<Option<Vec<u8>>> {
        let Some(request) = &mut self.request else {
            return Ok(None);
        };
        std::mem::swap(&mut request.body, body);
        let step = self.flow.next(request, last);
        std::mem::swap(&mut request.body, body);
        match step? {
            AuthStep::Send => {}
            AuthStep::Done if last.is_some() => return Ok(None),
            AuthStep::Done => self.is_over = true,
            AuthStep::SendFirst(_) => {
                return Err(Error::new(
                    Kind::Auth,
                    "authentication to a proxy cannot send requests of its own",
                ));
            }
        }
        let headers = &request.headers;
        let value = headers
            .get_bytes("Authorization")
            .or_else(|| headers.get_bytes("Proxy-Authorization"));
        Ok(value.map(<[u8]>::to_vec))
    }
}

/// The fields as an origin would have sent them.
fn renamed(headers: &Headers) -> Headers {
    let mut result = Headers::with_capacity(headers.size());
    for (name, value) in headers {
        if name.eq_ignore_ascii_case("Proxy-Authenticate") {
            result.push("WWW-Authenticate", value);
        } else if name.eq_ignore_ascii_case("Proxy-Authentication-Info") {
            result.push("Authentication-Info", value);
        } else if !name.eq_ignore_ascii_case("WWW-Authenticate") {
            result.push(name, value);
        }
    }
    result
}
