//! `Cookie` and `Cookies` for serde.
//!
//! Owns the shape: a jar is a list, a cookie a map of its fields, times in seconds since 1970.

use std::borrow::Cow;
use std::time::{Duration, UNIX_EPOCH};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Cookie, Cookies, SameSite};

#[derive(Serialize, Deserialize)]
struct Record<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
    #[serde(default)]
    domain: Cow<'a, str>,
    /// Where it is missing, a domain without a dot is one host.
    #[serde(default)]
    host_only: Option<bool>,
    #[serde(default = "root")]
    path: Cow<'a, str>,
    #[serde(default)]
    secure: bool,
    #[serde(default)]
    http_only: bool,
    #[serde(default)]
    same_site: Option<SameSite>,
    #[serde(default)]
    expires: Option<u64>,
}

fn root() -> Cow<'static, str> {
    Cow::Borrowed("/")
}

/// The value too: keep it where nobody else can read it.
impl Serialize for Cookie {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let since = |time: std::time::SystemTime| {
            time.duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs())
        };
        let record = Record {
            name: Cow::Borrowed(&self.name),
            value: Cow::Borrowed(&self.value),
            domain: Cow::Borrowed(&self.domain),
            host_only: Some(self.host_only),
            path: Cow::Borrowed(&self.path),
            secure: self.secure,
            http_only: self.http_only,
            same_site: self.same_site,
            expires: self.expires.map(since),
        };
        record.serialize(serializer)
    }
}

/// Refuses what a jar would refuse.
impl<'de> Deserialize<'de> for Cookie {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let record = Record::deserialize(deserializer)?;
        let dotted = record.domain.starts_with('.');
        let one_host = !record.domain.is_empty() && !dotted;
        let cookie = Self {
            name: record.name.into_owned(),
            value: record.value.into_owned(),
            domain: record.domain.into_owned(),
            host_only: record.host_only.unwrap_or(one_host),
            path: record.path.into_owned(),
            secure: record.secure,
            http_only: record.http_only,
            same_site: record.same_site,
            // What is too far away to be told is never.
            expires: record
                .expires
                .and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds))),
        };
        cookie.checked().map_err(D::Error::custom)
    }
}

/// As a list of cookies, values and all: keep it where nobody else can read it.
impl Serialize for Cookies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl<'de> Deserialize<'de> for Cookies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let cookies = Self::new();
        for cookie in Vec::<Cookie>::deserialize(deserializer)? {
            cookies.lock().put(cookie, true);
        }
        Ok(cookies)
    }
}
