//! The service that is shown: this very program, on a free port, with everything in a temporary folder.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, bail};
use informer_oauth_domain::secret::Secret;
use tempfile::TempDir;

/// What every variable begins with that would change a setting.
const SETTINGS: &str = "INFORMER_OAUTH";

const LOG: &str = "service.log";

/// A running service. When it is dropped, it ends and its folder is gone.
pub(super) struct Throwaway {
    process: Child,
    folder: TempDir,
}

/// What it says when it starts.
pub(super) struct Greeting(BufReader<ChildStdout>);

impl Throwaway {
    /// Starts it with this password for its administrator.
    pub(super) fn start(password: &Secret) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("informer-oauth-tour-")
            .tempdir()
            .context("no temporary folder can be made")?;
        let log = fs::File::create(folder.path().join(LOG)).context("the temporary folder cannot be written to")?;
        let mut command = Command::new(env::current_exe().context("this program cannot be found")?);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with(SETTINGS) {
                command.env_remove(name);
            }
        }
        let process = command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .current_dir(folder.path())
            .env("INFORMER_OAUTH__BOOTSTRAP__ADMIN_PASSWORD", password.expose())
            .env("INFORMER_OAUTH__HTTP__WORKERS", "1")
            .env("INFORMER_OAUTH__LOG__LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("the service cannot be started")?;
        Ok(Self { process, folder })
    }

    /// Its greeting, once.
    pub(super) fn greeting(&mut self) -> anyhow::Result<Greeting> {
        let stdout = self.process.stdout.take().context("the greeting has been taken")?;
        Ok(Greeting(BufReader::new(stdout)))
    }

    /// What it complained of.
    pub(super) fn log(&self) -> String {
        let path: PathBuf = self.folder.path().join(LOG);
        fs::read_to_string(path).unwrap_or_default()
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        // Nothing of it is worth keeping, so it need not finish anything.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Greeting {
    /// Waits until it listens; where.
    pub(super) fn address(mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        while self.0.read_line(&mut line)? > 0 {
            if let Some((_, address)) = line.split_once("listening on ") {
                return Ok(address.trim().to_owned());
            }
            line.clear();
        }
        bail!("the service ended before it listened")
    }
}
