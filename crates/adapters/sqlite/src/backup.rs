//! Copies of the file, and whether a file is whole.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use diesel::{QueryableByName, RunQueryDsl, sql_types::Text, sqlite::SqliteConnection};

use crate::{
    OpenError, Sqlite, SqliteOptions,
    connection::Place,
    failure::is_damage,
    migrations::{self, Found},
};

#[derive(QueryableByName)]
struct Finding {
    #[diesel(sql_type = Text)]
    quick_check: String,
}

impl Sqlite {
    /// Reads every page of the file and fails if one is damaged. Takes time in proportion to the file. Blocks.
    pub fn quick_check(path: &Path) -> Result<(), OpenError> {
        match migrations::look(path)? {
            Found::Nothing => Ok(()),
            Found::Database => quick_check(path, &mut connect(path)?),
        }
    }

    /// Writes a copy of the file, as it is at one moment, to `target`, which must not exist yet; the file may be in use.
    /// The copy is for its owner alone (mode 0600), needs no other file, and is on the disk when this returns. Blocks.
    pub fn back_up(path: &Path, target: &Path) -> Result<(), OpenError> {
        let mut connection = connect(path)?;
        quick_check(path, &mut connection)?;
        let failed = |source| file_error(target, source);
        // Absolute, so that SQLite cannot take it for a URI.
        let absolute = std::path::absolute(target).map_err(failed)?;
        let name = absolute.to_str().ok_or_else(|| OpenError::Name(target.to_owned()))?;
        private().create_new(true).open(target).map_err(failed)?;
        let copied = diesel::sql_query("VACUUM INTO ?1")
            .bind::<Text, _>(name)
            .execute(&mut connection)
            .map_err(|error| OpenError::Unusable {
                path: target.to_owned(),
                reason: error.to_string(),
            })
            .and_then(|_| sync(target).map_err(failed));
        if copied.is_err() {
            // Half a copy is none.
            let _ = fs::remove_file(target);
        }
        copied
    }

    /// Replaces the file at `path` by the copy `source`, which is checked first; `source` stays as it is. No process may
    /// use the file meanwhile. The write-ahead log of the replaced file is removed: beside the copy it would damage it.
    /// Blocks.
    pub fn restore(source: &Path, path: &Path) -> Result<(), OpenError> {
        if beside(source, "-wal").metadata().is_ok_and(|log| log.len() > 0) {
            return Err(OpenError::Unusable {
                path: source.to_owned(),
                reason: "a write-ahead log (-wal) lies beside it, so it is not a finished copy".to_owned(),
            });
        }
        let draft = beside(path, ".restoring");
        let restored = copy(source, &draft)
            .map_err(|error| file_error(source, error))
            .and_then(|()| check_copy(source, &draft))
            .and_then(|()| replace(&draft, path).map_err(|error| file_error(path, error)));
        for leftover in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(beside(&draft, leftover));
        }
        restored
    }
}

fn connect(path: &Path) -> Result<SqliteConnection, OpenError> {
    // SQLite would make what is missing.
    fs::metadata(path).map_err(|error| file_error(path, error))?;
    let place = Place::new(path, &SqliteOptions::default())?;
    place.writer().map_err(|reason| unusable(path, reason))
}

/// The error for what SQLite said of a file.
fn unusable(path: &Path, reason: String) -> OpenError {
    let path = path.to_owned();
    if is_damage(&reason) {
        OpenError::Damaged { path, reason }
    } else {
        OpenError::Unusable { path, reason }
    }
}

fn quick_check(path: &Path, connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let found: Result<Vec<Finding>, _> = diesel::sql_query("PRAGMA quick_check(1)").load(connection);
    match found {
        Ok(found) => match found.into_iter().next() {
            Some(finding) if finding.quick_check != "ok" => Err(OpenError::Damaged {
                path: path.to_owned(),
                reason: finding.quick_check,
            }),
            _ => Ok(()),
        },
        Err(error) => Err(unusable(path, error.to_string())),
    }
}

/// Whether a copy is a whole database of this program. Errors name `source`, which it was copied from.
fn check_copy(source: &Path, draft: &Path) -> Result<(), OpenError> {
    let checked = Sqlite::pending_migrations(draft).and_then(|_| Sqlite::quick_check(draft));
    checked.map_err(|error| {
        let path = source.to_owned();
        match error {
            OpenError::NotADatabase(_) => OpenError::NotADatabase(path),
            OpenError::Foreign(_) => OpenError::Foreign(path),
            OpenError::Newer { migrations, .. } => OpenError::Newer { path, migrations },
            OpenError::Damaged { reason, .. } => OpenError::Damaged { path, reason },
            OpenError::Unusable { reason, .. } => unusable(source, reason),
            other => other,
        }
    })
}

/// The log goes first: a crash in between leaves the old file without its last changes, and never a mixture.
fn replace(draft: &Path, path: &Path) -> io::Result<()> {
    for log in ["-wal", "-shm"] {
        match fs::remove_file(beside(path, log)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    sync(draft)?;
    fs::rename(draft, path)?;
    sync(path)
}

fn copy(source: &Path, target: &Path) -> io::Result<()> {
    let mut from = File::open(source)?;
    let mut to = private().create(true).truncate(true).open(target)?;
    io::copy(&mut from, &mut to)?;
    Ok(())
}

/// Waits until a file and its place in the folder are on the disk.
fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// To write a file that only its owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn file_error(path: &Path, source: io::Error) -> OpenError {
    OpenError::File {
        path: path.to_owned(),
        source,
    }
}
