//! A throwaway Redis: loopback only, its log of writes on, snapshots off.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::throwaway::{Place, Recipe, Throwaway};
use crate::process::answer;
use crate::programs::{Program, REDIS_VERSION, version};

static RECIPE: Recipe = Recipe {
    name: "Redis",
    signal: "TERM",
    answers,
    url,
};

pub(super) fn start() -> Result<Throwaway> {
    let redis = Program::Redis.find()?;
    let said = answer(Command::new(&redis).arg("--version")).unwrap_or_default();
    let version = version(&said, REDIS_VERSION)
        .context("redis-server tells no version")?
        .to_owned();
    Place::new(&RECIPE, None)?.serve(&redis, version, for_redis)
}

fn for_redis(folder: &Path, port: u16) -> Vec<String> {
    let folder = folder.display().to_string();
    let port = port.to_string();
    let words = [
        ["--bind", "127.0.0.1"],
        ["--port", &port],
        ["--dir", &folder],
        ["--save", ""],
        ["--appendonly", "yes"],
        ["--daemonize", "no"],
    ];
    words.concat().into_iter().map(str::to_owned).collect()
}

fn url(port: u16) -> String {
    format!("redis://127.0.0.1:{port}")
}

/// While it reads its files, the reply is `-LOADING`.
fn answers(connection: &mut TcpStream) -> std::io::Result<bool> {
    connection.write_all(b"PING\r\n")?;
    let mut reply = [0; 7];
    connection.read_exact(&mut reply)?;
    Ok(reply == *b"+PONG\r\n")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{for_redis, url};
    use crate::programs::{REDIS_VERSION, version};

    #[test]
    fn the_server_is_reached_on_loopback_only_and_writes_into_its_folder() {
        let arguments = for_redis(Path::new("/t/x"), 4712);
        for pair in [
            ["--bind", "127.0.0.1"],
            ["--port", "4712"],
            ["--dir", "/t/x"],
            ["--save", ""],
            ["--appendonly", "yes"],
        ] {
            assert!(arguments.windows(2).any(|words| words == pair), "{pair:?}");
        }
        assert_eq!(url(4712), "redis://127.0.0.1:4712");
    }

    #[test]
    fn the_version_is_the_one_that_redis_and_its_forks_say() {
        for (said, number) in [
            (
                "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4d",
                Some("7.0.15"),
            ),
            (
                "Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc bits=64",
                Some("8.1.1"),
            ),
            ("", None),
        ] {
            assert_eq!(version(said, REDIS_VERSION), number);
        }
    }
}
