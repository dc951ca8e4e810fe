//! stub
use crate::error::Result;
use std::fmt;
/// stub
#[derive(Debug, Clone)]
pub struct Url {
    text: String,
}
impl Url {
    /// stub
    pub fn parse(text: &str) -> Result<Self> {
        match text.split_once("://") {
            Some(_) => Ok(Self { text: text.into() }),
            None => Err(crate::error::Error::invalid_url("stub")),
        }
    }
    pub(crate) fn masked(&self) -> impl fmt::Display {
        ""
    }
    /// stub
    pub fn scheme(&self) -> &str {
        self.text.split_once("://").map_or("", |(s, _)| s)
    }
    fn rest(&self) -> &str {
        let rest = self.text.split_once("://").map_or("", |(_, r)| r);
        rest.split('#').next().unwrap_or_default()
    }
    /// stub
    pub fn netloc(&self) -> &str {
        let end = self.rest().find(['/', '?']).unwrap_or(self.rest().len());
        let authority = self.rest().get(..end).unwrap_or_default();
        authority.rsplit('@').next().unwrap_or_default()
    }
    /// stub
    pub fn port(&self) -> Option<u16> {
        self.netloc().rsplit_once(':')?.1.parse().ok()
    }
    /// stub
    pub fn raw_path(&self) -> &str {
        let at = self.rest().find(['/', '?']);
        at.and_then(|at| self.rest().get(at..)).unwrap_or("/")
    }
}
