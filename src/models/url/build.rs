//! URLs from components: `UrlBuilder`, and the `with_*` and `without_*` methods of [`Url`].
//!
//! Owns what changing one component does to the others. Does not own the check of a component (`component.rs`) or the
//! rules between them (`parse.rs`).

use std::borrow::Cow;
use std::fmt;

use super::Url;
use super::parse::Draft;
use crate::error::{Error, Result};
use crate::models::query::{QueryParams, QueryValue};

impl Url {
    /// Builds a URL from components.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::builder()
    ///     .scheme("https")
    ///     .host("müller.de")
    ///     .path("/a b")
    ///     .params([("page", 2)])
    ///     .build()?;
    /// assert_eq!(url, "https://xn--mller-kva.de/a%20b?page=2");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn builder() -> UrlBuilder {
        UrlBuilder::default()
    }

    /// A builder that starts from this URL: what is not given stays.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org/a?b#c")?;
    /// let url = url.copy_with().username("tom").password("s3cret").fragment(None).build()?;
    /// assert_eq!(url, "https://tom:s3cret@example.org/a?b");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn copy_with(&self) -> UrlBuilder {
        UrlBuilder {
            draft: Draft::of(self).into_owned(),
            ..UrlBuilder::default()
        }
    }

    /// With another scheme. A port that is the new scheme's default goes.
    ///
    /// # Errors
    /// `InvalidUrl` if it is not a scheme (RFC 3986 section 3.1).
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org:8443/a?b#c")?;
    /// assert_eq!(url.with_scheme("http")?, "http://example.org:8443/a?b#c");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn with_scheme(&self, scheme: &str) -> Result<Self> {
        self.changed(|draft| draft.set_scheme(scheme))
    }

    /// With another host; user name, password and port stay. Brackets around an IPv6 address may be left out.
    ///
    /// # Errors
    /// `InvalidUrl` if it is not a host.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org:8443/a?b#c")?;
    /// assert_eq!(url.with_host("::1")?, "https://[::1]:8443/a?b#c");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn with_host(&self, host: &str) -> Result<Self> {
        self.changed(|draft| draft.set_host(host))
    }

    /// With another port.
    ///
    /// # Errors
    /// `InvalidUrl` if there is no host.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org:8443/a?b#c")?;
    /// assert_eq!(url.with_port(443)?, "https://example.org/a?b#c");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn with_port(&self, port: u16) -> Result<Self> {
        self.changed(|draft| {
            draft.port = Some(port);
            Ok(())
        })
    }

    /// With another `host` or `host:port`; without a port in it, the old one goes too.
    ///
    /// # Errors
    /// `InvalidUrl` if it is not a host with an optional port.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org:8443/a?b#c")?;
    /// assert_eq!(url.with_netloc("example.com")?, "https://example.com/a?b#c");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn with_netloc(&self, netloc: &str) -> Result<Self> {
        self.changed(|draft| draft.set_netloc(netloc))
    }

    /// With another user name and password. Both are data: `:`, `@` and `/` in them are escaped.
    ///
    /// # Errors
    /// `InvalidUrl` for a control character, or if there is no host.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org:8443/a?b#c")?;
    /// assert_eq!(url.with_credentials("ada", Some("a:b"))?, "https://ada:a%3Ab@example.org:8443/a?b#c");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn with_credentials(&self, username: &str, password: Option<&str>) -> Result<Self> {
        self.changed(|draft| draft.set_credentials(username, password))
    }

    /// With another userinfo, written as in a URL.
    ///
    /// # Errors
    /// `InvalidUrl` for an `@` or a control character, or if there is no host.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org:8443/a?b#c")?;
    /// assert_eq!(url.with_userinfo("ada:a%3Ab")?.password(), "a:b");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn with_userinfo(&self, userinfo: &str) -> Result<Self> {
        self.changed(|draft| draft.set_userinfo(userinfo))
    }

    /// With another path; the query stays.
    ///
    /// # Errors
    /// `InvalidUrl` for a `?` or `#`, a control character, or a path that does not start with `/` after a host.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org:8443/a?b#c")?;
    /// assert_eq!(url.with_path("/x y")?, "https://example.org:8443/x%20y?b#c");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn with_path(&self, path: &str) -> Result<Self> {
        self.changed(|draft| draft.set_path(path))
    }

    /// With another query, written as in a URL. [`with_params`](Self::with_params) takes data.
    ///
    /// # Errors
    /// `InvalidUrl` for a `#` or a control character.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org:8443/a?b#c")?;
    /// assert_eq!(url.with_query("x=1")?, "https://example.org:8443/a?x=1#c");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn with_query(&self, query: &str) -> Result<Self> {
        self.changed(|draft| draft.set_query(query))
    }

    /// With another path and query; without a `?` in it the query goes.
    ///
    /// # Errors
    /// As [`with_path`](Self::with_path).
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org:8443/a?b#c")?;
    /// assert_eq!(url.with_raw_path("/x?y")?, "https://example.org:8443/x?y#c");
    /// assert_eq!(url.with_raw_path("/x")?, "https://example.org:8443/x#c");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn with_raw_path(&self, raw_path: &str) -> Result<Self> {
        self.changed(|draft| draft.set_raw_path(raw_path))
    }

    /// With another fragment.
    ///
    /// # Errors
    /// `InvalidUrl` for a control character.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org:8443/a?b#c")?;
    /// assert_eq!(url.with_fragment("top")?, "https://example.org:8443/a?b#top");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn with_fragment(&self, fragment: &str) -> Result<Self> {
        self.changed(|draft| draft.set_fragment(fragment))
    }

    /// Without its port.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org:8443/a?b#c")?;
    /// assert_eq!(url.without_port(), "https://example.org/a?b#c");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn without_port(&self) -> Self {
        self.reduced(|draft| draft.port = None)
    }

    /// Without user name and password.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://ada:s3cret@example.org/")?;
    /// assert_eq!(url.without_userinfo(), "https://example.org/");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn without_userinfo(&self) -> Self {
        if self.userinfo().is_empty() {
            return self.clone();
        }
        self.reduced(|draft| draft.userinfo = Cow::Borrowed(""))
    }

    /// Without query and `?`.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org:8443/a?b#c")?;
    /// assert_eq!(url.without_query(), "https://example.org:8443/a#c");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn without_query(&self) -> Self {
        self.reduced(|draft| draft.query = None)
    }

    /// Without fragment and `#`.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org:8443/a?b#c")?;
    /// assert_eq!(url.without_fragment(), "https://example.org:8443/a?b");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn without_fragment(&self) -> Self {
        if self.stored_fragment().is_none() {
            return self.clone();
        }
        self.reduced(|draft| draft.fragment = None)
    }

    /// With these parameters as the whole query; none removes the query and its `?`.
    ///
    /// # Errors
    /// `InvalidUrl` if the query would be over 65,536 bytes.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.com/?old=1")?;
    /// assert_eq!(url.with_params([("a", "b c"), ("d", "e/f")])?, "https://example.com/?a=b+c&d=e%2Ff");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn with_params(&self, params: impl Into<QueryParams>) -> Result<Self> {
        self.changed(|draft| draft.set_params(&params.into()))
    }

    /// With one value for that key, in place of those it has.
    ///
    /// # Errors
    /// As [`with_params`](Self::with_params).
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org/?a=1&a=2&b=3")?;
    /// assert_eq!(url.set_param("a", 9)?.params().get_all("a").count(), 1);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "copy_set_param")]
    pub fn set_param(&self, key: &str, value: impl QueryValue) -> Result<Self> {
        self.with_params(self.params().set(key, value))
    }

    /// With one more value for that key.
    ///
    /// # Errors
    /// As [`with_params`](Self::with_params).
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org/?a=1")?;
    /// assert_eq!(url.add_param("a", 2)?, "https://example.org/?a=1&a=2");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "copy_add_param")]
    pub fn add_param(&self, key: &str, value: impl QueryValue) -> Result<Self> {
        self.with_params(self.params().add(key, value))
    }

    /// Without that key.
    ///
    /// # Errors
    /// As [`with_params`](Self::with_params).
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org/?a=1&b=2&a=3")?;
    /// assert_eq!(url.remove_param("a")?, "https://example.org/?b=2");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "copy_remove_param")]
    pub fn remove_param(&self, key: &str) -> Result<Self> {
        self.with_params(self.params().remove(key))
    }

    /// With these parameters over its own: a key in `params` replaces the values it has here, new keys follow.
    ///
    /// # Errors
    /// As [`with_params`](Self::with_params).
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("https://example.org/?a=1&b=2")?;
    /// assert_eq!(url.merge_params([("b", 3), ("c", 4)])?, "https://example.org/?a=1&b=3&c=4");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "copy_merge_params")]
    pub fn merge_params(&self, params: impl Into<QueryParams>) -> Result<Self> {
        self.with_params(self.params().merge(&params.into()))
    }

    fn changed<'a>(&'a self, change: impl FnOnce(&mut Draft<'a>) -> Result<()>) -> Result<Self> {
        let mut draft = Draft::of(self);
        change(&mut draft)?;
        draft.finish()
    }

    /// Taking away a component that nothing else depends on leaves a URL.
    fn reduced<'a>(&'a self, change: impl FnOnce(&mut Draft<'a>)) -> Self {
        let mut draft = Draft::of(self);
        change(&mut draft);
        draft.finish().unwrap_or_else(|_| self.clone())
    }
}

