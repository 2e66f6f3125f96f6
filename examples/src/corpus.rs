//! Finds and reads the documents: a folder's Markdown and text files, in a fixed order.

use std::path::{Path, PathBuf};

use ragspan::ErrorType;
use walkdir::{DirEntry, WalkDir};

/// Where this repository keeps the handbook that its tests ask about: text to test with, not documentation.
const TEST_CORPUS: &str = "examples/corpus";

/// The largest size of a document in bytes; larger files are skipped.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// One document, as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The path below the corpus folder, with forward slashes; citations show it.
    pub source: String,
    /// The whole text.
    pub text: String,
}

impl Document {
    /// Returns `true` for Markdown, and `false` for plain text.
    #[must_use]
    pub fn is_markdown(&self) -> bool {
        self.source.ends_with(".md") || self.source.ends_with(".markdown")
    }
}

/// An error of finding or reading documents.
#[derive(Debug, thiserror::Error, ErrorType)]
#[non_exhaustive]
pub enum CorpusError {
    /// None of the enclosing folders is a Cargo workspace with a default corpus.
    #[error("no workspace found from {} upward, name a folder of documents with --corpus", .0.display())]
    NoWorkspace(PathBuf),
    /// The folder does not exist or is not a folder.
    #[error("{} is not a folder; name one with --corpus", .0.display())]
    NotAFolder(PathBuf),
    /// The folder could not be walked.
    #[error("the corpus folder cannot be listed, check its permissions")]
    Walk(#[from] walkdir::Error),
    /// A document could not be read.
    #[error("{} cannot be read, check its permissions", .path.display())]
    Read {
        /// The document.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// There is nothing to read in it.
    #[error("{} holds no .md or .txt file with text in it, name another folder with --corpus", .0.display())]
    Empty(PathBuf),
}

/// A folder of documents, and which of its folders are left out.
#[derive(Debug, Clone)]
pub struct Corpus {
    root: PathBuf,
    left_out: Option<&'static str>,
}

impl Corpus {
    /// The documents below `root`.
    ///
    /// # Errors
    /// [`CorpusError::NotAFolder`] if it is none.
    pub fn folder(root: impl Into<PathBuf>) -> Result<Self, CorpusError> {
        let root = root.into();
        if root.is_dir() {
            Ok(Self {
                root,
                left_out: None,
            })
        } else {
            Err(CorpusError::NotAFolder(root))
        }
    }

    /// The documentation of the Cargo workspace around `start`, found by looking upward.
    ///
    /// # Errors
    /// [`CorpusError::NoWorkspace`] if no enclosing folder is one.
    pub fn of_workspace(start: &Path) -> Result<Self, CorpusError> {
        let root = start
            .ancestors()
            .find(|folder| is_workspace(folder))
            .ok_or_else(|| CorpusError::NoWorkspace(start.to_owned()))?;
        Ok(Self {
            root: root.to_owned(),
            left_out: Some(TEST_CORPUS),
        })
    }

    /// The folder, as it was named or found.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder as it is shown to a person: the last part of its path.
    #[must_use]
    pub fn name(&self) -> String {
        let last = self.root.file_name();
        let name = last.map_or_else(
            || self.root.to_string_lossy(),
            |name| name.to_string_lossy(),
        );
        format!("{}/", name.trim_end_matches('/'))
    }

    /// The paths of the documents, sorted, so that a run's result does not depend on the file system.
    ///
    /// # Errors
    /// [`CorpusError::Walk`], or [`CorpusError::Empty`] if there is none.
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

    /// Reads one of the listed documents. Invalid UTF-8 becomes replacement characters.
    ///
    /// # Errors
    /// [`CorpusError::Read`].
    pub fn read(&self, path: &Path) -> Result<Document, CorpusError> {
        let bytes = std::fs::read(path).map_err(|source| CorpusError::Read {
            path: path.to_owned(),
            source,
        })?;
        Ok(Document {
            source: self.source_name(path),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }

    fn source_name(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        parts.join("/")
    }

    /// Build output, hidden folders and foreign packages are not documentation.
    fn is_wanted(&self, entry: &DirEntry) -> bool {
        if entry.depth() == 0 {
            return true;
        }
        let name = entry.file_name().to_string_lossy();
        let unwanted_folder = entry.file_type().is_dir()
            && (["target", "node_modules"].contains(&name.as_ref())
                || self
                    .left_out
                    .is_some_and(|folder| self.source_name(entry.path()) == folder));
        !name.starts_with('.') && !unwanted_folder
    }
}

fn is_workspace(folder: &Path) -> bool {
    std::fs::read_to_string(folder.join("Cargo.toml"))
        .is_ok_and(|manifest| manifest.lines().any(|line| line.trim() == "[workspace]"))
}

fn is_document(entry: &DirEntry) -> bool {
    let extension = entry.path().extension().and_then(|e| e.to_str());
    let small_enough = entry
        .metadata()
        .is_ok_and(|metadata| metadata.len() <= MAX_FILE_BYTES);
    small_enough && matches!(extension, Some("md" | "markdown" | "txt"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    fn sources(corpus: &Corpus) -> Vec<String> {
        let paths = corpus.list().unwrap();
        paths
            .iter()
            .map(|path| corpus.read(path).unwrap().source)
            .collect()
    }

    #[test]
    fn documents_are_listed_in_order_without_hidden_and_built_ones() {
        let dir = tree(&[
            ("b/z.txt", "z"),
            ("b/a.md", "a"),
            ("A.md", "a"),
            ("code.rs", "fn main() {}"),
            (".git/HEAD.md", "x"),
            ("target/doc/x.md", "x"),
        ]);
        let corpus = Corpus::folder(dir.path()).unwrap();
        assert_eq!(sources(&corpus), ["A.md", "b/a.md", "b/z.txt"]);
    }

    #[test]
    fn the_workspace_is_found_from_below_and_leaves_its_test_corpus_out() {
        let dir = tree(&[
            ("Cargo.toml", "[workspace]\nmembers = []\n"),
            ("README.md", "x"),
            ("examples/corpus/the-hive.md", "x"),
            ("examples/Cargo.toml", "[package]\n"),
            ("examples/README.md", "x"),
        ]);
        let corpus = Corpus::of_workspace(&dir.path().join("examples")).unwrap();
        assert_eq!(sources(&corpus), ["README.md", "examples/README.md"]);
    }

    #[test]
    fn the_test_corpus_is_read_on_request() {
        let dir = tree(&[("examples/corpus/the-hive.md", "x")]);
        let corpus = Corpus::folder(dir.path()).unwrap();
        assert_eq!(sources(&corpus), ["examples/corpus/the-hive.md"]);
    }

    #[test]
    fn a_folder_without_documents_and_a_missing_folder_are_errors() {
        let dir = tree(&[("notes.rs", "")]);
        let empty = Corpus::folder(dir.path()).unwrap();
        assert!(matches!(empty.list(), Err(CorpusError::Empty(_))));
        let missing = Corpus::folder(dir.path().join("none"));
        assert!(matches!(missing, Err(CorpusError::NotAFolder(_))));
    }

    #[test]
    fn a_corpus_is_called_by_the_last_part_of_its_path() {
        let dir = tree(&[("docs/a.md", "x")]);
        let name = |path| Corpus::folder(dir.path().join(path)).unwrap().name();
        assert_eq!(name("docs"), "docs/");
        assert_eq!(name("docs/"), "docs/");
        assert_eq!(Corpus::folder("/").unwrap().name(), "/");
    }

    #[test]
    fn outside_a_workspace_there_is_no_default() {
        // Not below the folder for temporary files: someone may have a workspace there.
        let found = Corpus::of_workspace(Path::new("/no-such-folder/docs"));
        assert!(matches!(found, Err(CorpusError::NoWorkspace(_))));
    }

    #[test]
    fn broken_utf8_is_read_all_the_same() {
        let dir = tree(&[]);
        let path = dir.path().join("a.txt");
        fs::write(&path, b"caf\xe9 open").unwrap();
        let corpus = Corpus::folder(dir.path()).unwrap();
        assert_eq!(corpus.read(&path).unwrap().text, "caf\u{fffd} open");
    }
}
