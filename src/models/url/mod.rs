//! stub
use crate::error::Result;
use std::fmt;
/// stub
#[derive(Debug, Clone)]
pub struct Url {}
impl Url {
    /// stub
    pub fn parse(_text: &str) -> Result<Self> {
        Err(crate::error::Error::invalid_url("stub"))
    }
    pub(crate) fn masked(&self) -> impl fmt::Display {
        ""
    }
}
