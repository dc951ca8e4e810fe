//! The project's own files, for the tests that read them.

use std::fs;
use std::path::{Path, PathBuf};

/// A text file, its path relative to the project and with `/`.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
    /// A module of its own for tests, by the `#[cfg(test)]` on its declaration.
    pub(crate) is_all_tests: bool,
}

impl File {
    /// The lines above the test module; none of a file that is all tests.
    pub(crate) fn code(&self) -> impl Iterator<Item = &str> {
        self.text.lines().take(self.lines_of_code())
    }

    pub(crate) fn lines_of_code(&self) -> usize {
        if self.is_all_tests {
            return 0;
        }
        let lines: Vec<&str> = self.text.lines().collect();
        // By the order of a file nothing follows a test module.
        lines
            .windows(2)
            .position(|pair| test_module(pair).is_some_and(|rest| rest.ends_with('{')))
            .unwrap_or(lines.len())
    }

    /// How much there is to read: the lines of code without the examples in their documentation.
    pub(crate) fn length(&self) -> usize {
        let mut is_example = false;
        let counts = |line: &&str| {
            let comment = line.trim_start().strip_prefix("///");
            let is_fence = comment.is_some_and(|text| text.trim_start().starts_with("```"));
            is_example ^= is_fence;
            !is_fence && (comment.is_none() || !is_example)
        };
        self.code().filter(counts).count()
    }
}

/// What follows `mod ` where these two lines begin a module of tests.
fn test_module<'a>(pair: &[&'a str]) -> Option<&'a str> {
    let [attribute, module] = pair else {
        return None;
    };
    let module = module.strip_prefix("pub(crate) ").unwrap_or(module);
    let for_tests = ["#[cfg(test)]", "#[cfg(any(test, fuzzing))]"];
    for_tests.contains(attribute).then_some(())?;
    module.strip_prefix("mod ")
}

/// Finds the files that a parent declares as tests, and what is below them.
fn mark_tests(files: &mut [File]) {
    let mut tests = Vec::new();
    for file in files.iter() {
        let folder = file.path.strip_suffix(".rs").unwrap_or(&file.path);
        let folder = folder
            .strip_suffix("/mod")
            .or_else(|| folder.strip_suffix("/lib"))
            .or_else(|| folder.strip_suffix("/main"))
            .unwrap_or(folder);
        let lines: Vec<&str> = file.text.lines().collect();
        for pair in lines.windows(2) {
            if let Some(name) = test_module(pair).and_then(|rest| rest.strip_suffix(';')) {
                tests.push(format!("{folder}/{name}.rs"));
                tests.push(format!("{folder}/{name}/"));
            }
        }
    }
    for file in files {
        file.is_all_tests = tests.iter().any(|test| file.path.starts_with(test));
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
                found.push(File {
                    path,
                    text,
                    is_all_tests: false,
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    mark_tests(&mut found);
    found
}
