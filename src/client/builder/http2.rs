//! The settings of a builder about versions of HTTP.

use super::ClientBuilder;
use crate::client::Buildable;
use crate::models::http2::Http2Settings;

impl<C: Buildable> ClientBuilder<C> {
    /// Whether HTTP/2 is spoken with servers that choose it in the TLS handshake; no unless set. All requests to one
    /// origin then share a connection.
    ///
    /// A blocking client keeps such connections going on a thread of its own, `papilio-h2`, which is started with the
    /// first of them.
    ///
    /// ```
    /// use papilio::Client;
    /// let client = Client::builder().http2(true).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn http2(mut self, on: bool) -> Self {
        self.network.protocols.http2 = on;
        self
    }

    /// Whether HTTP/1.1 is spoken; yes unless set. Without it, and with [`http2`](Self::http2), HTTP/2 is spoken whatever
    /// the server chose, and over plain connections too: prior knowledge.
    ///
    /// ```
    /// use papilio::{Client, Kind};
    /// let client = Client::builder().http1(false).http2(true).build()?;
    /// assert_eq!(Client::builder().http1(false).build().unwrap_err().kind(), Kind::Config);
    /// # Ok::<(), papilio::Error>(())
    /// ```
    #[doc(alias = "http2_prior_knowledge")]
    pub fn http1(mut self, on: bool) -> Self {
        self.network.protocols.http1 = on;
        self
    }

    /// How connections of HTTP/2 are run: pings, windows, how many requests at the same time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use papilio::{Client, Http2Settings};
    /// let settings = Http2Settings::default().ping_interval(Duration::from_secs(5));
    /// let client = Client::builder().http2(true).http2_settings(settings).build()?;
    /// # Ok::<(), papilio::Error>(())
    /// ```
    pub fn http2_settings(mut self, settings: Http2Settings) -> Self {
        self.network.protocols.settings = settings;
        self
    }
}
