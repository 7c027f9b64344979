use std::io::{self, Read, Write};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

use super::StateError;

/// A state directory that this process owns: no path leaves it, no other process works in it.
#[derive(Debug)]
pub struct Directory {
    name: String,
    dir: Dir,
    /// Holds the lock as long as it is open.
    _lock: std::fs::File,
}

const LOCK: &str = "lock";

impl Directory {
    /// Create the directory if need be and take its lock.
    ///
    /// # Errors
    /// It cannot be created or written, or another process owns it.
    pub fn own(path: &Path) -> Result<Self, StateError> {
        let name = path.display().to_string();
        let io = |action| {
            let path = name.clone();
            move |source| StateError::Io { action, path, source }
        };
        Dir::create_ambient_dir_all(path, ambient_authority()).map_err(io("create the state directory"))?;
        let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(io("open the state directory"))?;
        let lock = dir
            .open_with(LOCK, OpenOptions::new().read(true).write(true).create(true))
            .map_err(io("open the lock in"))?
            .into_std();
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                let mut owner = String::new();
                // The process number is a courtesy; the lock is what counts.
                let _ = (&lock).take(20).read_to_string(&mut owner);
                let owner = match owner.trim() {
                    "" => String::new(),
                    number => format!(" (process {number})"),
                };
                return Err(StateError::Owned { directory: name, owner });
            }
            Err(std::fs::TryLockError::Error(source)) => return Err(io("lock")(source)),
        }
        lock.set_len(0)
            .and_then(|()| writeln!(&lock, "{}", std::process::id()))
            .map_err(io("write the lock in"))?;
        Ok(Self { name, dir, _lock: lock })
    }

    /// For messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path of a file in it, for messages.
    pub(super) fn path(&self, file: &str) -> String {
        format!("{}/{file}", self.name)
    }

    /// Names of the files in it.
    pub(super) fn list(&self) -> Result<Vec<String>, StateError> {
        let names = || -> io::Result<Vec<String>> {
            self.dir.entries()?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
        };
        names().map_err(|source| StateError::Io { action: "list", path: self.name.clone(), source })
    }

    pub(super) fn read(&self, file: &str) -> Result<String, StateError> {
        self.dir.read_to_string(file).map_err(self.failure("read", file))
    }

    /// Replace a file so that a crash leaves the old content or the new one, and a return means that it is on the disk.
    pub(super) fn replace(&self, file: &str, content: &str) -> Result<(), StateError> {
        let temporary = format!("{file}.new");
        let write = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true);
            let mut new = self.dir.open_with(&temporary, &options)?;
            new.write_all(content.as_bytes())?;
            new.sync_all()?;
            self.dir.rename(&temporary, &self.dir, file)?;
            self.sync()
        };
        write().map_err(self.failure("write", file))
    }

    pub(super) fn remove(&self, file: &str) -> Result<(), StateError> {
        match self.dir.remove_file(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(self.failure("remove", file)),
        }
    }

    fn sync(&self) -> io::Result<()> {
        // The handle itself is a path only, which cannot be synced.
        self.dir.open(".")?.sync_all()
    }

    fn failure(&self, action: &'static str, file: &str) -> impl FnOnce(io::Error) -> StateError {
        let path = self.path(file);
        move |source| StateError::Io { action, path, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_owner_is_refused_until_the_first_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let first = Directory::own(root.path()).unwrap();
        let error = Directory::own(root.path()).unwrap_err();
        assert!(
            matches!(&error, StateError::Owned { owner, .. } if owner.contains(&std::process::id().to_string())),
            "{error}"
        );
        drop(first);
        Directory::own(root.path()).unwrap();
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named_in_the_error() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("file"), "").unwrap();
        let error = Directory::own(&root.path().join("file/state")).unwrap_err().to_string();
        assert!(error.contains("file/state"), "{error}");
    }
}
