//! What is promised of the source and its documents, as opposed to of what it does.

use std::collections::BTreeSet;

use super::project::{File, files};

/// The files in whose code this word stands.
fn with(word: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let has = |file: &File| {
        file.code().any(|line| {
            let line = line.split("//").next().unwrap_or_default();
            line.split(|c| !is_part(c)).any(|part| part == word)
        })
    };
    let all = files(&["src"]);
    all.iter()
        .filter(|file| has(file))
        .map(|file| file.path.clone())
        .collect()
}

/// R-POOL-08: no unsafe code, and no file that could have any.
#[test]
fn nothing_is_unsafe() {
    let manifest = include_str!("../../Cargo.toml");
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    for word in ["unsafe", "unsafe_code"] {
        let found = with(word);
        assert!(found.is_empty(), "{word}: {found:?}");
    }
}

/// FLT-18, TRP-15: the time of day is for cookies, certificates and the dates in headers alone; whatever waits, expires or
/// is measured goes by a clock that nobody sets.
#[test]
fn the_time_of_day_is_for_dates() {
    for path in with("SystemTime") {
        let is_right = [
            "src/models/cookies",
            "src/models/tls",
            "src/connection/tls",
            "src/flow/mod.rs",
            "src/flow/defaults.rs",
            "src/client/request.rs",
            "src/client/response.rs",
            "src/engine/client.rs",
            "src/cli/retry.rs",
            "src/logging/line.rs",
        ];
        assert!(
            is_right.iter().any(|start| path.starts_with(start)),
            "{path}"
        );
    }
}

/// FLT-17
#[test]
fn a_fork_is_spoken_of() {
    let all = files(&["src"]);
    let client = all
        .iter()
        .find(|file| file.path == "src/engine/client.rs")
        .unwrap();
    assert!(client.text.contains("fork(2)"));
}
