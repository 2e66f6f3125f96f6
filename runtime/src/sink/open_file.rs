//! A log file that is open for appending: its identity, its lock, and its end.
//!
//! Several processes may append to one file. Each of them writes whole lines at the file's end, under a lock of the
//! file (`flock`). The lock is not needed for whole lines as long as no write fails; it keeps two processes from rolling
//! a file at once, and one from appending to a line that the other has not finished.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::waiting::Pause;

/// The permissions of a new file: records may contain what only the service's own user should read.
pub(super) const NEW_FILE_MODE: u32 = 0o600;

/// How often a busy lock is tried again, about a quarter of a second in all.
const LOCK_RETRIES: u32 = 9;

#[derive(Debug)]
pub(super) struct OpenFile {
    file: File,
    /// The path without symbolic links. Rolled files are beside it.
    real: PathBuf,
    id: FileId,
    is_regular: bool,
    lock: Lock,
}

/// Identifies a file while it is open, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileId(u64, u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lock {
    Released,
    Held,
    /// Another process holds it for longer than an append takes.
    Busy,
    /// The file or its file system has no locks.
    Unsupported,
}

/// The position in a file after a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    id: FileId,
    offset: u64,
}

impl OpenFile {
    /// Opens the file, and creates it and its folder if they are missing. `mode` is that of a new file.
    pub(super) fn open(path: &Path, mode: u32) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = match OpenOptions::new().append(true).open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => create(path, mode)?,
            opened => opened?,
        };
        let metadata = file.metadata()?;
        Ok(Self {
            file,
            real: std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
            id: file_id(&metadata),
            is_regular: metadata.is_file() && !is_descriptor(path),
            lock: Lock::Released,
        })
    }

    /// Returns whether the path still names this file. It does not after another program has rotated or removed it.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        match std::fs::metadata(path) {
            Ok(metadata) => file_id(&metadata) == self.id,
            // A process that has given up its rights may still write to the file that it has open.
            Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        }
    }

    /// Locks the file, and waits a moment for another process unless that was in vain the last time. Returns whether it
    /// did not wait in vain. A lock that stays busy stops nothing: the file is then appended to without it.
    pub(super) fn lock(&mut self, is_patient: bool) -> bool {
        let mut retries = if is_patient { LOCK_RETRIES } else { 0 };
        let mut pause = Pause::new();
        self.lock = self.try_lock();
        while self.lock == Lock::Busy && retries > 0 {
            pause.wait();
            self.lock = self.try_lock();
            retries -= 1;
        }
        self.lock != Lock::Busy
    }

    fn try_lock(&self) -> Lock {
        // On Windows a lock keeps readers away.
        if !self.is_regular || cfg!(not(unix)) {
            return Lock::Unsupported;
        }
        match self.file.try_lock() {
            Ok(()) => Lock::Held,
            Err(TryLockError::WouldBlock) => Lock::Busy,
            Err(TryLockError::Error(_)) => Lock::Unsupported,
        }
    }

    pub(super) fn unlock(&mut self) {
        if self.lock == Lock::Held {
            // A lock that cannot be released is busy for other processes, which go on without it.
            let _released = self.file.unlock();
        }
        self.lock = Lock::Released;
    }

    /// Returns whether this process may rename the file: no other one is renaming it, and it is no pipe and no device.
    pub(super) fn can_roll(&self) -> bool {
        self.is_regular && matches!(self.lock, Lock::Held | Lock::Unsupported)
    }

    /// The path to roll.
    pub(super) fn real_path(&self) -> &Path {
        &self.real
    }

    /// Returns the permissions of the file, which others may have changed.
    pub(super) fn mode(&self) -> io::Result<u32> {
        Ok(file_mode(&self.file.metadata()?))
    }

    /// Returns the present size of the file, which other programs change too.
    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Writes once, at the end of the file, and returns how many bytes the file took.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    /// Returns the position after the last write.
    pub(super) fn end(&mut self) -> Option<End> {
        let offset = self.file.stream_position().ok()?;
        Some(End {
            id: self.id,
            offset,
        })
    }

    /// Returns whether the file still ends where this write ended. Of a pipe that is not known.
    pub(super) fn ends_at(&self, end: Option<End>, len: u64) -> bool {
        let present = End {
            id: self.id,
            offset: len,
        };
        self.is_regular && end == Some(present)
    }

    /// Returns whether the last byte ends a line. A file that cannot be read is taken to end with one.
    pub(super) fn ends_with_line(&self, len: u64) -> bool {
        let Some(last) = len.checked_sub(1).filter(|_| self.is_regular) else {
            return true;
        };
        self.byte_at(last).map_or(true, |byte| byte == b'\n')
    }

    fn byte_at(&self, offset: u64) -> io::Result<u8> {
        let mut file = File::open(&self.real)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut byte = [0];
        file.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    /// Syncs the data to the disk; a pipe has no disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        if self.is_regular {
            self.file.sync_data()?;
        }
        Ok(())
    }
}

