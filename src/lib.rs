//! HTTPX's design as a Rust HTTP client.
//!
//! ```no_run
//! let response = papilio::get("https://www.example.org/").send()?.error_for_status()?;
//! println!("{}", response.text());
//! # Ok::<(), papilio::Error>(())
//! ```

pub(crate) mod blocking;
pub(crate) mod client;
pub(crate) mod connection;
pub(crate) mod error;
pub(crate) mod flow;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub(crate) mod models;
pub(crate) mod protocol;
pub(crate) mod transports;

/// Forms of fields and files.
#[cfg(feature = "multipart")]
pub mod multipart {
    pub use crate::models::multipart::{Form, Part};
}

pub use blocking::body::BodyStream;
pub use blocking::client::Client;
pub use blocking::oneshot::{
    OneShot, delete, get, head, options, patch, post, put, request, stream,
};
pub use blocking::response::{StreamPieces, StreamingResponse};
pub use blocking::transport::{HttpTransport, Transport};
pub use blocking::upgraded::Upgraded;
pub use bytes::Bytes;
pub use client::builder::ClientBuilder;
pub use client::request::{NoBody, RequestBuilder, WithBody};
pub use client::{Buildable, ClientKind};
pub use error::{Error, Kind, Phase, Reason, Result};
pub use flow::auth::{BasicAuth, BearerAuth, DigestAuth, FunctionAuth, IntoAuth, NetrcAuth};
pub use flow::redirect::{Redirect, RedirectAction};
pub use http::{Extensions, Method, StatusCode, Version};
pub use models::auth::{Auth, AuthFlow, AuthStep, ResponseHead};
pub use models::body::Body;
pub use models::config::{Limits, ResponseLimits, Timeout};
pub use models::connection::{ConnectionInfo, TlsInfo};
pub use models::cookies::{Cookie, Cookies, SameSite};
pub use models::headers::{HeaderEncoding, Headers, Iter as HeadersIter};
pub use models::links::{Link, Links};
pub use models::pieces::{Lines, Pieces, TextPieces};
pub use models::query::{QueryParams, QueryValue};
pub use models::request::{IntoMethod, Request, RequestTarget};
pub use models::response::{Response, ResponseBuilder};
pub use models::timings::{Attempt, Timings};
pub use models::tls::Verify;
pub use models::trace::{Event, EventInfo, EventPhase, Trace};
pub use models::url::{IntoUrl, Origin, Url, UrlBuilder};
pub use transports::mock::MockTransport;
