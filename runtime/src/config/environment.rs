//! The process environment of a configuration: its variables and files. Tests replace it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A source of environment variables and files.
pub(super) trait Environment {
    /// Returns a variable that is set to valid UTF-8.
    fn variable(&self, name: &str) -> Option<String>;

    /// Returns true if there is a file, a directory or a link at this path.
    fn exists(&self, path: &Path) -> bool;

    /// Reads at most `max` bytes of a file.
    fn read(&self, path: &Path, max: usize) -> io::Result<Vec<u8>>;
}

/// The environment of this process.
pub(super) struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn exists(&self, path: &Path) -> bool {
        path.symlink_metadata().is_ok()
    }

    fn read(&self, path: &Path, max: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![];
        let max = u64::try_from(max).unwrap_or(u64::MAX);
        File::open(path)?.take(max).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
pub(super) mod fake {
    use super::*;

    /// An environment with these variables and files.
    #[derive(Debug, Default)]
    pub(in super::super) struct FakeEnvironment {
        pub(in super::super) variables: Vec<(&'static str, &'static str)>,
        pub(in super::super) files: Vec<(&'static str, Vec<u8>)>,
    }

    impl Environment for FakeEnvironment {
        fn variable(&self, name: &str) -> Option<String> {
            let mut variables = self.variables.iter();
            let found = variables.find(|(known, _)| *known == name)?;
            Some(found.1.to_owned())
        }

        fn exists(&self, path: &Path) -> bool {
            self.read(path, 0).is_ok()
        }

        fn read(&self, path: &Path, max: usize) -> io::Result<Vec<u8>> {
            let mut files = self.files.iter();
            let found = files.find(|(known, _)| Path::new(known) == path);
            let (_, bytes) = found.ok_or(io::ErrorKind::NotFound)?;
            Ok(bytes.iter().copied().take(max).collect())
        }
    }
}
