//! The guide: one chapter for each thing that papilio does, with code that runs.
//!
//! A newcomer begins with [`quickstart`]; who knows another client, with [`coming_from`]. The other chapters stand alone.
//!
//! | | |
//! |---|---|
//! | Begin | [`quickstart`], [`coming_from`] |
//! | A client and its settings | [`clients`], [`timeouts`], [`cancellation`], [`limits`], [`environment`] |
//! | What is sent | [`requests`], [`multipart`], [`authentication`], [`cookies`] |
//! | What comes back | [`responses`], [`streaming`], [`interim`], [`charsets`], [`redirects`] |
//! | On the way | [`connections`], [`strangers`], [`proxies`], [`tls`], [`transports`], [`apps`], [`hooks`], [`logging`] |
#![cfg_attr(
    feature = "async",
    doc = "| With the feature `async` | [`asynchronous`], [`http2`] |"
)]
//! | When it fails | [`errors`], [`failures`], [`troubleshooting`] |
//!
//! The code of these chapters is compiled and run as tests, most of it with a
//! [`MockTransport`](crate::MockTransport) in place of the network, which is not shown.

macro_rules! chapters {
    ($($(#[$attribute:meta])* $name:ident = $file:literal;)+) => {
        $(
            $(#[$attribute])*
            #[doc = include_str!($file)]
            pub mod $name {}
        )+
    };
}

chapters! {
    quickstart = "quickstart.md";
    coming_from = "coming_from.md";
    clients = "clients.md";
    timeouts = "timeouts.md";
    cancellation = "cancellation.md";
    limits = "limits.md";
    #[cfg(feature = "async")]
    asynchronous = "asynchronous.md";
    environment = "environment.md";
    requests = "requests.md";
    #[cfg(feature = "multipart")]
    multipart = "multipart.md";
    authentication = "authentication.md";
    cookies = "cookies.md";
    responses = "responses.md";
    streaming = "streaming.md";
    interim = "interim.md";
    charsets = "charsets.md";
    redirects = "redirects.md";
    connections = "connections.md";
    #[cfg(feature = "async")]
    http2 = "http2.md";
    strangers = "strangers.md";
    proxies = "proxies.md";
    #[cfg(feature = "tls")]
    tls = "tls.md";
    transports = "transports.md";
    apps = "apps.md";
    hooks = "hooks.md";
    logging = "logging.md";
    errors = "errors.md";
    failures = "failures.md";
    troubleshooting = "troubleshooting.md";
}
