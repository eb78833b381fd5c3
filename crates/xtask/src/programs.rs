//! The programs that the build and the suites need, and how they get here.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::apt::Apt;
use crate::process::answer;
use crate::report::Outcome;
use crate::servers;

/// The oldest Node.js that openid-client, playwright-core and `node --test --test-timeout` all work on.
const NODE: (u32, u32) = (20, 11);
/// The first Redis with GETDEL.
const REDIS: (u32, u32) = (6, 2);
/// What stands before the number in `redis-server --version`.
pub(crate) const REDIS_VERSION: &str = "v=";
/// What the tests of the production stores start: one server of each for all, and their own to stop, freeze and cut off.
pub(crate) const SERVERS: &[Program] = &[
    Program::Postgres,
    Program::Redis,
    Program::RedisSentinel,
    Program::Openssl,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Program {
    /// Builds the vendored OpenSSL, together with Perl.
    Make,
    Perl,
    /// Run the blocks of the documents.
    Bash,
    Curl,
    /// A real reverse proxy in front of the gate.
    Nginx,
    Chromium,
    /// Without any font a page renders as empty boxes.
    Fonts,
    Node,
    Npm,
    Python,
    /// `initdb` and `postgres` in one folder, with the contrib modules.
    Postgres,
    Redis,
    RedisSentinel,
    /// Makes the certificates of servers that are asked over TLS.
    Openssl,
    /// Judges the unit: `systemd-analyze`, and `systemd-sysusers` beside it.
    Systemd,
}

impl Program {
    /// Where it is, or what to install.
    pub(crate) fn find(self) -> Result<PathBuf> {
        match self.look() {
            Ok(path) => Ok(path),
            Err(why) => bail!("{why}; {}", self.advice()),
        }
    }

    fn look(self) -> Result<PathBuf, String> {
        match self {
            Self::Make => on_path(&["make"]),
            Self::Perl => on_path(&["perl"]).and_then(|perl| {
                let modules = ["-MFindBin", "-MIPC::Cmd", "-e", "1"];
                works(&perl, &modules, "perl lacks its standard modules")
            }),
            Self::Bash => on_path(&["bash"]),
            Self::Curl => on_path(&["curl"]),
            Self::Nginx => on_path(&["nginx"]),
            Self::Chromium => match std::env::var_os("CHROMIUM") {
                Some(path) if Path::new(&path).is_file() => Ok(path.into()),
                Some(path) => Err(format!("CHROMIUM names no file: {}", path.display())),
                // The first draws the same pages, and the suite took little more than half the time with it.
                None => on_path(&[
                    "chromium-headless-shell",
                    "chromium",
                    "chromium-browser",
                    "google-chrome",
                    "google-chrome-stable",
                ]),
            },
            Self::Fonts => fonts(),
            Self::Node => on_path(&["node"]).and_then(|node| new_enough(node, "v", NODE)),
            Self::Npm => on_path(&["npm"]),
            Self::Python => on_path(&["python3"]).and_then(|python| {
                let modules = ["-c", "import venv, ensurepip"];
                works(&python, &modules, "python3 lacks venv or ensurepip")
            }),
            Self::Postgres => servers::postgres(),
            Self::Redis => on_path(&["redis-server"]).and_then(|redis| new_enough(redis, REDIS_VERSION, REDIS)),
            Self::RedisSentinel => on_path(&["redis-sentinel"]),
            Self::Openssl => on_path(&["openssl"]),
            Self::Systemd => on_path(&["systemd-analyze"]).and_then(|_| on_path(&["systemd-sysusers"])),
        }
    }

    /// Its packages; of alternatives, the first that a release has.
    fn debian(self) -> &'static [&'static str] {
        match self {
            Self::Make => &["make"],
            Self::Perl => &["perl"],
            Self::Bash => &["bash"],
            Self::Curl => &["curl"],
            Self::Nginx => &["nginx"],
            Self::Chromium => &["chromium-headless-shell|chromium"],
            Self::Fonts => &["fonts-dejavu-core"],
            Self::Node | Self::Npm => &["nodejs", "npm"],
            Self::Python => &["python3", "python3-venv"],
            Self::Postgres => &["postgresql"],
            Self::Redis => &["redis-server"],
            Self::RedisSentinel => &["redis-sentinel"],
            Self::Openssl => &["openssl"],
            Self::Systemd => &["systemd"],
        }
    }

    fn advice(self) -> String {
        let every_release_has = |package: &'static str| package.rsplit('|').next();
        let packages: Vec<&str> = self.debian().iter().copied().filter_map(every_release_has).collect();
        let packages = packages.join(" ");
        match self {
            Self::Node => format!(
                "install Node.js {}.{} or newer with npm (Debian 13 and later: `apt-get install {packages}`)",
                NODE.0, NODE.1
            ),
            Self::Chromium => format!(
                "install Chromium (Debian: `apt-get install {packages}`) or let CHROMIUM name a Chromium or Chrome"
            ),
            Self::Postgres => format!(
                "install the Postgres server (Debian: `apt-get install {packages}`; elsewhere its contrib modules too)"
            ),
            Self::Redis | Self::RedisSentinel => format!(
                "install Redis {}.{} or newer with redis-sentinel (Debian 12 and later: `apt-get install {packages}`)",
                REDIS.0, REDIS.1
            ),
            _ => format!("install it (Debian: `apt-get install {packages}`; elsewhere the package of that name)"),
        }
    }
}

