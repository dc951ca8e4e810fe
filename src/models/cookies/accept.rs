//! Which cookies a server may set, and as what they are stored: RFC 6265bis section 5.7 up to the storage.
//!
//! Owns the rules that need only the field and the URL. Does not own those that need the jar (`jar.rs`).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::cookie::Cookie;
use super::matching::{
    default_path, domain_match, is_address, is_loopback, is_public_suffix, normal_domain,
};
use super::parse::SetCookie;
use crate::models::url::Url;

/// A cookie that a server may set, if the jar agrees.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) cookie: Cookie,
    /// It is past its time: it deletes the one of its domain, path and name.
    pub(super) deletes: bool,
    /// It did not come by plain http, so it may replace what did not either.
    pub(super) is_trusted: bool,
}

/// `None` for what must be ignored.
pub(super) fn accept(url: &Url, field: &[u8], now: SystemTime) -> Option<Accepted> {
    let host = url.raw_host();
    if host.is_empty() {
        return None;
    }
    let set = SetCookie::parse(field)?;
    // Section 5.7 step 8; loopback is as good as https, as browsers have it.
    let is_trusted = is_secure(url) || is_loopback(host);
    if (set.secure && !is_trusted) || !has_honest_prefix(&set) {
        return None;
    }
    let (domain, host_only) = domain(host, set.domain.as_deref())?;
    let target = url.raw_path();
    let request_path = target.split('?').next().unwrap_or_default();
    let path = match &set.path {
        Some(path) if path.starts_with('/') => path,
        _ => default_path(request_path),
    };
    let expires = expires(&set, now);
    Some(Accepted {
        deletes: expires.is_some_and(|expires| expires <= now),
        is_trusted,
        cookie: Cookie {
            name: set.name.to_owned(),
            value: set.value.to_owned(),
            domain,
            host_only,
            path: path.to_owned(),
            secure: set.secure,
            http_only: set.http_only,
            same_site: set.same_site,
            expires,
        },
    })
}

/// By a scheme that nobody on the way can read or change.
pub(super) fn is_secure(url: &Url) -> bool {
    matches!(url.scheme(), "https" | "wss")
}

/// Section 5.7 steps 20 and 21: a name that promises how it was set must have been set so.
fn has_honest_prefix(set: &SetCookie) -> bool {
    let starts_with = |prefix: &str| {
        set.name
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if starts_with("__Host-") {
        set.secure && set.domain.is_none() && set.path.as_deref() == Some("/")
    } else {
        set.secure || !starts_with("__Secure-")
    }
}

/// Section 5.7 steps 9 to 11: the domain to store, and whether it is for that host only.
fn domain(host: &str, attribute: Option<&str>) -> Option<(String, bool)> {
    let Some(attribute) = attribute else {
        return Some((host.to_owned(), true));
    };
    let domain = normal_domain(attribute)?;
    // To some a last dot is nothing and to others a label, so it must not decide anything.
    if domain.ends_with('.') {
        return None;
    }
    if is_address(host) || is_public_suffix(&domain) {
        return (host == domain).then(|| (host.to_owned(), true));
    }
    domain_match(host, &domain).then(|| (format!(".{domain}"), false))
}

/// Sections 5.6.1 and 5.6.2: `Max-Age` wins, and nothing lasts longer than [`LONGEST`].
fn expires(set: &SetCookie, now: SystemTime) -> Option<SystemTime> {
    // At the end of time there is no later.
    let latest = now.checked_add(LONGEST).unwrap_or(now);
    if let Some(seconds) = set.max_age {
        let age = Duration::from_secs(seconds).min(LONGEST);
        return Some(now.checked_add(age).unwrap_or(latest));
    }
    let seconds = set.expires?;
    let since = Duration::from_secs(seconds.unsigned_abs());
    let expires = if seconds < 0 {
        UNIX_EPOCH.checked_sub(since).unwrap_or(UNIX_EPOCH)
    } else {
        UNIX_EPOCH.checked_add(since).unwrap_or(latest)
    };
    Some(expires.min(latest))
}

/// 400 days.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 60 * 60);
