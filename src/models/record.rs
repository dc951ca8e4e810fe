//! What is told to the log: the line of an exchange, and the lines of events, with their facts as pairs for loggers that
//! take them (feature `log-kv`).
//!
//! Owns the form of these lines. Does not own the text of an event (`trace.rs`) or the moments at which they are logged.

use http::{Method, StatusCode};
use log::Level;

use crate::models::trace::Event;
use crate::models::url::Url;

/// The one line of a request and its response (LOG-02). The version is as in `HTTP/1.1`.
#[inline]
#[allow(dead_code, reason = "for the send loop")]
pub(crate) fn exchange(
    method: &Method,
    url: &Url,
    version: &str,
    status: StatusCode,
    reason: &str,
) {
    if is_on(Level::Info) {
        tell_exchange(method, url, version, status, reason);
    }
}

#[cold]
fn tell_exchange(method: &Method, url: &Url, version: &str, status: StatusCode, reason: &str) {
    let status = status.as_u16();
    let shown = url.masked();
    let escaped = reason.escape_debug();
    #[cfg(not(feature = "log-kv"))]
    log::info!(
        target: "papilio",
        "HTTP Request: {method} {shown} \"{version} {status} {escaped}\""
    );
    #[cfg(feature = "log-kv")]
    log::info!(
        target: "papilio",
        method = method.as_str(),
        url:% = shown,
        version,
        status,
        reason;
        "HTTP Request: {method} {shown} \"{version} {status} {escaped}\""
    );
}

/// Whether anybody may want a line of this level, as the macros of `log` see it: one comparison, no call.
fn is_on(level: Level) -> bool {
    level <= log::STATIC_MAX_LEVEL && level <= log::max_level()
}

/// The line of an event (LOG-05).
#[inline]
pub(crate) fn event(target: &'static str, event: &Event<'_>) {
    #[cfg(not(feature = "log-kv"))]
    log::debug!(target: target, "{event}");
    #[cfg(feature = "log-kv")]
    if is_on(Level::Debug) {
        log::logger().log(
            &log::Record::builder()
                .level(Level::Debug)
                .target(target)
                .module_path_static(Some(module_path!()))
                .file_static(Some(file!()))
                .line(Some(line!()))
                .args(format_args!("{event}"))
                .key_values(event)
                .build(),
        );
    }
}

#[cfg(feature = "log-kv")]
mod pairs {
    use std::time::Duration;

    use log::kv::{Error, Key, Source, Value, VisitSource};

    use crate::models::trace::{Event, EventInfo, EventPhase};

    /// `event` and `phase`, and what is known at it; a duration in seconds.
    impl Source for Event<'_> {
        fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), Error> {
            let phase = match self.phase() {
                EventPhase::Started => "started",
                EventPhase::Complete => "complete",
                EventPhase::Failed => "failed",
            };
            let mut pair = |key: &'static str, value: Value<'kvs>| {
                visitor.visit_pair(Key::from_str(key), value)
            };
            pair("event", self.step().into())?;
            pair("phase", phase.into())?;
            match &self.info {
                EventInfo::Connect {
                    host,
                    port,
                    local_address,
                    timeout,
                    ..
                } => {
                    pair("host", (*host).into())?;
                    pair("port", port.into())?;
                    if let Some(address) = local_address {
                        pair("local_address", Value::from_display(address))?;
                    }
                    pair("timeout", seconds(*timeout))
                }
                EventInfo::Tls {
                    server_hostname,
                    timeout,
                    ..
                } => {
                    pair("server_hostname", (*server_hostname).into())?;
                    pair("timeout", seconds(*timeout))
                }
                EventInfo::Retry {
                    host,
                    port,
                    timeout,
                    pause,
                    error,
                    ..
                } => {
                    pair("host", (*host).into())?;
                    pair("port", port.into())?;
                    pair("timeout", seconds(*timeout))?;
                    pair("pause", seconds(Some(*pause)))?;
                    pair("exception", Value::from_display(*error))
                }
                EventInfo::Connected(connection) => {
                    pair("return_value", Value::from_display(*connection))
                }
                EventInfo::Request(request) => pair("method", request.method.as_str().into()),
                EventInfo::Head {
                    version, status, ..
                } => {
                    pair("version", Value::from_debug(version))?;
                    pair("status", status.as_u16().into())
                }
                EventInfo::Failed(error) => pair("exception", Value::from_display(*error)),
                #[allow(unreachable_patterns, reason = "nothing more is known of other events")]
                _ => Ok(()),
            }
        }
    }

    fn seconds(time: Option<Duration>) -> Value<'static> {
        time.map_or_else(Value::null, |time| time.as_secs_f64().into())
    }
}
