//! A throwaway Postgres: loopback only, everybody on it is the superuser, statements counted, nothing waits for a disk.

use std::env;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::account::Account;
use super::throwaway::{Place, Recipe, Throwaway};
use crate::process::answer;
use crate::programs::{Program, numbers, version};

/// Debian keeps each version's programs here, in `VERSION/bin`, and off the PATH.
const DEBIAN: &str = "/usr/lib/postgresql";
const SUPERUSER: &str = "postgres";

static RECIPE: Recipe = Recipe {
    name: "Postgres",
    // Immediate shutdown: nobody will read this database again.
    signal: "QUIT",
    answers,
    url,
};

/// Makes a database and starts the server on it.
pub(super) fn start() -> Result<Throwaway> {
    let postgres = Program::Postgres.find()?;
    let said = answer(Command::new(&postgres).arg("--version")).unwrap_or_default();
    let version = version(&said, "").context("postgres tells no version")?.to_owned();
    let place = Place::new(&RECIPE, Account::unprivileged()?)?;
    place.prepare(&postgres.with_file_name("initdb"), &for_initdb(place.folder()))?;
    place.serve(&postgres, version, for_postgres)
}

/// The `postgres` that has its `initdb` beside it: the first on the PATH, else the newest that Debian installed.
pub(crate) fn find() -> Result<PathBuf, String> {
    let path = env::var_os("PATH").unwrap_or_default();
    // A link leads to the folder that holds the other program, and what both read.
    let on_path = env::split_paths(&path)
        .filter_map(|folder| fs::canonicalize(folder.join("postgres")).ok())
        .filter_map(|postgres| Some(postgres.parent()?.to_owned()));
    pick(on_path.chain(versions(Path::new(DEBIAN)))).ok_or_else(|| "initdb and postgres are missing".to_owned())
}

fn pick(mut folders: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    folders
        .find(|folder| ["postgres", "initdb"].iter().all(|name| folder.join(name).is_file()))
        .map(|folder| folder.join("postgres"))
}

/// `VERSION/bin` of every version in a folder, the newest first.
fn versions(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((numbers(entry.file_name().to_str()?)?, entry.path().join("bin"))))
        .collect();
    found.sort_unstable();
    found.into_iter().rev().map(|(_, folder)| folder)
}

fn data(folder: &Path) -> String {
    folder.join("data").display().to_string()
}

fn for_initdb(folder: &Path) -> Vec<String> {
    let mut arguments = vec!["--pgdata".to_owned(), data(folder)];
    // Not waiting for the disk is for the empty database only; the server does wait.
    let rest = ["--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"];
    arguments.extend(rest.map(str::to_owned));
    arguments.push(format!("--username={SUPERUSER}"));
    arguments
}

fn for_postgres(folder: &Path, port: u16) -> Vec<String> {
    let mut arguments = vec!["-D".to_owned(), data(folder), "-p".to_owned(), port.to_string()];
    let settings = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", folder.display()),
        // Hundreds of databases are made and removed. What is committed outlives the server's own end all the same, and tests
        // that make one crash start their own.
        "fsync=off".to_owned(),
        // It may lie in memory.
        "max_wal_size=256MB".to_owned(),
        "max_connections=300".to_owned(),
        "shared_preload_libraries=pg_stat_statements".to_owned(),
        "lc_messages=C".to_owned(),
    ];
    arguments.extend(settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]));
    arguments
}

fn url(port: u16) -> String {
    format!("postgres://{SUPERUSER}@127.0.0.1:{port}/postgres")
}

/// Signs in: until the database is open, the reply is an error and not a request to authenticate
/// (<https://www.postgresql.org/docs/current/protocol-message-formats.html>, StartupMessage).
fn answers(connection: &mut TcpStream) -> std::io::Result<bool> {
    const VERSION_3: [u8; 4] = [0, 3, 0, 0];
    let parameters = format!("user\0{SUPERUSER}\0database\0postgres\0\0");
    let length = u32::try_from(4 + VERSION_3.len() + parameters.len()).map_err(std::io::Error::other)?;
    let message = [&length.to_be_bytes(), &VERSION_3, parameters.as_bytes()].concat();
    connection.write_all(&message)?;
    let mut kind = [0];
    connection.read_exact(&mut kind)?;
    // Terminate, so that the log has no complaint about it.
    connection.write_all(&[b'X', 0, 0, 0, 4])?;
    Ok(kind == *b"R")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;
    use std::path::Path;

    use super::{for_initdb, for_postgres, pick, url, versions};
    use crate::programs::version;

    #[test]
    fn the_server_does_not_wait_for_the_disk_counts_statements_and_is_reached_on_loopback_only() {
        let line = for_postgres(Path::new("/t/x"), 4711).join(" ");
        for words in [
            "-D /t/x/data -p 4711",
            "-c listen_addresses=127.0.0.1",
            "-c unix_socket_directories=/t/x",
            "-c fsync=off",
            "-c max_connections=300",
            "-c shared_preload_libraries=pg_stat_statements",
        ] {
            assert!(line.contains(words), "{words}: {line}");
        }
        assert_eq!(url(4711), "postgres://postgres@127.0.0.1:4711/postgres");
    }

    #[test]
    fn the_database_is_made_for_the_superuser_that_the_address_names() {
        let arguments = for_initdb(Path::new("/t/x"));
        for word in ["/t/x/data", "--username=postgres", "--auth=trust", "--encoding=UTF8"] {
            assert!(arguments.iter().any(|argument| argument == word), "{word}");
        }
    }

    #[test]
    fn the_newest_version_that_is_complete_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        for (name, programs) in [
            ("9.6", ["postgres", "initdb"].as_slice()),
            ("15", &["postgres", "initdb"]),
            // Only its client programs are installed.
            ("17", &["psql"]),
            ("common", &["postgres", "initdb"]),
        ] {
            let bin = folder.path().join(name).join("bin");
            fs::create_dir_all(&bin).unwrap();
            for program in programs {
                fs::write(bin.join(program), "").unwrap();
            }
        }
        assert_eq!(
            pick(versions(folder.path())),
            Some(folder.path().join("15/bin/postgres"))
        );
        assert_eq!(pick(versions(&folder.path().join("none"))), None);
    }

    #[test]
    fn the_version_is_the_number_that_postgres_says() {
        for (said, number) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", Some("15.18")),
            ("postgres (PostgreSQL) 19beta1", Some("19beta1")),
            ("postgres (PostgreSQL)", None),
        ] {
            assert_eq!(version(said, ""), number);
        }
    }
}
