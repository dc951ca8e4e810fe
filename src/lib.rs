//! papilio

pub(crate) mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub(crate) mod models;
pub(crate) mod protocol;

pub use error::{Error, Kind, Phase, Reason, Result};
pub use http::{Method, StatusCode, Version};
pub use models::config::{Limits, ResponseLimits, Timeout};
pub use models::headers::{HeaderEncoding, Headers};
pub use models::query::{QueryParams, QueryValue};
pub use models::url::{IntoUrl, Origin, Url, UrlBuilder};
