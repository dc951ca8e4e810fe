//! `Http2Settings`: what a client says and wants of HTTP/2 connections, as data.
//!
//! Owns the values and their defaults. `connection/http2` applies them.

use std::time::Duration;

/// How HTTP/2 connections are run; the defaults are for everybody.
///
/// ```
/// use std::time::Duration;
/// use papilio::Http2Settings;
///
/// let settings = Http2Settings::default().ping_interval(Duration::from_secs(5));
/// assert_eq!(settings.ping_timeout, Duration::from_secs(10));
/// assert_eq!(settings.max_streams, 100);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Http2Settings {
    /// After so much silence on a connection that has requests on it the server is asked for a sign of life: 30 s.
    /// `None` never asks.
    #[doc(alias = "http2_keep_alive_interval")]
    pub ping_interval: Option<Duration>,
    /// How long it may take to give one: 10 s. Then all requests of the connection fail with a read timeout.
    #[doc(alias = "http2_keep_alive_timeout")]
    pub ping_timeout: Duration,
    /// Requests at the same time on one connection, whatever more the server allows: 100.
    pub max_streams: usize,
    /// Bytes that a server may send ahead of the reader of one response: 16 MiB.
    #[doc(alias = "http2_initial_stream_window_size")]
    pub stream_window: u32,
    /// Bytes that a server may send ahead of all readers of one connection: 32 MiB. More than for one response, so that
    /// a reader that rests does not hold up the others.
    #[doc(alias = "http2_initial_connection_window_size")]
    pub connection_window: u32,
    /// The largest head of a response, by the measure of HTTP/2: names and values, and 32 bytes for each field: 64 KiB.
    #[doc(alias = "http2_max_header_list_size")]
    pub max_head: u32,
    /// The number of the first stream, so that tests get to the last.
    #[cfg(test)]
    pub(crate) first_stream: u32,
}

impl Http2Settings {
    /// Replaces the silence after which the server is asked for a sign of life.
    ///
    /// ```
    /// use papilio::Http2Settings;
    /// let settings = Http2Settings::default().ping_interval(None);
    /// assert_eq!(settings.ping_interval, None);
    /// ```
    pub fn ping_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.ping_interval = interval.into();
        self
    }

    /// Replaces the time for a sign of life.
    ///
    /// ```
    /// use std::time::Duration;
    /// use papilio::Http2Settings;
    /// let settings = Http2Settings::default().ping_timeout(Duration::from_secs(3));
    /// assert_eq!(settings.ping_timeout, Duration::from_secs(3));
    /// ```
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.ping_timeout = timeout;
        self
    }

    /// Replaces the number of requests at the same time; at least 1.
    ///
    /// ```
    /// let settings = papilio::Http2Settings::default().max_streams(10);
    /// assert_eq!(settings.max_streams, 10);
    /// ```
    pub fn max_streams(mut self, count: usize) -> Self {
        self.max_streams = count;
        self
    }

    /// Replaces the window of one response; at most 2,147,483,647.
    ///
    /// ```
    /// let settings = papilio::Http2Settings::default().stream_window(1 << 20);
    /// assert_eq!(settings.stream_window, 1 << 20);
    /// ```
    pub fn stream_window(mut self, bytes: u32) -> Self {
        self.stream_window = bytes;
        self
    }

    /// Replaces the window of a connection; at least 65,535, at most 2,147,483,647.
    ///
    /// ```
    /// let settings = papilio::Http2Settings::default().connection_window(1 << 22);
    /// assert_eq!(settings.connection_window, 1 << 22);
    /// ```
    pub fn connection_window(mut self, bytes: u32) -> Self {
        self.connection_window = bytes;
        self
    }

    /// Replaces the limit on one response's head.
    ///
    /// ```
    /// let settings = papilio::Http2Settings::default().max_head(1 << 14);
    /// assert_eq!(settings.max_head, 1 << 14);
    /// ```
    pub fn max_head(mut self, bytes: u32) -> Self {
        self.max_head = bytes;
        self
    }
}

impl Default for Http2Settings {
    fn default() -> Self {
        Self {
            ping_interval: Some(Duration::from_secs(30)),
            ping_timeout: Duration::from_secs(10),
            max_streams: 100,
            stream_window: 1 << 24,
            connection_window: 1 << 25,
            max_head: 1 << 16,
            #[cfg(test)]
            first_stream: 1,
        }
    }
}
