//! The folder of the embedded database: who may look into it, the encryption key beside the database, the lock of the
//! one process that serves from it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process,
};

use anyhow::{Context as _, bail};
use informer_oauth_crypto::MasterKey;
use informer_oauth_domain::secret::Secret;
use informer_oauth_ports::Entropy;

use crate::text;

/// The name of the encryption key's file, unless one is configured.
const KEY_FILE: &str = "encryption.key";

/// Makes the folder, for its owner alone. One that is there stays as it is.
pub(crate) fn prepare(folder: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make the data folder {}", folder.display()))
}

/// Where the encryption key of a database in `folder` is.
pub(crate) fn key_file(folder: &Path) -> PathBuf {
    folder.join(KEY_FILE)
}

/// Reads an encryption key.
pub(crate) fn read_key(path: &Path) -> anyhow::Result<MasterKey> {
    let text = text::read(path).map(Secret::new);
    let text = text.with_context(|| format!("cannot read the encryption key {}", path.display()))?;
    MasterKey::from_base64(text.expose()).with_context(|| format!("{}", path.display()))
}

/// Makes an encryption key, readable and writable for its owner alone, and on the disk before anything is encrypted with
/// it. Of processes that do so at once, all get the same key.
pub(crate) fn make_key(path: &Path, entropy: &dyn Entropy) -> anyhow::Result<MasterKey> {
    let write = || -> io::Result<()> {
        let draft = path.with_extension(format!("{}.tmp", process::id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        let text = MasterKey::generate(entropy).to_base64();
        file.write_all(text.expose().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        // A link appears whole or not at all, and never replaces a key.
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
        match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
            _ => File::open(".")?.sync_all(),
        }
    };
    write().with_context(|| format!("cannot write the encryption key {}", path.display()))?;
    read_key(path)
}

/// The permission bits of a file or folder.
pub(crate) fn mode(path: &Path) -> io::Result<u32> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o777)
}

/// Whether a mode lets only the owner in.
pub(crate) const fn is_private(mode: u32) -> bool {
    mode.trailing_zeros() >= 6
}

/// Whether a mode keeps those out who are neither the owner nor of the group.
pub(crate) const fn is_of_group(mode: u32) -> bool {
    mode.trailing_zeros() >= 3
}

/// Held while serving. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct ServeLock {
    _file: File,
}

impl ServeLock {
    /// Takes the lock of a database, or says that another process serves from it.
    pub(crate) fn take(database: &Path) -> anyhow::Result<Self> {
        let path = database.with_extension("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path);
        let file = file.with_context(|| format!("cannot open the lock file {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "another informer-oauth serves from {} already; stop it first, or choose another database.url",
                    database.display()
                )
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use informer_oauth_crypto::SystemEntropy;
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_made_key_reads_back_and_is_never_replaced() {
        let folder = TempDir::new().unwrap();
        let path = key_file(folder.path());
        let first = make_key(&path, &SystemEntropy).unwrap().to_base64();
        let second = make_key(&path, &SystemEntropy).unwrap().to_base64();
        assert!(first == second, "the second call found the first one's key");
        assert_eq!(mode(&path).unwrap(), 0o600);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left behind"
        );
    }

    #[test]
    fn the_data_folder_is_its_owners() {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("a/b");
        prepare(&data).unwrap();
        prepare(&data).unwrap();
        assert_eq!(mode(&data).unwrap(), 0o700);
    }

    #[test]
    fn one_process_serves_at_a_time() {
        let folder = TempDir::new().unwrap();
        let database = folder.path().join("a.db");
        let lock = ServeLock::take(&database).unwrap();
        assert!(
            ServeLock::take(&database)
                .unwrap_err()
                .to_string()
                .contains("serves from")
        );
        drop(lock);
        ServeLock::take(&database).unwrap();
    }
}
