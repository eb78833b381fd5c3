//! Other processes: this test program again, with one of its ignored tests as their main function.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
};

const FILE: &str = "SQLITE_TEST_FILE";

/// A running process and the words of the lines it says, as they come. It is killed when this is dropped.
pub(crate) struct OtherProcess {
    child: Child,
    pub(crate) said: Receiver<Vec<u64>>,
}

/// Starts `test` of this program on `file`.
pub(crate) fn start(test: &str, file: &Path) -> OtherProcess {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (say, said) = mpsc::channel();
    thread::spawn(move || {
        for line in output.split(b'\n').map_while(Result::ok) {
            if numbers(&line).is_some_and(|numbers| say.send(numbers).is_err()) {
                break;
            }
        }
    });
    OtherProcess { child, said }
}

/// What [`say`] said in this line. A killed process may leave half a line: it has no end and does not count.
fn numbers(line: &[u8]) -> Option<Vec<u64>> {
    let words = std::str::from_utf8(line)
        .ok()?
        .strip_prefix("say ")?
        .strip_suffix('.')?;
    words.split_whitespace().map(|word| word.parse().ok()).collect()
}

impl OtherProcess {
    /// SIGKILL; returns what it had said.
    pub(crate) fn kill(mut self) -> Vec<Vec<u64>> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.said.iter().collect()
    }

    /// Waits for its end and returns what it said.
    pub(crate) fn finish(mut self) -> Vec<Vec<u64>> {
        let said = self.said.iter().collect();
        assert!(self.child.wait().unwrap().success());
        said
    }
}

impl Drop for OtherProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In the other process: the file to work on.
pub(crate) fn file() -> PathBuf {
    // The test harness has begun a line of its own.
    println!();
    env::var_os(FILE).unwrap().into()
}

/// In the other process: says some numbers, all in one write.
pub(crate) fn say(numbers: &[u64]) {
    let words: Vec<_> = numbers.iter().map(u64::to_string).collect();
    println!("say {}.", words.join(" "));
}
