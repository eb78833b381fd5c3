//! One bash for a whole page.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

/// No block takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Ends what a block printed; its exit status follows.
const END: &str = "\u{1}end of block ";

/// A bash that keeps its variables from block to block.
pub(crate) struct Shell {
    process: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    folder: PathBuf,
}

impl Shell {
    /// Starts in the service's folder, where the binary lies as in a workspace that was built.
    pub(crate) fn start(folder: &Path, address: &str, environment: &[(&str, String)]) -> Self {
        let binary = folder.join(super::BINARY);
        fs::create_dir_all(binary.parent().unwrap()).unwrap();
        symlink(crate::common::BINARY, &binary).unwrap();

        let mut bash = Command::new("bash");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("INFORMER_OAUTH") {
                bash.env_remove(name);
            }
        }
        let mut process = bash
            .args(["--noprofile", "--norc"])
            .current_dir(folder)
            .env("INFORMER_OAUTH__HTTP__LISTEN", address)
            .env("INFORMER_OAUTH__SECRETS__BCRYPT_COST", "4")
            .env("no_proxy", "*")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("bash runs");
        let mut stdin = process.stdin.take().unwrap();
        writeln!(stdin, "exec 2>&1; set -euo pipefail").unwrap();

        let (heard, lines) = mpsc::channel();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        thread::spawn(move || {
            let mut line = Vec::new();
            while stdout.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                if heard.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    break;
                }
                line.clear();
            }
        });
        Self {
            process,
            stdin,
            lines,
            folder: folder.to_owned(),
        }
    }

    /// Runs a block: all that it printed, and its exit status.
    pub(crate) fn run(&mut self, script: &str) -> (String, i32) {
        let file = self.folder.join("block.sh");
        fs::write(&file, script).unwrap();
        // Sourced, so that its variables stay; its input is empty, so that it cannot eat what comes after it.
        writeln!(
            self.stdin,
            "trap 'printf \"\\n{END}%s\\n\" \"$?\"' EXIT\n. ./block.sh </dev/null\ntrap - EXIT\nprintf '\\n{END}0\\n'"
        )
        .unwrap();
        let mut printed = String::new();
        loop {
            let line = self
                .lines
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("the block did not end in time; it printed\n{printed}\nand was\n{script}"));
            if let Some(status) = line.strip_prefix(END) {
                return (printed, status.trim().parse().unwrap());
            }
            printed.push_str(&line);
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
