//! What a configuration takes from outside: variables and files; the only place that asks the environment.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Where variables and files come from; tests bring their own.
pub(super) trait World {
    /// A variable that is set and is text.
    fn variable(&self, name: &str) -> Option<String>;

    /// Whether there is something at this path.
    fn exists(&self, path: &Path) -> bool;

    /// At most so many bytes of a file.
    fn read(&self, path: &Path, most: usize) -> io::Result<Vec<u8>>;
}

/// This process.
pub(super) struct Process;

impl World for Process {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn exists(&self, path: &Path) -> bool {
        path.symlink_metadata().is_ok()
    }

    fn read(&self, path: &Path, most: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![];
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        File::open(path)?.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
pub(super) mod fake {
    use super::*;

    /// Variables and files by name.
    #[derive(Debug, Default)]
    pub(in super::super) struct Fake {
        pub(in super::super) variables: Vec<(&'static str, &'static str)>,
        pub(in super::super) files: Vec<(&'static str, Vec<u8>)>,
    }

    impl World for Fake {
        fn variable(&self, name: &str) -> Option<String> {
            let mut variables = self.variables.iter();
            let found = variables.find(|(known, _)| *known == name)?;
            Some(found.1.to_owned())
        }

        fn exists(&self, path: &Path) -> bool {
            self.read(path, 0).is_ok()
        }

        fn read(&self, path: &Path, most: usize) -> io::Result<Vec<u8>> {
            let mut files = self.files.iter();
            let found = files.find(|(known, _)| Path::new(known) == path);
            let (_, bytes) = found.ok_or(io::ErrorKind::NotFound)?;
            Ok(bytes.iter().copied().take(most).collect())
        }
    }
}
