//! A client's defaults, and how they become part of a request.
//!
//! Owns the order of headers (HDR-22), the merging of headers and parameters (CLT-14..18) and base URLs (CLT-21..27).
//! Does not own the builders (`client/`).

use std::borrow::Cow;
use std::time::SystemTime;

use http::Method;

use crate::error::Result;
use crate::models::body::Body;
use crate::models::config::Timeout;
use crate::models::cookies::Cookies;
use crate::models::headers::Headers;
use crate::models::query::QueryParams;
use crate::models::request::{Options, Request, add_body_headers, expects_body};
use crate::models::url::Url;

/// What a client adds to every request it builds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults {
    pub(crate) base_url: Option<Url>,
    pub(crate) headers: Headers,
    pub(crate) params: QueryParams,
    pub(crate) timeout: Option<Timeout>,
    /// The longest body that is sent without asking first.
    pub(crate) expect_above: Option<u64>,
}

/// What a caller said about one request.
pub(crate) struct Draft {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Headers,
    pub(crate) params: Option<QueryParams>,
    pub(crate) body: Body,
    pub(crate) content_type: Option<Cow<'static, str>>,
    pub(crate) cookies: Option<Cookies>,
    pub(crate) options: Options,
}

impl Defaults {
    /// The request, ready to be sent as it is.
    ///
    /// Cookies are those of the jar at this moment, unless the caller set the header (COK-28, COK-30).
    pub(crate) fn apply(
        &self,
        draft: Draft,
        jar: &Cookies,
        clock: fn() -> SystemTime,
    ) -> Result<Request> {
        let url = self.url(&draft)?;
        let mut headers = self.headers(&draft, &url);
        let none_at_all = draft.cookies.is_none() && jar.is_empty();
        if !none_at_all && !headers.contains("Cookie") {
            let cookies = match &draft.cookies {
                Some(cookies) => jar.header_with(cookies, &url, clock()),
                None => jar.header_for(&url, clock()),
            };
            if let Some(cookies) = cookies {
                headers.push("Cookie", cookies.as_bytes());
            }
        }
        let content_type = draft.content_type.as_deref();
        add_body_headers(&mut headers, &draft.method, &draft.body, content_type);
        if let Some(most) = self.expect_above
            && !draft.body.is_empty()
            && draft.body.len().is_none_or(|length| length > most)
            && !headers.contains("Expect")
        {
            headers.push("Expect", b"100-continue");
        }
        let mut options = draft.options;
        options.timeout = options.timeout.or(self.timeout);
        Ok(Request {
            method: draft.method,
            url,
            headers,
            body: draft.body,
            options,
        })
    }

    fn url(&self, draft: &Draft) -> Result<Url> {
        let url = match &self.base_url {
            Some(base) => base.merged_with_base(&draft.url)?,
            None => draft.url.clone(),
        };
        match &draft.params {
            Some(params) if !self.params.is_empty() => url.merge_query(&self.params.merge(params)),
            Some(params) if !params.is_empty() => url.merge_query(params),
            None if !self.params.is_empty() => url.merge_query(&self.params),
            _ => Ok(url),
        }
    }

    fn headers(&self, draft: &Draft, url: &Url) -> Headers {
        let given = |name| draft.headers.contains(name) || self.headers.contains(name);
        let size = self.headers.size() + draft.headers.size() + url.netloc().len() + ROOM;
        let mut headers = Headers::with_capacity(size);
        if !given("Host") {
            headers.push("Host", url.netloc().as_bytes());
        }
        if draft.body.is_empty()
            && expects_body(&draft.method)
            && !given("Content-Length")
            && !given("Transfer-Encoding")
        {
            headers.push("Content-Length", b"0");
        }
        if draft.headers.is_empty() {
            headers.extend(&self.headers);
        } else {
            for (name, value) in self.headers.iter() {
                if !draft.headers.contains(name) {
                    headers.push(name, value);
                }
            }
            headers.extend(&draft.headers);
        }
        headers
    }
}

/// Room for the headers that are added here: Host, and those of the body.
const ROOM: usize = 128;

/// The headers every client starts with (HDR-20).
pub(crate) fn default_headers(accept_encoding: &str) -> Headers {
    let mut headers = Headers::new();
    headers.push("Accept", b"*/*");
    if !accept_encoding.is_empty() {
        headers.push("Accept-Encoding", accept_encoding.as_bytes());
    }
    headers.push("Connection", b"keep-alive");
    headers.push(
        "User-Agent",
        concat!("papilio/", env!("CARGO_PKG_VERSION")).as_bytes(),
    );
    headers
}
