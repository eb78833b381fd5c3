//! Runs a command so that its output is both shown as it comes and kept to be read.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Read, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use cargo_metadata::Metadata;

use crate::report::Outcome;
use crate::summary::Runner;

/// How long output may still come once the command itself has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(20);

/// A command that has ended, and everything it printed.
struct Finished {
    status: ExitStatus,
    output: String,
}

/// How the names begin of what `cargo xtask` tells its program of itself, and some build scripts look at: a build from here would
/// be made anew by hand, and the other way round.
const OF_XTASK: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

/// Cargo, in the workspace.
pub(crate) fn cargo(metadata: &Metadata) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(&metadata.workspace_root);
    unaware(&mut command);
    command
}

/// Lets a command that may be Cargo, or call it, build what it would if a person had typed it.
pub(crate) fn unaware(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_of_xtask) {
            command.env_remove(name);
        }
    }
    command
}

fn is_of_xtask(name: &str) -> bool {
    OF_XTASK.iter().any(|start| name.starts_with(start))
}

/// Runs a command that either succeeds or not.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let finished = finish(command, None)?;
    if !finished.status.success() {
        bail!("`{}` failed ({})", shown(command), finished.status);
    }
    Ok(())
}

/// Runs tests; none run is an error, and so is one left out by its own wish. After `limit` what still runs is ended.
pub(crate) fn test(command: &mut Command, runner: Runner, limit: Option<Duration>) -> Result<Outcome> {
    // At a terminal the person is the limit, and Ctrl-C has to reach what runs.
    let limit = limit.filter(|_| !std::io::stdin().is_terminal());
    let finished = finish(command, limit)?;
    let Some(mut counts) = runner.read(&finished.output) else {
        bail!(
            "`{}` ended before it reported a test ({})",
            shown(command),
            finished.status
        );
    };
    if counts.passed + counts.failed + counts.skipped == 0 {
        bail!("`{}` ran no test", shown(command));
    }
    let mut note = String::new();
    if counts.skipped > 0 {
        let _ = write!(
            note,
            "{} skipped; what a test needs is installed, not skipped",
            counts.skipped
        );
        counts.failed += counts.skipped;
    }
    if !finished.status.success() && counts.failed == 0 {
        let _ = write!(note, "no test failed, but the runner did ({})", finished.status);
        counts.failed = 1;
    }
    Ok(Outcome::Tests {
        passed: counts.passed,
        failed: counts.failed,
        note,
    })
}

/// What a command prints on standard output, when it succeeds.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The command line as a person would type it.
fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

fn finish(command: &mut Command, limit: Option<Duration>) -> Result<Finished> {
    // A group of its own lets a hanging test's servers and browsers be ended with it.
    let own_group = limit.is_some();
    #[cfg(unix)]
    if own_group {
        use std::os::unix::process::CommandExt as _;
        command.process_group(0);
    }
    println!("    $ {}", shown(command));
    let mut child = command
        // Summaries are read from this output, so it must be plain.
        .env("CARGO_TERM_COLOR", "never")
        .env("NO_COLOR", "1")
        .env_remove("FORCE_COLOR")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting `{}`", shown(command)))?;
    let output = collect(&mut child)?;
    let (status, in_time) = wait(&mut child, limit)?;
    let mut kept = Vec::new();
    if !drain(&output, &mut kept, LAST_WORDS) {
        println!("    something that `{}` started is still running", shown(command));
        if own_group {
            end_group(&child);
            drain(&output, &mut kept, LAST_WORDS);
        }
    }
    if !in_time {
        bail!(
            "`{}` was ended after {} s",
            shown(command),
            limit.unwrap_or_default().as_secs()
        );
    }
    Ok(Finished {
        status,
        output: String::from_utf8_lossy(&kept).into_owned(),
    })
}

/// Passes both streams on to standard output; the channel closes when both have ended.
fn collect(child: &mut Child) -> Result<Receiver<Vec<u8>>> {
    let (sender, receiver) = channel();
    let stdout = child.stdout.take().context("no standard output")?;
    let stderr = child.stderr.take().context("no standard error")?;
    let streams: [Box<dyn Read + Send>; 2] = [Box::new(stdout), Box::new(stderr)];
    for mut stream in streams {
        let sender = sender.clone();
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                let piece = buffer[..count].to_vec();
                let mut out = std::io::stdout().lock();
                // Nothing is lost when standard output is closed: the summary is read from what is kept.
                let _ = out.write_all(&piece).and_then(|()| out.flush());
                drop(out);
                if sender.send(piece).is_err() {
                    break;
                }
            }
        });
    }
    Ok(receiver)
}

