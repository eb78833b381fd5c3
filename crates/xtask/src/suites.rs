//! The suites that other people's programs run: clients in Node.js and Python, and Chromium, against the built binary.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::process::{succeed, test};
use crate::programs::Program;
use crate::report::Outcome;
use crate::summary::Runner;

/// A whole suite; each takes seconds to a few minutes.
const LIMIT: Duration = Duration::from_mins(15);
/// One Node test, in milliseconds.
const NODE_TEST_LIMIT: &str = "--test-timeout=180000";
/// Files of Node tests that run side by side; each starts servers of its own.
const NODE_FILES: &str = "--test-concurrency=2";
/// Beside what was installed: the lock file or requirements it was installed from.
const STAMP: &str = ".installed-from";

/// A folder of `*.test.mjs` with its own `package-lock.json`.
pub(crate) struct NodeSuite {
    pub(crate) folder: PathBuf,
}

/// A folder of `test_*.py` with its `requirements.txt`, and the virtual environment it runs in.
pub(crate) struct PythonSuite {
    pub(crate) folder: PathBuf,
    pub(crate) environment: PathBuf,
}

impl NodeSuite {
    /// Installs exactly what the lock file names, unless that has been done.
    pub(crate) fn install(&self) -> Result<Outcome> {
        let lock = read(&self.folder.join("package-lock.json"))?;
        if self.is_installed(&lock) {
            return Ok(Outcome::Holds("up to date".to_owned()));
        }
        Program::Node.find()?;
        succeed(
            Command::new(Program::Npm.find()?)
                .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
                .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
                .current_dir(&self.folder),
        )?;
        fs::write(self.stamp(), lock).context("noting what was installed")?;
        Ok(Outcome::Holds("installed".to_owned()))
    }

    pub(crate) fn run(&self, binary: &Path) -> Result<Outcome> {
        let files = files(&self.folder, "", ".test.mjs")?;
        if !self.is_installed(&read(&self.folder.join("package-lock.json"))?) {
            bail!("the Node packages of {} are not installed", self.folder.display());
        }
        let mut command = Command::new(Program::Node.find()?);
        command
            .args(["--test", "--test-reporter=spec", NODE_TEST_LIMIT, NODE_FILES])
            .args(files)
            .current_dir(&self.folder);
        test(about(&mut command, binary)?, Runner::Node, Some(LIMIT))
    }

    fn is_installed(&self, lock: &str) -> bool {
        fs::read_to_string(self.stamp()).is_ok_and(|stamp| stamp == lock)
    }

    fn stamp(&self) -> PathBuf {
        self.folder.join("node_modules").join(STAMP)
    }
}

impl PythonSuite {
    /// Makes the virtual environment afresh when the requirements have changed.
    pub(crate) fn install(&self) -> Result<Outcome> {
        let requirements = self.folder.join("requirements.txt");
        let wanted = read(&requirements)?;
        if self.is_installed(&wanted) {
            return Ok(Outcome::Holds("up to date".to_owned()));
        }
        succeed(
            Command::new(Program::Python.find()?)
                .args(["-m", "venv", "--clear"])
                .arg(&self.environment),
        )?;
        // No dependency is looked for: the file pins them all, and `check` fails when it does not.
        succeed(
            self.python()
                .args(["-m", "pip", "install", "--disable-pip-version-check"])
                .args(["--no-input", "--quiet", "--no-deps", "--requirement"])
                .arg(&requirements),
        )?;
        succeed(
            self.python()
                .args(["-m", "pip", "--disable-pip-version-check", "check"]),
        )?;
        fs::write(self.stamp(), wanted).context("noting what was installed")?;
        Ok(Outcome::Holds("installed".to_owned()))
    }

    pub(crate) fn run(&self, binary: &Path) -> Result<Outcome> {
        files(&self.folder, "test_", ".py")?;
        if !self.is_installed(&read(&self.folder.join("requirements.txt"))?) {
            bail!("the Python packages of {} are not installed", self.folder.display());
        }
        let mut command = self.python();
        command
            .args(["-m", "unittest", "discover", "--verbose"])
            .args(["--pattern", "test_*.py"])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUNBUFFERED", "1")
            .current_dir(&self.folder);
        test(with_binary(&mut command, binary)?, Runner::Unittest, Some(LIMIT))
    }

    /// Runs a program that the packages bring.
    pub(crate) fn program(&self, name: &str, words: &[&str], folder: &Path) -> Result<Outcome> {
        let program = self.environment.join("bin").join(name);
        succeed(Command::new(program).args(words).current_dir(folder))?;
        Ok(Outcome::Holds(String::new()))
    }

    fn python(&self) -> Command {
        Command::new(self.environment.join("bin").join("python"))
    }

    fn is_installed(&self, wanted: &str) -> bool {
        // The interpreter an environment was made from may have gone since.
        fs::read_to_string(self.stamp()).is_ok_and(|stamp| stamp == wanted)
            && crate::process::answer(self.python().args(["-c", "1"])).is_some()
    }

    fn stamp(&self) -> PathBuf {
        self.environment.join(STAMP)
    }
}

/// Tells a suite which server to start and which browser to drive.
pub(crate) fn about<'a>(command: &'a mut Command, binary: &Path) -> Result<&'a mut Command> {
    Ok(with_binary(command, binary)?.env("CHROMIUM", Program::Chromium.find()?))
}

/// Tells a suite which server to start.
fn with_binary<'a>(command: &'a mut Command, binary: &Path) -> Result<&'a mut Command> {
    if !binary.is_file() {
        bail!("{} has not been built", binary.display());
    }
    Ok(command.env("INFORMER_OAUTH_BIN", binary))
}

/// The test files of a folder, in order; none is an error.
fn files(folder: &Path, start: &str, end: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().and_then(OsStr::to_str);
            name.is_some_and(|name| name.starts_with(start) && name.ends_with(end))
        })
        .collect();
    if found.is_empty() {
        bail!("no tests: {} has no {start}*{end}", folder.display());
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}
