//! `Jar`: the storage under the lock.
//!
//! Owns how cookies are found, which give way, and the limits. Does not own what a single cookie may be.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::SystemTime;

use super::accept::{Accepted, is_secure};
use super::cookie::Cookie;
use super::matching::{domain_match, domains_for, path_match, stored_domain};
use crate::models::url::Url;

/// By domain as stored, then by name and path: a host has few domains to ask for, however many there are.
#[derive(Clone, Default)]
pub(super) struct Jar {
    domains: BTreeMap<String, Domain>,
    next: u64,
}

type Domain = BTreeMap<(String, String), Entry>;

#[derive(Clone)]
struct Entry {
    cookie: Cookie,
    /// Counts up; a cookie that replaces another has its place.
    place: u64,
    /// The limits are for these.
    is_received: bool,
}

impl Jar {
    pub(super) const fn new() -> Self {
        Self {
            domains: BTreeMap::new(),
            next: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.domains.values().map(BTreeMap::len).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.domains.is_empty()
    }

    /// All, in order of insertion.
    pub(super) fn in_order(&self) -> Vec<&Cookie> {
        let mut entries: Vec<&Entry> = self.domains.values().flat_map(BTreeMap::values).collect();
        entries.sort_unstable_by_key(|entry| entry.place);
        entries.into_iter().map(|entry| &entry.cookie).collect()
    }

    pub(super) fn named<'a>(
        &'a self,
        name: &'a str,
        domain: Option<&str>,
        path: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Cookie> {
        // One domain, or all of them.
        let (one, all) = match domain {
            Some(domain) => (self.domain(domain), None),
            None => (None, Some(self.domains.values())),
        };
        let domains = one.into_iter().chain(all.into_iter().flatten());
        domains
            .flat_map(move |domain| of_name(domain, name))
            .filter(move |cookie| path.is_none_or(|path| cookie.path == path))
    }

    /// Deletes those of a domain, or of all domains, that `is_meant`; says whether there were any.
    pub(super) fn remove(
        &mut self,
        domain: Option<&str>,
        is_meant: impl Fn(&Cookie) -> bool,
    ) -> bool {
        let Some(domain) = domain else {
            let before = self.len();
            self.domains.retain(|_, entries| {
                entries.retain(|_, entry| !is_meant(&entry.cookie));
                !entries.is_empty()
            });
            return self.len() < before;
        };
        stored_domain(domain).is_some_and(|domain| self.remove_of(&domain, is_meant))
    }

    /// The same for one domain, spelled as it is stored.
    fn remove_of(&mut self, domain: &str, is_meant: impl Fn(&Cookie) -> bool) -> bool {
        let Some(entries) = self.domains.get_mut(domain) else {
            return false;
        };
        let before = entries.len();
        entries.retain(|_, entry| !is_meant(&entry.cookie));
        let after = entries.len();
        if after == 0 {
            self.domains.remove(domain);
        }
        after < before
    }

    fn remove_same(&mut self, cookie: &Cookie) {
        let key = (cookie.name.clone(), cookie.path.clone());
        if let Some(entries) = self.domains.get_mut(&cookie.domain) {
            entries.remove(&key);
            if entries.is_empty() {
                self.domains.remove(&cookie.domain);
            }
        }
    }

    pub(super) fn remove_expired(&mut self, now: SystemTime) {
        self.remove(None, |cookie| cookie.is_expired(now));
    }

    /// Adds a cookie, in the place of the one it replaces.
    pub(super) fn put(&mut self, cookie: Cookie, is_received: bool) {
        let place = self.next;
        self.next = self.next.saturating_add(1);
        let domain = match self.domains.get_mut(&cookie.domain) {
            Some(domain) => domain,
            None => self.domains.entry(cookie.domain.clone()).or_default(),
        };
        let key = (cookie.name.clone(), cookie.path.clone());
        let place = domain.get(&key).map_or(place, |old| old.place);
        let entry = Entry {
            cookie,
            place,
            is_received,
        };
        domain.insert(key, entry);
    }

    pub(super) fn update(&mut self, other: Self) {
        let entries = other.domains.into_values().flat_map(BTreeMap::into_values);
        let mut entries: Vec<Entry> = entries.collect();
        entries.sort_unstable_by_key(|entry| entry.place);
        for entry in entries {
            self.put(entry.cookie, entry.is_received);
        }
    }

    /// Adds, replaces or deletes, as a server said. Whatever has expired is gone already.
    pub(super) fn receive(&mut self, accepted: Accepted) {
        let Accepted {
            cookie,
            deletes,
            is_trusted,
        } = accepted;
        if !is_trusted && self.has_secure_rival(&cookie) {
            return;
        }
        if deletes {
            self.remove_same(&cookie);
            return;
        }
        let dotted = format!(".{}", cookie.bare_domain());
        self.put(cookie, true);
        let bare = dotted.strip_prefix('.').unwrap_or_default();
        let own = [bare, &dotted].map(|domain| self.domains.get(domain));
        if let Some(cookie) = superfluous(own.into_iter().flatten(), MAX_OF_DOMAIN) {
            self.remove_same(&cookie);
        }
        if self.len() > MAX
            && let Some(cookie) = superfluous(self.domains.values(), MAX)
        {
            self.remove_same(&cookie);
        }
    }

    /// RFC 6265bis section 5.7 step 16: what came by plain http neither replaces nor hides a Secure cookie.
    fn has_secure_rival(&self, new: &Cookie) -> bool {
        let (name, domain) = (&new.name, new.bare_domain());
        let mut rivals = self.domains.values().flat_map(|old| of_name(old, name));
        rivals.any(|old| {
            let old_domain = old.bare_domain();
            old.secure
                && (old_domain.is_empty()
                    || domain_match(domain, old_domain)
                    || domain_match(old_domain, domain))
                && path_match(&new.path, &old.path)
        })
    }

    /// The `Cookie` field's value for a request.
    pub(super) fn header(&mut self, url: &Url, now: SystemTime) -> Option<String> {
        let mut text = String::new();
        let mut count = 0;
        for entry in self.sent(url, now) {
            let Cookie { name, value, .. } = &entry.cookie;
            let separator = if text.is_empty() { "" } else { "; " };
            let length = [FIELD_NAME, &text, separator, name, "=", value]
                .iter()
                .fold(0_usize, |sum, part| sum.saturating_add(part.len()));
            if count == MAX_SENT {
                break;
            }
            // A shorter one may still fit.
            if length > MAX_FIELD {
                continue;
            }
            count += 1;
            for part in [separator, name, "=", value] {
                text.push_str(part);
            }
        }
        (count > 0).then_some(text)
    }

    /// A jar of those that are sent with a request.
    pub(super) fn matching(&mut self, url: &Url, now: SystemTime) -> Self {
        let mut sent = self.sent(url, now);
        sent.sort_unstable_by_key(|entry| entry.place);
        let mut jar = Self::new();
        for entry in sent {
            jar.put(entry.cookie.clone(), entry.is_received);
        }
        jar
    }

    /// RFC 6265bis section 5.8.3, in the order of sending. Drops the expired on the way.
    fn sent(&mut self, url: &Url, now: SystemTime) -> Vec<&Entry> {
        let host = url.raw_host();
        let target = url.raw_path();
        let path = target.split('?').next().unwrap_or_default();
        for domain in domains_for(host) {
            self.remove_of(&domain, |cookie| cookie.is_expired(now));
        }
        let mut sent: Vec<&Entry> = domains_for(host)
            .filter_map(|domain| self.domains.get(domain.as_ref()))
            .flat_map(BTreeMap::values)
            .filter(|entry| {
                let cookie = &entry.cookie;
                (!cookie.host_only || cookie.domain == host)
                    && (!cookie.secure || is_secure(url))
                    && path_match(path, &cookie.path)
            })
            .collect();
        let longest_first = |entry: &&Entry| std::cmp::Reverse(entry.cookie.path.len());
        sent.sort_unstable_by_key(|entry| (longest_first(entry), entry.place));
        sent
    }

    /// The domain as a caller may write it.
    fn domain(&self, domain: &str) -> Option<&Domain> {
        self.domains.get(stored_domain(domain)?.as_ref())
    }
}

/// Of too many received cookies the oldest, one without Secure if there is one (RFC 6265bis section 5.7, last step).
fn superfluous<'a>(domains: impl Iterator<Item = &'a Domain>, most: usize) -> Option<Cookie> {
    let entries = domains.flat_map(BTreeMap::values);
    let received: Vec<&Entry> = entries.filter(|entry| entry.is_received).collect();
    let rank = |entry: &&&Entry| (entry.cookie.secure, entry.place);
    let oldest = received.iter().min_by_key(rank);
    oldest
        .filter(|_| received.len() > most)
        .map(|entry| entry.cookie.clone())
}

fn of_name<'a>(domain: &'a Domain, name: &'a str) -> impl Iterator<Item = &'a Cookie> {
    let from = Bound::Included((name.to_owned(), String::new()));
    domain
        .range((from, Bound::Unbounded))
        .take_while(move |((own, _), _)| own == name)
        .map(|(_, entry)| &entry.cookie)
}

/// Received cookies of one domain, those for the host alone among them.
const MAX_OF_DOMAIN: usize = 180;

/// Received cookies in all.
const MAX: usize = 3000;

/// Cookies sent with one request.
const MAX_SENT: usize = 150;

/// Bytes of the field with its name.
const MAX_FIELD: usize = 8190;

const FIELD_NAME: &str = "Cookie: ";
