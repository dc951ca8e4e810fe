//! Proxies: what they are sent, what they answer, and what nobody but them may hear.

mod forward;
mod routes;
mod socks;
mod telling;
#[cfg(feature = "tls")]
mod tunnel;

use std::time::Duration;

use papilio::{Client, ClientBuilder, Error, IntoProxy, Kind};

use crate::server::{Seen, Server};

const LIMIT: Duration = Duration::from_secs(4);

/// Without the environment, with the test CA where there is TLS.
fn plain() -> ClientBuilder<Client> {
    let builder = Client::builder().timeout(LIMIT).trust_env(false);
    #[cfg(feature = "tls")]
    let builder = builder.add_root_certificate(crate::server::tls::ca_pem());
    builder
}

/// A client that sends everything through this proxy, and looks no name up.
fn through(proxy: impl IntoProxy) -> Client {
    plain()
        .proxy(proxy)
        .resolver(|host: &str| -> papilio::Result<_> {
            assert_eq!(host, "localhost", "a name that is the proxy's to look up");
            Ok(vec![[127, 0, 0, 1].into()])
        })
        .build()
        .unwrap()
}

/// The address of a server as the URL of a proxy with a user and a password.
fn known(scheme: &str, server: &Server) -> String {
    format!("{scheme}://user:pass%20word@127.0.0.1:{}", server.port())
}

/// `user:pass word`
const BASIC: &str = "Basic dXNlcjpwYXNzIHdvcmQ=";

/// Neither the password nor what is made of it.
#[track_caller]
fn without_secrets(text: &str) {
    for secret in ["pass%20word", "pass word", "dXNlcjpwYXNz"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

/// Kind and text, without secrets.
#[track_caller]
fn told(error: &Error, kind: Kind) -> String {
    let text = format!("{error}");
    assert_eq!(error.kind(), kind, "{text}");
    without_secrets(&text);
    without_secrets(&format!("{error:?}"));
    text
}

fn lines(seen: &[Seen]) -> Vec<&str> {
    seen.iter()
        .map(|seen| seen.head.split(" HTTP/").next().unwrap_or_default())
        .collect()
}
