//! Status codes and their usual reason phrases.

use http::StatusCode;

/// The usual reason phrase of a status code; empty for a code that has none. Named constants of the codes, and what
/// class a code is of, are on [`StatusCode`].
///
/// ```
/// use papilio::{StatusCode, reason_phrase};
/// assert_eq!(reason_phrase(StatusCode::NOT_FOUND), "Not Found");
/// assert_eq!(reason_phrase(StatusCode::from_u16(799).unwrap()), "");
/// ```
#[doc(alias = "get_reason_phrase")]
#[doc(alias = "codes")]
pub fn reason_phrase(status: StatusCode) -> &'static str {
    match status.as_u16() {
        // Four have other names in the `http` crate, which follows RFC 9110.
        203 => "Non-Authoritative Information",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        416 => "Requested Range Not Satisfiable",
        _ => status.canonical_reason().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RES-03, COD-02
    #[test]
    fn the_table_is_the_contract_s() {
        let contract = include_str!("../../tests/spec/httpx-behaviour.md");
        let table = contract
            .split("**COD-02** ")
            .nth(1)
            .and_then(|rest| rest.lines().next())
            .unwrap();
        let mut named = std::collections::HashMap::new();
        for entry in table.trim_end_matches('.').split("; ") {
            let (code, reason) = entry.split_once(' ').unwrap();
            named.insert(code.parse::<u16>().unwrap(), reason);
        }
        assert_eq!(named.len(), 62);
        for code in 100..=999 {
            let expected = named.get(&code).copied().unwrap_or_default();
            assert_eq!(
                reason_phrase(StatusCode::from_u16(code).unwrap()),
                expected,
                "{code}"
            );
        }
    }
}
