//! The shape of the source, checked: who may name whom, what the lower layers must not do, and how long a file may be.
//!
//! The picture with the reasons is in `src/README.md`. Paths are found as text: `use crate::...`, `crate::...` and
//! `super::...` in the code, with comments and test modules left out.

use std::collections::{BTreeMap, BTreeSet};

use super::project::{File, files};

/// What each part of the crate may name, beyond itself. Not in the table: `lib.rs` and the doors for fuzzing, which name
/// all, and the command, which names none.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("error", &["models"]),
    ("models", &["error"]),
    ("protocol", &["error", "models"]),
    ("flow", &["error", "models"]),
    ("connection", &["error", "models", "protocol"]),
    ("client", &["error", "models", "flow"]),
    (
        "engine",
        &[
            "error",
            "models",
            "protocol",
            "flow",
            "connection",
            "client",
            // Whose clients and bodies are meant unless said otherwise.
            "blocking::Blocking",
        ],
    ),
    (
        "blocking",
        &[
            "error",
            "models",
            "protocol",
            "flow",
            "connection",
            "client",
            "engine",
        ],
    ),
    (
        "asynchronous",
        &[
            "error",
            "models",
            "protocol",
            "flow",
            "connection",
            "client",
            "engine",
        ],
    ),
    // Of the drivers only what a transport implements and returns.
    (
        "transports",
        &[
            "error",
            "models",
            "engine::body",
            "asynchronous::BoxFuture",
            "blocking::transport",
            "blocking::response",
            "asynchronous::body",
            "asynchronous::transport",
            "asynchronous::response",
            // A future of somebody else's, waited for on the calling thread.
            "blocking::wait",
            // The builder's shortcut for an application.
            "client::builder::ClientBuilder",
            "engine::Driver",
            "engine::builder::IntoTransport",
            "engine::client::BaseClient",
        ],
    ),
    ("logging", &["error"]),
    ("guide", &[]),
];

const NAME_ALL: [&str; 2] = ["lib", "fuzzing"];

/// What the layers below the drivers leave to them: waiting, and asking for the time.
const MUST_NOT_SAY: &[(&str, &[&str])] = &[
    ("models", &["Instant::now", "std::thread", "TcpStream"]),
    (
        "protocol",
        &[
            "Instant::now",
            "SystemTime::now",
            "std::thread",
            "TcpStream",
            "debug!",
            "info!",
            "warn!",
        ],
    ),
    (
        "flow",
        &[
            "Instant::now",
            "SystemTime::now",
            "std::thread",
            "TcpStream",
        ],
    ),
    ("connection", &["thread::sleep", "thread::park", "block_on"]),
    ("engine", &["thread::", "tokio", "block_on"]),
];

/// In lines; tests, and examples in the documentation, not counted.
const LONGEST_FILE: usize = 450;

/// Files that are longer than that already. They may shrink; a new one is split instead of put here.
const LONGER_FILES: &[(&str, usize)] = &[];