impl Drop for OpenFile {
    /// Releases the lock, which the end of this handle does not if the process has forked: the child has a copy.
    fn drop(&mut self) {
        self.unlock();
    }
}

/// Returns whether the path stands for a descriptor of a process, such as `/dev/stdout`. The file behind it belongs to
/// the program that redirected it there, also if it is a regular one.
fn is_descriptor(path: &Path) -> bool {
    let target = std::fs::read_link(path).unwrap_or_default();
    let folders = ["/proc", "/dev/fd", "/dev/stdout", "/dev/stderr"];
    let is_in = |folder| path.starts_with(folder) || target.starts_with(folder);
    folders.into_iter().any(is_in)
}

#[cfg(unix)]
fn create(path: &Path, mode: u32) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).mode(mode).open(path)?;
    let present = file_mode(&file.metadata()?);
    if present & !mode == 0 {
        // The mask of the process must not take rights that the file before this one had. Some file systems have none.
        let _set = file.set_permissions(PermissionsExt::from_mode(mode));
    }
    Ok(file)
}

#[cfg(not(unix))]
fn create(path: &Path, _mode: u32) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

#[cfg(unix)]
fn file_id(metadata: &Metadata) -> FileId {
    use std::os::unix::fs::MetadataExt;
    FileId(metadata.dev(), metadata.ino())
}

/// Any two files are the same here: their identity is not known.
#[cfg(not(unix))]
fn file_id(_metadata: &Metadata) -> FileId {
    FileId(0, 0)
}

#[cfg(unix)]
fn file_mode(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o777
}

#[cfg(not(unix))]
fn file_mode(_metadata: &Metadata) -> u32 {
    NEW_FILE_MODE
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_lock_is_released_though_a_forked_process_has_the_file_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let open = || OpenFile::open(&path, NEW_FILE_MODE).unwrap();
        let (mut file, mut other) = (open(), open());
        assert!(file.lock(true) && !other.lock(false));
        let inherited = file.file.try_clone().unwrap();
        drop(file);
        assert!(other.lock(false));
        drop(inherited);
    }

    #[test]
    fn a_descriptor_is_known_by_its_path_or_by_the_target_of_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let link_to = |target: &str| {
            let link = folder.path().join(target.replace('/', "_"));
            symlink(target, &link).unwrap();
            link
        };
        for path in ["/dev/stdout", "/dev/stderr", "/dev/fd/3", "/proc/self/fd/1"] {
            assert!(is_descriptor(Path::new(path)), "{path}");
            assert!(is_descriptor(&link_to(path)), "{path}");
        }
        for path in ["/dev/shm/a.jsonl", "/var/log/a.jsonl", "proc/a.jsonl"] {
            assert!(!is_descriptor(Path::new(path)), "{path}");
            assert!(!is_descriptor(&link_to(path)), "{path}");
        }
    }
}