/// Collects the components of a [`Url`]; made by [`Url::builder`] and [`Url::copy_with`].
///
/// Every component is checked by itself and cannot reach into another one; the first that fails is what
/// [`build`](Self::build) returns. `None` removes a component.
///
/// ```
/// use papilio::Url;
/// let url = Url::builder().scheme("https").host("example.org").path("/a b").params([("q", "1&2")]).build()?;
/// assert_eq!(url.as_str(), "https://example.org/a%20b?q=1%262");
/// # Ok::<(), papilio::Error>(())
/// ```
#[derive(Default)]
#[must_use]
pub struct UrlBuilder {
    draft: Draft<'static>,
    username: Option<String>,
    password: Option<String>,
    error: Option<Error>,
}

impl UrlBuilder {
    /// The scheme.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("http://example.org/")?.copy_with().scheme("https").build()?;
    /// assert_eq!(url, "https://example.org/");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn scheme<'a>(self, scheme: impl Into<Option<&'a str>>) -> Self {
        let scheme = scheme.into();
        self.set(|draft| draft.set_scheme(scheme.unwrap_or_default()))
    }

    /// The user name, as data. Together with [`password`](Self::password) it replaces the whole userinfo.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("http://example.org/")?.copy_with().username("a@b").build()?;
    /// assert_eq!(url.userinfo(), "a%40b");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn username<'a>(mut self, username: impl Into<Option<&'a str>>) -> Self {
        self.username = Some(username.into().unwrap_or_default().to_owned());
        self
    }

    /// The password, as data. Together with [`username`](Self::username) it replaces the whole userinfo.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("http://example.org/")?.copy_with().username("ada").password("p:q").build()?;
    /// assert_eq!(url.password(), "p:q");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn password<'a>(mut self, password: impl Into<Option<&'a str>>) -> Self {
        self.password = password.into().map(str::to_owned);
        self.username.get_or_insert_default();
        self
    }

    /// User name and password, written as in a URL.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("http://ada:p@example.org/")?.copy_with().userinfo(None).build()?;
    /// assert_eq!(url, "http://example.org/");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn userinfo<'a>(mut self, userinfo: impl Into<Option<&'a str>>) -> Self {
        let userinfo = userinfo.into();
        (self.username, self.password) = (None, None);
        self.set(|draft| draft.set_userinfo(userinfo.unwrap_or_default()))
    }

    /// The host; brackets around an IPv6 address may be left out.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::builder().scheme("http").host("::1").build()?;
    /// assert_eq!(url, "http://[::1]");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn host<'a>(self, host: impl Into<Option<&'a str>>) -> Self {
        let host = host.into();
        self.set(|draft| draft.set_host(host.unwrap_or_default()))
    }

    /// The port.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::builder().scheme("http").host("example.org").port(8080).path("/").build()?;
    /// assert_eq!(url, "http://example.org:8080/");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn port(self, port: u16) -> Self {
        self.set(|draft| {
            draft.port = Some(port);
            Ok(())
        })
    }

    /// No port.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("http://example.org:8080/")?.copy_with().no_port().build()?;
    /// assert_eq!(url, "http://example.org/");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn no_port(self) -> Self {
        self.set(|draft| {
            draft.port = None;
            Ok(())
        })
    }

    /// `host` or `host:port`: sets both.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("http://a.example/")?.copy_with().netloc("b.example:81").build()?;
    /// assert_eq!(url, "http://b.example:81/");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn netloc<'a>(self, netloc: impl Into<Option<&'a str>>) -> Self {
        let netloc = netloc.into();
        self.set(|draft| draft.set_netloc(netloc.unwrap_or_default()))
    }

    /// The path.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("http://example.org/")?.copy_with().path("/a b").build()?;
    /// assert_eq!(url, "http://example.org/a%20b");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn path<'a>(self, path: impl Into<Option<&'a str>>) -> Self {
        let path = path.into();
        self.set(|draft| draft.set_path(path.unwrap_or_default()))
    }

    /// The query, written as in a URL.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("http://example.org/?a")?.copy_with().query("b=c").build()?;
    /// assert_eq!(url, "http://example.org/?b=c");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn query<'a>(self, query: impl Into<Option<&'a str>>) -> Self {
        let query = query.into();
        self.set(|draft| match query {
            Some(query) => draft.set_query(query),
            None => {
                draft.query = None;
                Ok(())
            }
        })
    }

    /// Path and query; without a `?` the query is removed.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("http://example.org/")?.copy_with().raw_path("/a?b").build()?;
    /// assert_eq!((url.path().as_ref(), url.query()), ("/a", "b"));
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn raw_path<'a>(self, raw_path: impl Into<Option<&'a str>>) -> Self {
        let raw_path = raw_path.into();
        self.set(|draft| draft.set_raw_path(raw_path.unwrap_or_default()))
    }

    /// The fragment.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("http://example.org/#a")?.copy_with().fragment(None).build()?;
    /// assert_eq!(url, "http://example.org/");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn fragment<'a>(self, fragment: impl Into<Option<&'a str>>) -> Self {
        let fragment = fragment.into();
        self.set(|draft| match fragment {
            Some(fragment) => draft.set_fragment(fragment),
            None => {
                draft.fragment = None;
                Ok(())
            }
        })
    }

    /// The whole query, as data; no parameters remove it.
    ///
    /// ```
    /// # use papilio::Url;
    /// let url = Url::parse("http://example.org/")?.copy_with().params([("q", "a&b")]).build()?;
    /// assert_eq!(url, "http://example.org/?q=a%26b");
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn params(self, params: impl Into<QueryParams>) -> Self {
        self.set(|draft| draft.set_params(&params.into()))
    }

    /// The URL.
    ///
    /// # Errors
    /// `InvalidUrl`, naming the component, for the first one that is not valid; or if they make no URL together.
    ///
    /// ```
    /// # use papilio::Url;
    /// let error = Url::builder().scheme("1http").host("example.org").build().unwrap_err();
    /// assert_eq!(error.kind(), papilio::Kind::InvalidUrl);
    /// ```
    pub fn build(mut self) -> Result<Url> {
        if let Some(username) = self.username.take() {
            let password = self.password.take();
            self = self.set(|draft| draft.set_credentials(&username, password.as_deref()));
        }
        match self.error {
            Some(error) => Err(error),
            None => self.draft.finish(),
        }
    }

    fn set(mut self, change: impl FnOnce(&mut Draft<'static>) -> Result<()>) -> Self {
        if self.error.is_none() {
            self.error = change(&mut self.draft).err();
        }
        self
    }
}

/// Nothing of what was given: there may be a password in it.
impl fmt::Debug for UrlBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UrlBuilder").finish_non_exhaustive()
    }
}
