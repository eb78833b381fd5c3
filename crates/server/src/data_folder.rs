//! The folder of the embedded database: who may look into it, the encryption key beside the database, the lock of the
//! one process that serves from it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
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

/// Makes the folder, for its owner alone. In one that is there, other users may not write any longer: they could replace
/// the database. A folder such as `/tmp`, where everybody may write but not replace another's files, stays as it is.
pub(crate) fn prepare(folder: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make the data folder {}", folder.display()))?;
    let mode = fs::metadata(folder)
        .with_context(|| format!("{}", folder.display()))?
        .permissions()
        .mode();
    if mode & STICKY == 0 && mode & OTHERS_WRITE != 0 {
        tighten(folder, mode & 0o7777 & !OTHERS_WRITE & !GROUP_WRITE)?;
    }
    Ok(())
}

/// The mode bits of folders in which only a file's owner may remove it, and of those whom files and folders let write.
const STICKY: u32 = 0o1000;
const GROUP_WRITE: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;

/// Takes permissions away, or refuses to work with what is open to others.
fn tighten(path: &Path, mode: u32) -> anyhow::Result<()> {
    let shown = path.display();
    let before = self::mode(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).with_context(|| {
        format!("{shown} is open to other users (mode {before:o}) and cannot be closed: chmod {mode:o} {shown}")
    })?;
    tracing::warn!("{shown} was open to other users (mode {before:o}); its mode is {mode:o} now");
    Ok(())
}

/// Closes an encryption key that was made by this service to other users, who may have read it.
pub(crate) fn close_key(path: &Path) -> anyhow::Result<()> {
    let is_open = mode(path).is_ok_and(|mode| !is_private(mode));
    if is_open { tighten(path, 0o600) } else { Ok(()) }
}

/// Why the files of a database cannot be used by whoever runs this process: which path, and whose it is. `None` when
/// they can, or are not there.
pub(crate) fn denied(database: &Path) -> Option<String> {
    let opened = OpenOptions::new().read(true).write(true).open(database);
    let error = opened
        .err()
        .filter(|error| error.kind() == io::ErrorKind::PermissionDenied)?;
    // The nearest folder that can be looked at: the file itself, or what it is hidden in.
    let (path, owner) = database
        .ancestors()
        .find_map(|path| Some((path, fs::metadata(path).ok()?.uid())))?;
    let me = fs::metadata("/proc/self").map(|process| process.uid()).ok();
    if me == Some(owner) {
        return Some(format!(
            "cannot use {}: {error}. Its owner, who runs this command, may not read and write it: chmod u+rw {}",
            database.display(),
            path.display()
        ));
    }
    let me = me.map_or_else(|| "another user".to_owned(), user_name);
    let owner = user_name(owner);
    Some(format!(
        "cannot use {}: {error}. {} belongs to {owner}, and this command runs as {me}: run it as {owner}, for example with \
         `sudo -u {owner} informer-oauth …`",
        database.display(),
        path.display()
    ))
}

/// A user's name, or the number where it has none.
fn user_name(uid: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut names = users.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        (id.parse() == Ok(uid)).then(|| name.to_owned())
    });
    names.next().unwrap_or_else(|| format!("#{uid}"))
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
    make_key_with(path, entropy, |draft, path| fs::hard_link(draft, path))
}

fn make_key_with(
    path: &Path,
    entropy: &dyn Entropy,
    link: impl Fn(&Path, &Path) -> io::Result<()>,
) -> anyhow::Result<MasterKey> {
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
        let linked = link(&draft, path);
        let is_missing = linked.is_err() && !path.try_exists()?;
        if is_missing {
            // Some file systems have no links. There the one process that holds the lock makes the key.
            fs::rename(&draft, path)?;
        } else {
            fs::remove_file(&draft)?;
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
    fn without_hard_links_a_key_is_made_once_too() {
        let folder = TempDir::new().unwrap();
        let path = key_file(folder.path());
        let refused = |_: &Path, _: &Path| Err(io::Error::from(io::ErrorKind::PermissionDenied));
        let first = make_key_with(&path, &SystemEntropy, refused).unwrap().to_base64();
        let second = make_key_with(&path, &SystemEntropy, refused).unwrap().to_base64();
        assert!(first == second, "the second call found the first one's key");
        assert_eq!(mode(&path).unwrap(), 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_all_may_write_to_and_a_key_that_all_may_read_are_closed() {
        let folder = TempDir::new().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        for (before, after) in [
            (0o777, 0o755),
            (0o773, 0o751),
            (0o750, 0o750),
            (0o770, 0o770),
            (0o1777, 0o777),
        ] {
            fs::set_permissions(&data, fs::Permissions::from_mode(before)).unwrap();
            prepare(&data).unwrap();
            assert_eq!(mode(&data).unwrap(), after, "{before:o}");
        }
        let key = key_file(&data);
        fs::write(&key, "x").unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        close_key(&key).unwrap();
        assert_eq!(mode(&key).unwrap(), 0o600);
    }

    #[test]
    fn users_are_named_and_those_without_a_name_numbered() {
        assert_eq!(user_name(0), "root");
        assert_eq!(user_name(4_000_000_123), "#4000000123");
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
