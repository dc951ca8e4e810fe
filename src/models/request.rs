//! stub
use crate::models::url::Url;
/// stub
#[derive(Debug)]
#[allow(unnameable_types)]
pub struct Request {
    pub(crate) method: http::Method,
    pub(crate) url: Url,
}
