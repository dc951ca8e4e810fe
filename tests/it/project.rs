//! The project's own files, for the tests that read them.

use std::fs;
use std::path::{Path, PathBuf};

/// A text file, its path relative to the project and with `/`.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// The lines up to `#[cfg(test)]`; none of a file that is all tests. By the project's order of a file nothing but
    /// tests follows that line, unless it is on one item only, such as `#[cfg(test)] mod tests;` above the code.
    pub(crate) fn code(&self) -> impl Iterator<Item = &str> {
        self.text.lines().take(self.lines_of_code())
    }

    pub(crate) fn lines_of_code(&self) -> usize {
        let is_all_tests = ["/tests.rs", "/tests/"];
        if is_all_tests.iter().any(|part| self.path.contains(part)) {
            return 0;
        }
        let lines: Vec<&str> = self.text.lines().collect();
        let begins_tests = |pair: &[&str]| {
            matches!(pair, [attribute, module]
                if *attribute == "#[cfg(test)]" && module.starts_with("mod ") && module.ends_with('{'))
        };
        lines
            .windows(2)
            .position(begins_tests)
            .unwrap_or(lines.len())
    }
}

/// Every text file below these folders that are there, sorted by path.
pub(crate) fn files(folders: &[&str]) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                let generated = ["target", "corpus", "artifacts"];
                if !generated.iter().any(|name| path.ends_with(name)) {
                    waiting.push(path);
                }
            } else if let Ok(text) = fs::read_to_string(&path) {
                let path = path.strip_prefix(root).unwrap();
                let path = path.to_string_lossy().replace('\\', "/");
                found.push(File { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}