/// Installs what is missing where that can be done unattended; what then still is missing is the error.
pub(crate) fn provide(programs: &[Program]) -> Result<Outcome> {
    let missing: Vec<Program> = programs
        .iter()
        .copied()
        .filter(|program| program.look().is_err())
        .collect();
    if missing.is_empty() {
        return Ok(Outcome::Holds("all present".to_owned()));
    }
    if let Some(apt) = Apt::usable() {
        let mut packages: Vec<&str> = missing.iter().flat_map(|p| p.debian()).copied().collect();
        packages.sort_unstable();
        packages.dedup();
        apt.install(packages);
    }
    let lacking: Vec<String> = missing
        .iter()
        .filter_map(|program| program.find().err())
        .map(|error| error.to_string())
        .collect();
    if !lacking.is_empty() {
        bail!("{}", lacking.join("\n  "));
    }
    Ok(Outcome::Holds(format!("installed {missing:?}")))
}

pub(crate) fn on_path(names: &[&str]) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Servers live in sbin, which an ordinary user's PATH leaves out.
    let sbin = ["/usr/local/sbin", "/usr/sbin"].map(PathBuf::from);
    let folders: Vec<PathBuf> = std::env::split_paths(&path).chain(sbin).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| format!("{} is missing", names.first().unwrap_or(&"")))
}

fn works(program: &Path, arguments: &[&str], complaint: &str) -> Result<PathBuf, String> {
    answer(Command::new(program).args(arguments))
        .map(|_| program.to_owned())
        .ok_or_else(|| complaint.to_owned())
}

fn fonts() -> Result<PathBuf, String> {
    let folder = PathBuf::from("/usr/share/fonts");
    // Elsewhere than on Linux the system brings its fonts.
    if !cfg!(target_os = "linux") || has_font(&folder) {
        Ok(folder)
    } else {
        Err("no font is installed".to_owned())
    }
}

fn has_font(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| {
        path.is_dir() && has_font(&path)
            || path
                .extension()
                .is_some_and(|kind| ["ttf", "otf", "ttc"].iter().any(|known| kind == *known))
    })
}

fn new_enough(program: PathBuf, mark: &str, oldest: (u32, u32)) -> Result<PathBuf, String> {
    let said = answer(Command::new(&program).arg("--version")).unwrap_or_default();
    match version(&said, mark) {
        Some(version) if numbers(version) >= Some(oldest) => Ok(program),
        Some(version) => Err(format!("{} is {version}", program.display())),
        None => Err(format!("{} tells no version", program.display())),
    }
}

/// `7.0.15` of `Redis server v=7.0.15 sha=…`: what follows the mark, in the first word that starts with it.
pub(crate) fn version<'a>(said: &'a str, mark: &str) -> Option<&'a str> {
    said.split_whitespace()
        .filter_map(|word| word.strip_prefix(mark))
        .find(|version| version.starts_with(|first: char| first.is_ascii_digit()))
}

/// Major and minor of `20.20.2`; a major alone (`15`, `16beta1`) has the minor 0.
pub(crate) fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    let major = numbers.next()?.ok()?;
    Some((major, numbers.next().and_then(Result::ok).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::{NODE, Program, REDIS, REDIS_VERSION, SERVERS, numbers, on_path, version};

    #[test]
    fn an_old_version_is_told_from_a_new_one() {
        let node = |said| version(said, "v").and_then(numbers);
        assert!(node("v20.20.2") >= Some(NODE));
        assert!(node("v22.1.0") >= Some(NODE));
        assert!(node("v18.19.0") < Some(NODE));
        assert!(node("") < Some(NODE));
        let redis = |said| version(said, REDIS_VERSION).and_then(numbers);
        assert!(redis("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64") >= Some(REDIS));
        assert!(redis("Redis server v=6.0.16 sha=00000000:0") < Some(REDIS));
        assert!(redis("Server v=garbled") < Some(REDIS));
    }

    #[test]
    fn a_version_without_a_minor_is_read_too() {
        assert_eq!(numbers("15"), Some((15, 0)));
        assert_eq!(numbers("9.6"), Some((9, 6)));
        assert_eq!(numbers("19beta1"), Some((19, 0)));
        assert_eq!(numbers("common"), None);
    }

    #[test]
    fn what_is_missing_is_named_and_so_is_the_package_to_install() {
        assert_eq!(
            on_path(&["no-such-program-anywhere"]),
            Err("no-such-program-anywhere is missing".to_owned())
        );
        let some = [Program::Nginx, Program::Chromium, Program::Python, Program::Node];
        for program in some.iter().chain(SERVERS) {
            for package in program.debian() {
                let advice = program.advice();
                assert!(package.split('|').any(|package| advice.contains(package)), "{advice}");
                assert!(!advice.contains('|'), "a shell would take it for a pipe: {advice}");
            }
        }
    }
}