/// Keeps what was printed until both streams end; false when they have not within `patience` of the last piece.
fn drain(output: &Receiver<Vec<u8>>, kept: &mut Vec<u8>, patience: Duration) -> bool {
    loop {
        match output.recv_timeout(patience) {
            Ok(piece) => kept.extend(piece),
            Err(RecvTimeoutError::Disconnected) => return true,
            Err(RecvTimeoutError::Timeout) => return false,
        }
    }
}

/// The status, and whether the command ended by itself.
fn wait(child: &mut Child, limit: Option<Duration>) -> Result<(ExitStatus, bool)> {
    let Some(limit) = limit else {
        return Ok((child.wait()?, true));
    };
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, true));
        }
        if started.elapsed() > limit {
            end_group(child);
            return Ok((child.wait()?, false));
        }
        thread::sleep(POLL);
    }
}

/// Ends the process group that `child` leads.
fn end_group(child: &Child) {
    // The shell's own `kill`: the program of that name is not installed everywhere.
    let ended = Command::new("sh")
        .args(["-c", &format!("kill -s KILL -- -{}", child.id())])
        .stderr(Stdio::null())
        .status();
    if ended.is_err() {
        println!("    no `sh` to end process group {}", child.id());
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::{answer, finish, succeed, test, unaware};
    use crate::report::Outcome;
    use crate::summary::Runner;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn outcome(script: &str) -> anyhow::Result<Outcome> {
        test(&mut shell(script), Runner::Unittest, None)
    }

    #[test]
    fn a_failing_command_is_named() {
        succeed(&mut shell("true")).unwrap();
        let error = succeed(&mut shell("exit 3")).unwrap_err().to_string();
        assert!(error.contains("exit 3") && error.contains("status: 3"), "{error}");
    }

    #[test]
    fn both_streams_are_read_for_the_summary() {
        let Outcome::Tests { passed, failed, .. } = outcome("echo 'Ran 2 tests in 1s'; echo OK >&2").unwrap() else {
            panic!("no tests counted");
        };
        assert_eq!((passed, failed), (2, 0));
    }

    #[test]
    fn a_suite_that_ran_nothing_is_an_error() {
        for script in ["echo 'Ran 0 tests in 0s'; echo OK", "true"] {
            assert!(outcome(script).is_err(), "{script}");
        }
    }

    #[test]
    fn skipping_counts_as_failing() {
        let Outcome::Tests { passed, failed, note } =
            outcome("echo 'Ran 2 tests in 1s'; echo 'OK (skipped=1)'").unwrap()
        else {
            panic!("no tests counted");
        };
        assert_eq!((passed, failed), (1, 1));
        assert!(note.contains("skipped"), "{note}");
    }

    #[test]
    fn a_runner_that_fails_after_its_tests_passed_counts_as_one_failure() {
        let Outcome::Tests { failed, .. } = outcome("echo 'Ran 2 tests in 1s'; echo OK; exit 1").unwrap() else {
            panic!("no tests counted");
        };
        assert_eq!(failed, 1);
    }

    #[test]
    fn a_hanging_command_is_ended_with_what_it_started() {
        let started = Instant::now();
        let error = finish(&mut shell("sleep 60 & sleep 60"), Some(Duration::from_millis(200)))
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("was ended after"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn what_a_command_leaves_behind_does_not_hold_up_the_next_step() {
        let started = Instant::now();
        let finished = finish(&mut shell("echo said; sleep 60 &"), Some(Duration::from_secs(30))).unwrap();
        assert!(finished.status.success());
        assert_eq!(finished.output, "said\n");
        assert!(started.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_command_is_not_told_of_xtask() {
        let told = answer(&mut Command::new("env")).unwrap();
        for name in ["CARGO_MANIFEST_DIR=", "CARGO_PKG_NAME=xtask", "PATH="] {
            assert!(told.contains(name), "Cargo tells this test: {told}");
        }
        let told = answer(unaware(&mut Command::new("env"))).unwrap();
        assert!(
            !told.contains("CARGO_MANIFEST_") && !told.contains("CARGO_PKG_"),
            "{told}"
        );
        assert!(told.contains("PATH="), "{told}");
    }
}
