//! What does the source tree say? Read once, for the rules about the code.

use std::path::{Path, PathBuf};

/// The crates of the workspace, in the order of their dependencies.
pub const CRATES: [&str; 6] = ["pki", "card-reader", "policies", "hsm-config", "gateway", "tests"];

/// One file of the tree: its path from the root, with `/` between names, and its text.
pub struct Source {
    /// Path relative to the root of the repository.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// The part before the unit tests: what ends up in the product.
    pub fn production(&self) -> &str {
        self.text.split("#[cfg(test)]").next().unwrap_or_default()
    }

    /// Lines of code that begin a path with `word`, comments left out, as `path:line`.
    pub fn mentions(&self, word: &str) -> Vec<String> {
        self.production()
            .lines()
            .enumerate()
            .filter(|(_, line)| begins_in(line.split("//").next().unwrap_or_default(), word))
            .map(|(number, _)| format!("{}:{}", self.path, number + 1))
            .collect()
    }
}

/// Whether `word` stands in `code` at the beginning of a path: `pcsc::Card`, not `transport::pcsc::Owner`.
fn begins_in(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        word.starts_with(':') || !before.is_some_and(|one| one.is_alphanumeric() || matches!(one, '_' | ':'))
    })
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests crate lies in the workspace")
        .to_path_buf()
}

/// Every Rust file of every crate, fuzz targets included, sorted by path.
pub fn rust_files() -> Vec<Source> {
    let mut files = Vec::new();
    for name in CRATES {
        collect(&root().join(name), &mut files);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(folder: &Path, files: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != "corpus" && name != "artifacts" {
            collect(&path, files);
        } else if name.ends_with(".rs") {
            let relative = path.strip_prefix(root()).expect("below the root");
            let text = std::fs::read_to_string(&path).expect("UTF-8 source");
            files.push(Source { path: relative.to_string_lossy().into_owned(), text });
        }
    }
}

/// The text of one file, by its path from the root.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
