//! How much of the public interface is shown by an example, measured in the source.
//!
//! By the lint `unreachable_pub` whatever is `pub` can be reached from outside; of types those count that have a name there.
//! An alias is shown by what it stands for. An example is a block of code in the
//! documentation of an item that is compiled and run with the tests; one that is only compiled (`no_run`) counts for what
//! cannot be had without a network or a key.

use super::project::{File, files};

/// Of the public functions, in percent.
const FUNCTIONS: usize = 70;

/// Types whose values come from the network, or from files with keys; their examples are compiled and not run.
const FROM_OUTSIDE: &[&str] = &[
    "Upgraded",
    "ConnectionInfo",
    "TlsInfo",
    "ClientCert",
    "TlsConfigBuilder",
];

/// Modules that are public themselves.
const OPEN: &[&str] = &["src/logging/", "src/models/multipart"];

#[derive(Debug, PartialEq)]
struct Item {
    what: What,
    name: String,
    example: Example,
    place: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Function,
    Type,
}

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Example {
    None,
    Compiled,
    Run,
}

fn public_items() -> Vec<Item> {
    let files = files(&["src"]);
    let public = |file: &&File| {
        let path = &file.path;
        path.ends_with(".rs")
            && !["src/cli/", "src/main.rs", "src/fuzzing"]
                .iter()
                .any(|other| path.starts_with(other))
    };
    files.iter().filter(public).flat_map(items).collect()
}

fn items(file: &File) -> Vec<Item> {
    let mut found = Vec::new();
    let mut docs = Vec::new();
    // The indentation of a public trait or a hidden module, as long as it is open.
    let mut of_trait = None;
    let mut hidden = None;
    let mut is_attribute = false;
    for (number, line) in file.code().enumerate() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if text.starts_with("///") {
            docs.push(text);
            continue;
        }
        // An attribute stands between documentation and item, perhaps on several lines.
        if is_attribute || text.starts_with("#[") {
            is_attribute = !text.ends_with(']');
            continue;
        }
        if text == "}" {
            of_trait = of_trait.filter(|at| *at != indent);
            hidden = hidden.filter(|at| *at != indent);
        }
        if text.ends_with('{') && text.contains("mod sealed") {
            hidden = Some(indent);
        }
        if hidden.is_none()
            && let Some((what, name)) = item(text, of_trait.is_some_and(|at| at < indent))
        {
            found.push(Item {
                what,
                name: name.to_owned(),
                example: example(&docs),
                place: format!("{}:{}", file.path, number + 1),
            });
            if text.starts_with("pub trait") && !text.ends_with('}') {
                of_trait = Some(indent);
            }
        }
        docs.clear();
    }
    found
}

/// A public function or type that begins on this line.
fn item(line: &str, is_in_trait: bool) -> Option<(What, &str)> {
    let rest = match line.strip_prefix("pub ") {
        Some(rest) => rest,
        None if is_in_trait => line,
        None => return None,
    };
    let mut words = rest
        .split([' ', '(', '<', '{', ';', ':', '='])
        .filter(|w| !w.is_empty());
    let what = loop {
        match words.next()? {
            "const" | "async" => {}
            "fn" => break What::Function,
            "struct" | "enum" | "trait" if line != rest => break What::Type,
            _ => return None,
        }
    };
    Some((what, words.next()?))
}

fn example(docs: &[&str]) -> Example {
    let mut best = Example::None;
    let mut is_open = false;
    for line in docs {
        let Some(language) = line
            .trim_start_matches('/')
            .trim_start()
            .strip_prefix("```")
        else {
            continue;
        };
        is_open = !is_open;
        let example = match language {
            "" if is_open => Example::Run,
            "no_run" => Example::Compiled,
            _ => Example::None,
        };
        if example > best {
            best = example;
        }
    }
    best
}

#[test]
fn most_functions_have_an_example_that_runs() {
    let mut items = public_items();
    items.retain(|item| item.what == What::Function);
    let all = items.len();
    assert!(all > 300, "only {all} public functions were found");
    let without: Vec<String> = items
        .iter()
        .filter(|item| item.example != Example::Run)
        .map(|item| format!("{} {}", item.place, item.name))
        .collect();
    let percent = (all - without.len()) * 100 / all;
    assert!(
        percent >= FUNCTIONS,
        "{percent} % of {all} public functions have an example that runs; without:\n{}",
        without.join("\n")
    );
}

#[test]
fn every_type_has_an_example() {
    let lib = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs")).unwrap();
    let names: Vec<&str> = lib.split("pub use ").skip(1).flat_map(exported).collect();
    let mut items = public_items();
    items.retain(|item| {
        let is_named = names.contains(&&*item.name);
        let is_open = OPEN.iter().any(|place| item.place.starts_with(place));
        item.what == What::Type && (is_named || is_open)
    });
    assert!(
        items.len() > 50,
        "only {} public types were found",
        items.len()
    );
    let missing = |item: &&Item| match item.example {
        Example::Run => false,
        Example::Compiled => !FROM_OUTSIDE.contains(&&*item.name),
        Example::None => true,
    };
    let without: Vec<String> = items
        .iter()
        .filter(missing)
        .map(|item| format!("{} {}", item.place, item.name))
        .collect();
    assert!(
        without.is_empty(),
        "without an example:\n{}",
        without.join("\n")
    );
}

/// The words of one `pub use`.
fn exported(statement: &str) -> impl Iterator<Item = &str> {
    let statement = statement.split(';').next().unwrap_or_default();
    statement.split(|c: char| !(c.is_alphanumeric() || c == '_'))
}

#[test]
fn items_are_found() {
    let text = "/// A.\n///\n/// ```\n/// a();\n/// ```\n#[doc(alias = \"b\")]\npub const fn a<T>(x: T) {}\n\
                /// ```text\n/// ```\npub struct B(u8);\npub(crate) fn no() {}\n\
                /// ```no_run\n/// ```\npub trait C {\n    /// No.\n    fn c(&self);\n}\nfn no() {}\n\
                mod sealed {\n    pub trait Sealed {}\n}\npub async fn d() {}\npub use e::F;\npub mod g;\n";
    let file = File {
        path: "f.rs".to_owned(),
        text: text.to_owned(),
        is_all_tests: false,
    };
    let found: Vec<(What, String, Example)> = items(&file)
        .into_iter()
        .map(|item| (item.what, item.name, item.example))
        .collect();
    let expected = [
        (What::Function, "a", Example::Run),
        (What::Type, "B", Example::None),
        (What::Type, "C", Example::Compiled),
        (What::Function, "c", Example::None),
        (What::Function, "d", Example::None),
    ];
    assert_eq!(
        found,
        expected.map(|(what, name, example)| (what, name.to_owned(), example))
    );
}
