//! One component of a URL at a time, given by itself.
//!
//! Owns the check that it cannot reach into another component. Does not own the rules between components (`parse.rs`).

use std::borrow::Cow;

use super::escape::{
    CREDENTIAL, FRAGMENT, PATH, QUERY, USERINFO, check_component, check_len, encode,
};
use super::host;
use super::parse::{Draft, is_scheme, lowercase};
use crate::error::{Error, Result};
use crate::models::query::QueryParams;

impl Draft<'_> {
    pub(super) fn set_scheme(&mut self, scheme: &str) -> Result<()> {
        check_component("scheme", scheme)?;
        if !scheme.is_empty() && !is_scheme(scheme) {
            return Err(invalid("scheme"));
        }
        self.scheme = owned(lowercase(scheme));
        Ok(())
    }

    pub(super) fn set_credentials(&mut self, username: &str, password: Option<&str>) -> Result<()> {
        check_component("username", username)?;
        let mut userinfo = encode(username, CREDENTIAL).into_owned();
        if let Some(password) = password {
            check_component("password", password)?;
            userinfo.push(':');
            userinfo.push_str(&encode(password, CREDENTIAL));
        }
        self.userinfo = Cow::Owned(userinfo);
        Ok(())
    }

    pub(super) fn set_userinfo(&mut self, userinfo: &str) -> Result<()> {
        check_component("userinfo", userinfo)?;
        if userinfo.contains('@') {
            return Err(invalid("userinfo"));
        }
        self.userinfo = owned(encode(userinfo, USERINFO));
        Ok(())
    }

    pub(super) fn set_host(&mut self, host: &str) -> Result<()> {
        check_component("host", host)?;
        if host.contains(['/', '?', '#', '@']) {
            return Err(invalid("host"));
        }
        self.host = if host.is_empty() {
            Cow::Borrowed("")
        } else if host.contains(':') && !host.starts_with('[') {
            owned(host::normalize(&format!("[{host}]"))?)
        } else {
            owned(host::normalize(host)?)
        };
        Ok(())
    }

    pub(super) fn set_netloc(&mut self, netloc: &str) -> Result<()> {
        check_component("netloc", netloc)?;
        if netloc.contains(['/', '?', '#', '@']) {
            return Err(invalid("netloc"));
        }
        let (host, port) = host::split(netloc)?;
        self.set_host(host)?;
        self.port = host::port(port.unwrap_or_default())?;
        Ok(())
    }

    pub(super) fn set_path(&mut self, path: &str) -> Result<()> {
        check_component("path", path)?;
        if path.contains(['?', '#']) {
            return Err(invalid("path"));
        }
        self.path = owned(encode(path, PATH));
        Ok(())
    }

    pub(super) fn set_query(&mut self, query: &str) -> Result<()> {
        check_component("query", query)?;
        if query.contains('#') {
            return Err(invalid("query"));
        }
        self.query = Some(owned(encode(query, QUERY)));
        Ok(())
    }

    pub(super) fn set_raw_path(&mut self, raw_path: &str) -> Result<()> {
        check_component("raw_path", raw_path)?;
        if raw_path.contains('#') {
            return Err(invalid("raw_path"));
        }
        self.query = None;
        match raw_path.split_once('?') {
            None => self.set_path(raw_path),
            Some((path, query)) => {
                self.set_path(path)?;
                self.set_query(query)
            }
        }
    }

    pub(super) fn set_fragment(&mut self, fragment: &str) -> Result<()> {
        check_component("fragment", fragment)?;
        self.fragment = Some(owned(encode(fragment, FRAGMENT)));
        Ok(())
    }

    pub(super) fn set_params(&mut self, params: &QueryParams) -> Result<()> {
        let query = params.to_string();
        check_len("query", &query)?;
        self.query = (!query.is_empty()).then_some(Cow::Owned(query));
        Ok(())
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

fn invalid(component: &str) -> Error {
    Error::invalid_url(format!("Invalid URL component '{component}'"))
}
