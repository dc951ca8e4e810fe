//! The named events of a connection's life (EXT-20), as lines of the debug log.
//!
//! Owns the names' form: `target` and `name.phase`, then ` key=value` pairs. Nothing is formatted when the level is off.

/// `event!(http11, "send_request_headers", started, "request=<Request {}>", method)`.
macro_rules! event {
    ($layer:ident, $name:literal, $phase:ident) => {
        log::debug!(
            target: concat!("papilio::", stringify!($layer)),
            concat!(stringify!($layer), ".", $name, ".", stringify!($phase))
        )
    };
    ($layer:ident, $name:literal, $phase:ident, $pairs:literal $(, $value:expr)*) => {
        log::debug!(
            target: concat!("papilio::", stringify!($layer)),
            "{} {}",
            concat!(stringify!($layer), ".", $name, ".", stringify!($phase)),
            format_args!($pairs $(, $value)*)
        )
    };
}

pub(crate) use event;