#[test]
fn names_lead_down() {
    let files = files(&["src"]);
    let root = root_names(&files);
    let mut wrong = Vec::new();
    for file in &files {
        let part = part(&file.path);
        if NAME_ALL.contains(&part) || !file.path.ends_with(".rs") {
            continue;
        }
        for path in crate_paths(file) {
            let first = path.split("::").next().unwrap_or_default();
            // A name that the crate root re-exports stands for the module it comes from.
            let path = root.get(first).map_or(path.as_str(), String::as_str);
            if !may_name(part, path) {
                wrong.push(format!("{} names crate::{path}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_part_has_a_row() {
    let known: BTreeSet<&str> = MAY_NAME.iter().map(|(part, _)| *part).collect();
    for file in files(&["src"]) {
        let part = part(&file.path);
        let has_row = known.contains(part)
            || NAME_ALL.contains(&part)
            || ["main", "cli", "README.md"].contains(&part);
        assert!(has_row, "{} belongs to no part", file.path);
    }
}

/// Whoever picks the project up finds every file on the map.
#[test]
fn every_file_is_on_the_map() {
    let map = include_str!("../../src/README.md");
    let is_named = |path: &str| {
        let name = path.trim_start_matches("src/");
        let last = name.rsplit('/').next().unwrap_or(name);
        map.contains(&format!("`{name}`")) || map.contains(&format!("`{last}`"))
    };
    let missing: Vec<String> = files(&["src"])
        .into_iter()
        .map(|file| file.path)
        .filter(|path| path.ends_with(".rs") && !path.ends_with("tests.rs") && !is_named(path))
        .collect();
    assert!(
        missing.is_empty(),
        "src/README.md has no row for {missing:?}"
    );
}

#[test]
fn lower_layers_do_not_wait() {
    for file in files(&["src"]) {
        let words = MUST_NOT_SAY
            .iter()
            .find(|(part, _)| *part == self::part(&file.path))
            .map_or(&[][..], |(_, words)| words);
        for (number, line) in file.code().enumerate() {
            let code = without_comment(line);
            for word in words {
                let place = format!("{}:{}", file.path, number + 1);
                assert!(!code.contains(word), "{place} says {word}");
            }
        }
    }
}

#[test]
fn files_are_short() {
    let mut long = Vec::new();
    for file in files(&["src"]) {
        let lines = file.length();
        let longest = LONGER_FILES
            .iter()
            .find(|(path, _)| *path == file.path)
            .map_or(LONGEST_FILE, |(_, lines)| *lines);
        if lines > longest && file.path.ends_with(".rs") {
            long.push(format!("{} has {lines} lines", file.path));
        }
    }
    assert!(
        long.is_empty(),
        "without tests and examples, {}",
        long.join(", ")
    );
}

#[test]
fn paths_are_found_and_judged() {
    let file = File {
        path: "src/flow/auth/mod.rs".to_owned(),
        text: "//! [`crate::blocking`]\nuse crate::{error::Error, models::{url::Url, body}};\nuse super::super::client;\n\
               fn f() { crate::protocol::x(\"http://a\"); super::defaults::g() } // crate::cli\n\
               #[cfg(test)]\nmod tests {\nuse crate::connection;\n"
            .to_owned(),
        is_all_tests: false,
    };
    let found: Vec<_> = crate_paths(&file);
    let expected = [
        "error::Error",
        "models::{url::Url, body}",
        "client",
        "protocol::x",
        "flow::defaults::g",
    ];
    assert_eq!(found, expected);
    let verdicts: Vec<_> = found.iter().map(|path| may_name("flow", path)).collect();
    assert_eq!(verdicts, [true, true, false, false, true]);
    assert!(may_name("transports", "blocking::transport::Transport"));
    assert!(!may_name("transports", "blocking::client::Client"));
    assert!(may_name("cli", "cli::args"));
    assert!(!may_name("cli", "blocking"));
}

/// `src/flow/auth.rs` is of the part `flow`, `src/error.rs` of `error`.
fn part(path: &str) -> &str {
    let path = path.strip_prefix("src/").unwrap_or(path);
    let first = path.split('/').next().unwrap_or_default();
    first.strip_suffix(".rs").unwrap_or(first)
}

fn may_name(part: &str, path: &str) -> bool {
    let is_within = |allowed: &str| path == allowed || path.starts_with(&format!("{allowed}::"));
    if part == "main" || part == "cli" {
        // The command is a crate of its own; of papilio it sees what everybody sees.
        return is_within("cli");
    }
    is_within(part)
        || MAY_NAME
            .iter()
            .find(|(p, _)| *p == part)
            .is_some_and(|(_, allowed)| allowed.iter().any(|allowed| is_within(allowed)))
}

/// Names of the crate root by the path of what they name, from the `pub use` lines of `lib.rs`.
fn root_names(files: &[File]) -> BTreeMap<String, String> {
    let lib = files.iter().find(|file| file.path == "src/lib.rs").unwrap();
    let code: Vec<&str> = lib.code().map(without_comment).collect();
    let mut names = BTreeMap::new();
    for statement in code.join("\n").split("pub use ").skip(1) {
        let path = statement.split(';').next().unwrap_or_default();
        for path in expand(path) {
            let path = path.strip_prefix("crate::").unwrap_or(&path);
            let last = path.rsplit([' ', ':']).next().unwrap_or_default();
            let source = path.split(" as ").next().unwrap_or_default();
            names.insert(last.to_owned(), source.to_owned());
        }
    }
    // What comes from other crates is nobody's layer.
    let modules: BTreeSet<&str> = files.iter().map(|file| part(&file.path)).collect();
    names.retain(|_, source| modules.contains(source.split("::").next().unwrap_or_default()));
    names
}

/// Every path into this crate that the code of a file spells, relative to the crate root.
fn crate_paths(file: &File) -> Vec<String> {
    let code: Vec<&str> = file.code().map(without_comment).collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for (at, keyword) in word_starts(&code, &["crate::", "super::"]) {
        let rest = &code[at..];
        // Of `super::super::x` only the first counts.
        if code[..at].ends_with("super::") {
            continue;
        }
        let (prefix, rest) = if keyword == "crate::" {
            (String::new(), &rest[keyword.len()..])
        } else {
            above(&file.path, rest)
        };
        found.extend(
            expand(path_text(rest))
                .into_iter()
                .map(|path| prefix.clone() + &path),
        );
    }
    found
}

/// Where these words begin, in order, not counting those that are the end of a longer word.
fn word_starts<'a>(code: &str, words: &[&'a str]) -> Vec<(usize, &'a str)> {
    let mut starts: Vec<_> = words
        .iter()
        .flat_map(|word| code.match_indices(word).map(|(at, _)| (at, *word)))
        .filter(|(at, _)| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        .collect();
    starts.sort_unstable();
    starts
}

/// Resolves `super::` words: the module they lead to, as a prefix, and what follows them.
fn above<'a>(file: &str, mut rest: &'a str) -> (String, &'a str) {
    let path = file.strip_prefix("src/").unwrap_or(file);
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let path = path.strip_suffix("/mod").unwrap_or(path);
    let mut modules: Vec<&str> = path.split('/').collect();
    while let Some(after) = rest.strip_prefix("super::") {
        modules.pop();
        rest = after;
    }
    let prefix = modules.iter().map(|module| format!("{module}::"));
    (prefix.collect(), rest)
}

/// The path at the beginning of a text: names joined by `::`, perhaps ending in a group in braces.
fn path_text(text: &str) -> &str {
    let plain = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
        .unwrap_or(text.len());
    if !text[plain..].starts_with('{') {
        return text[..plain].trim_end_matches(':');
    }
    let mut depth = 0;
    for (at, c) in text[plain..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..=plain + at];
        }
    }
    text
}

/// Takes a group apart: `{a::b, c}` is `a::b` and `c`, and `m::{A, B}` is `m::A` and `m::B`. A group inside is left as
/// it is, for it cannot lead elsewhere.
fn expand(path: &str) -> Vec<String> {
    let path = path.trim();
    let Some((prefix, group)) = path.split_once('{') else {
        return vec![path.to_owned()];
    };
    let group = group.strip_suffix('}').unwrap_or(group);
    let mut depth = 0;
    let items = group.split(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    items
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| format!("{prefix}{item}"))
        .collect()
}

fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with("//") {
        return "";
    }
    line.split(" // ").next().unwrap_or_default()
}
