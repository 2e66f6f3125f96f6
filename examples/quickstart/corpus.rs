//! Finds and reads the documents: the Markdown and text files of a folder, in a fixed order.

use std::path::{Path, PathBuf};

use ragspan::ErrorType;
use walkdir::{DirEntry, WalkDir};

/// The handbook that tests ask about: text to test with, not documentation of this repository.
const TEST_CORPUS: &str = "examples/quickstart/corpus";

/// The largest size of a document in bytes; larger files are skipped.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// One document.
#[derive(Debug, Clone)]
pub struct Document {
    /// The path below the corpus folder, with forward slashes; citations show it.
    pub source: String,
    pub text: String,
}

#[derive(Debug, thiserror::Error, ErrorType)]
pub enum CorpusError {
    #[error("no workspace found from {} upward, name a folder of documents with --corpus", .0.display())]
    NoWorkspace(PathBuf),
    #[error("{} is not a folder; name one with --corpus", .0.display())]
    NotAFolder(PathBuf),
    #[error("the corpus folder cannot be listed, check its permissions")]
    Walk(#[from] walkdir::Error),
    #[error("{} cannot be read, check its permissions", .path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{} contains no .md or .txt file, name another folder with --corpus", .0.display())]
    Empty(PathBuf),
}

/// A folder of documents, and the one of its folders that is left out.
#[derive(Debug, Clone)]
pub struct Corpus {
    root: PathBuf,
    left_out: Option<&'static str>,
}

impl Corpus {
    /// Returns the documents below `root`.
    pub fn folder(root: impl Into<PathBuf>) -> Result<Self, CorpusError> {
        let root = root.into();
        let left_out = None;
        if root.is_dir() {
            Ok(Self { root, left_out })
        } else {
            Err(CorpusError::NotAFolder(root))
        }
    }

    /// Returns the documentation of the Cargo workspace that contains `start`.
    pub fn of_workspace(start: &Path) -> Result<Self, CorpusError> {
        let root = start.ancestors().find(|folder| is_workspace(folder));
        let root = root.ok_or_else(|| CorpusError::NoWorkspace(start.to_owned()))?;
        Ok(Self {
            root: root.to_owned(),
            left_out: Some(TEST_CORPUS),
        })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the last part of the folder's path, as it is shown to a user.
    pub fn name(&self) -> String {
        let name = self.root.file_name().unwrap_or(self.root.as_os_str());
        format!("{}/", name.to_string_lossy().trim_end_matches('/'))
    }

    /// Returns the paths of the documents, sorted, so that a run does not depend on the file system.
    pub fn list(&self) -> Result<Vec<PathBuf>, CorpusError> {
        let mut paths = Vec::new();
        let walk = WalkDir::new(&self.root).sort_by_file_name().into_iter();
        for entry in walk.filter_entry(|entry| self.is_wanted(entry)) {
            let entry = entry?;
            if entry.file_type().is_file() && is_document(&entry) {
                paths.push(entry.into_path());
            }
        }
        if paths.is_empty() {
            return Err(CorpusError::Empty(self.root.clone()));
        }
        Ok(paths)
    }

    /// Reads a document. Invalid UTF-8 becomes replacement characters.
    pub fn read(&self, path: &Path) -> Result<Document, CorpusError> {
        let bytes = std::fs::read(path).map_err(|source| CorpusError::Read {
            path: path.to_owned(),
            source,
        })?;
        Ok(Document {
            source: self.source_of(path),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }

    fn source_of(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        parts.join("/")
    }

    /// Returns `false` for build output, hidden folders and foreign packages.
    fn is_wanted(&self, entry: &DirEntry) -> bool {
        let name = entry.file_name().to_string_lossy();
        let is_foreign =
            entry.file_type().is_dir() && ["target", "node_modules"].contains(&name.as_ref());
        let is_left_out = self.left_out == Some(&self.source_of(entry.path()));
        entry.depth() == 0 || !(name.starts_with('.') || is_foreign || is_left_out)
    }
}

fn is_workspace(folder: &Path) -> bool {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml"));
    manifest.is_ok_and(|text| text.lines().any(|line| line.trim() == "[workspace]"))
}

fn is_document(entry: &DirEntry) -> bool {
    let extension = entry.path().extension().and_then(|it| it.to_str());
    let is_small = entry.metadata().is_ok_and(|it| it.len() <= MAX_FILE_BYTES);
    is_small && matches!(extension, Some("md" | "markdown" | "txt"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(corpus: &Corpus) -> Vec<String> {
        let paths = corpus.list().unwrap();
        paths.iter().map(|path| corpus.source_of(path)).collect()
    }

    #[test]
    fn a_workspace_is_found_from_below_and_its_documents_are_listed_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let handbook = format!("{TEST_CORPUS}/the-hive.md");
        for file in [
            "Cargo.toml",
            "b/z.txt",
            "b/a.md",
            "a.rs",
            ".git/x.md",
            "target/x.md",
            &handbook,
        ] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "[workspace]\n").unwrap();
        }
        let corpus = Corpus::of_workspace(&folder.path().join("b")).unwrap();
        assert_eq!(sources(&corpus), ["b/a.md", "b/z.txt"]);
        let corpus = Corpus::folder(folder.path().join("examples")).unwrap();
        assert_eq!(
            sources(&corpus),
            ["quickstart/corpus/the-hive.md"],
            "it is read on request"
        );
        let empty = Corpus::folder(folder.path().join(".git/none"));
        assert!(matches!(empty, Err(CorpusError::NotAFolder(_))));
        let none = Corpus::of_workspace(Path::new("/no-such-folder/docs"));
        assert!(matches!(none, Err(CorpusError::NoWorkspace(_))));
    }
}
