//! The index of the specification: which of its items the tests cite, and that no citation is of an item that is not
//! there.
//!
//! An item is defined in `tests/spec/*.md` by a bold list item, the first cell of a table row, or as the beginning of a
//! sentence. It is cited by its exact id, anywhere in `tests/`, `examples/` and `fuzz/`, or in a test module of `src/`.
//! A range cites its two ends and nothing between them. See the list of what no test cites yet with
//! `cargo test --test it spec -- --nocapture`.

use std::collections::{BTreeMap, BTreeSet};

use super::project::{File, files};

/// Families with a citation for every item. A family goes in when it gets there, and never out again.
const COMPLETE: &[&str] = &[
    "URL", "QP", "HDR", "REQ", "MPF", "TXT", "DEC", "RED", "LIM", "H1", "LOG", "COD", "POOL",
    "HOK", "ASY", "AUT", "PRX", "ENV", "TLS", "R-PRX", "R-TLS", "R-LIM", "R-POOL", "RTY", "TOP",
    "VEC", "ERR", "H2", "R-H2", "CLT", "COK", "EXT", "TRN", "TRP", "TMO", "RES", "CMD", "SEC",
    "FLT",
];

/// This file speaks of ids and proves none.
const THIS_FILE: &str = "tests/it/spec.rs";

#[test]
fn cited_items_exist() {
    let defined = defined();
    let families: BTreeSet<&str> = defined.iter().map(|id| family(id)).collect();
    let mut unknown = Vec::new();
    for file in files(&["src", "tests", "examples", "fuzz", "benches"]) {
        if file.path == THIS_FILE || file.path.starts_with("tests/spec/") {
            continue;
        }
        for (number, line) in file.text.lines().enumerate() {
            for id in ids(line) {
                if families.contains(family(&id)) && !defined.contains(&id) {
                    unknown.push(format!("{}:{}: {id}", file.path, number + 1));
                }
            }
        }
    }
    assert!(
        unknown.is_empty(),
        "not in the specification:\n{}",
        unknown.join("\n")
    );
}

#[test]
fn complete_families_stay_complete() {
    let missing = missing();
    let all = defined();
    let total: usize = missing.values().map(BTreeSet::len).sum();
    println!("{total} of {} items are not cited by a test:", all.len());
    for (family, ids) in &missing {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        println!("{family} ({}): {}", ids.len(), ids.join(" "));
    }
    for family in COMPLETE {
        let known = all.iter().any(|id| self::family(id) == *family);
        assert!(known, "the specification has no family {family}");
        let ids = missing.get(*family);
        assert!(ids.is_none(), "no test cites {ids:?}");
    }
}

#[test]
fn ids_are_recognised() {
    let cases: &[(&str, &[&str])] = &[
        ("- **URL-01** parses", &["URL-01"]),
        ("R-LIM-01, SEC-112.", &["R-LIM-01", "SEC-112"]),
        ("H1-04 and (H2-10)", &["H1-04", "H2-10"]),
        (
            "URL-01..05, SEC-501–506",
            &["URL-01", "URL-05", "SEC-501", "SEC-506"],
        ),
        ("R-LIM-01..=R-LIM-04", &["R-LIM-01", "R-LIM-04"]),
        ("url-01 xURL-01 URL-01x URL_01 URL-", &[]),
        ("ISO-8859-1 UTF-8", &["ISO-8859-1", "UTF-8"]),
        ("CVE-2026-6733é", &["CVE-2026-6733"]),
    ];
    for (text, expected) in cases {
        assert_eq!(ids(text), *expected, "{text}");
    }
}

#[test]
fn definitions_are_found() {
    let text = "- **URL-01** as in URL-02.\n| SEC-101 | as SEC-102 |\nRules: SEC-501 names case. SEC-502 cut,\nSEC-503 more\n\
                - `x`: REQ-14, `y`: REQ-15. See URL-03, and (URL-04)\n";
    let found = definitions(text);
    assert_eq!(
        found,
        ["URL-01", "SEC-101", "SEC-501", "SEC-502", "SEC-503"]
    );
    let defined = defined();
    for id in [
        "URL-01", "VEC-01", "R-LIM-19", "FLT-23", "SEC-501", "SEC-506",
    ] {
        assert!(defined.contains(id), "{id}");
    }
}

/// The items that no test cites, by family.
fn missing() -> BTreeMap<String, BTreeSet<String>> {
    let mut cited = BTreeSet::new();
    for file in files(&["src", "tests", "examples", "fuzz"]) {
        if file.path == THIS_FILE || file.path.starts_with("tests/spec/") {
            continue;
        }
        let skip = if file.path.starts_with("src/") {
            file.lines_of_code()
        } else {
            0
        };
        cited.extend(file.text.lines().skip(skip).flat_map(ids));
    }
    let mut missing: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for id in defined().difference(&cited) {
        let family = family(id).to_owned();
        missing.entry(family).or_default().insert(id.clone());
    }
    missing
}

fn defined() -> BTreeSet<String> {
    let files: Vec<File> = files(&["tests/spec"]);
    assert!(!files.is_empty(), "the specification is gone");
    files
        .iter()
        .flat_map(|file| definitions(&file.text))
        .collect()
}

fn definitions(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        let cell = line.strip_prefix("| ");
        let item = line.split_once("**").filter(|(before, _)| *before == "- ");
        if let Some(rest) = cell.or_else(|| item.map(|(_, rest)| rest)) {
            let id = ids(rest).into_iter().next();
            found.extend(id.filter(|id| rest.starts_with(id.as_str())));
            continue;
        }
        // In prose, the beginning of a sentence: an id that a plain word follows.
        for sentence in line.split(". ").flat_map(|part| part.split(": ")) {
            let id = ids(sentence).into_iter().next();
            found.extend(id.filter(|id| {
                sentence
                    .strip_prefix(id.as_str())
                    .and_then(|rest| rest.strip_prefix(' '))
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
            }));
        }
    }
    found
}

/// `R-LIM` of `R-LIM-01`.
fn family(id: &str) -> &str {
    id.rsplit_once('-').map_or(id, |(family, _)| family)
}

/// Everything that looks like an id: capital words and a number, joined by hyphens. Whether there is such a family is
/// the caller's question.
fn ids(line: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find(is_word) {
        let before = &rest[..start];
        rest = &rest[start..];
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        if is_id(word) {
            found.push(word.to_owned());
        } else if let Some(first) = found.last()
            && ["..", "..=", "…", "–"].contains(&before)
            && word.bytes().all(|byte| byte.is_ascii_digit())
        {
            found.push(format!("{}-{word}", family(first)));
        }
        rest = &rest[end..];
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

fn is_id(word: &str) -> bool {
    let mut parts = word.split('-').rev();
    let number = parts.next().unwrap_or_default();
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    is_number
        && word.contains('-')
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && parts.all(is_name)
}
