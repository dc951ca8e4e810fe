//! `--timing`: how long each step took, on standard error.

use std::time::Duration;

use papilio::Timings;

/// A line for each step of the last exchange, counted from its beginning, and one for all of it from the first try on.
pub(crate) fn table(timings: Option<&Timings>, total: Duration) -> String {
    let of = |step: fn(&Timings) -> Option<Duration>| timings.and_then(step);
    let rows = [
        ("Name lookup", of(Timings::name_lookup)),
        ("Connect", of(Timings::connect)),
        ("TLS", of(Timings::tls)),
        ("First byte", of(Timings::first_byte)),
        ("Total", Some(total)),
    ];
    let lines = rows.map(|(name, time)| match time {
        Some(time) => format!("{name:<11} {:>12.3} ms", time.as_secs_f64() * 1000.0),
        None => format!("{name:<11} {:>12}", "-"),
    });
    lines.join("\n")
}
