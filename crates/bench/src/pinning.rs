//! Which core runs what: what answers has the first one to itself, everything else shares the last.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, ensure};

/// Where processes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pinning {
    /// The number of the core for load and stores; what answers has core 0.
    Split { load: usize },
    /// There is one core only, or no `taskset`.
    None,
}

impl Pinning {
    /// Moves this process, and what it starts from now on, to the last core.
    pub(crate) fn claim() -> Result<Self> {
        let cores = thread::available_parallelism().context("the number of cores")?.get();
        let has_taskset = quiet(Command::new("taskset").arg("--version"));
        if cores < 2 || !has_taskset {
            return Ok(Self::None);
        }
        let load = cores - 1;
        let pid = std::process::id().to_string();
        ensure!(
            quiet(Command::new("taskset").args(["-a", "-p", "-c", &load.to_string(), &pid])),
            "this process could not be moved to core {load}"
        );
        Ok(Self::Split { load })
    }

    /// Whether two that answer can have a core each.
    pub(crate) fn has_room_for_two(self) -> bool {
        matches!(self, Self::Split { load: 2.. })
    }

    /// A command for what answers: on core 0, or the second of two on core 1 where that is free. It ends with this
    /// process's main thread, where the system has that.
    pub(crate) fn command(self, program: &Path, second: bool) -> Command {
        let mut words: Vec<&str> = Vec::new();
        if quiet(Command::new("setpriv").args(["--pdeathsig", "KILL", "true"])) {
            words.extend(["setpriv", "--pdeathsig", "KILL"]);
        }
        if self != Self::None {
            let core = if second && self.has_room_for_two() { "1" } else { "0" };
            words.extend(["taskset", "-c", core]);
        }
        let Some((first, rest)) = words.split_first() else {
            return Command::new(program);
        };
        let mut command = Command::new(first);
        command.args(rest).arg(program);
        command
    }

    pub(crate) fn described(self) -> String {
        match self {
            Self::Split { load } => format!("what answers on core 0, load and stores on core {load}"),
            Self::None => "nothing pinned: one core, or no taskset".into(),
        }
    }
}

fn quiet(command: &mut Command) -> bool {
    let ended = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    ended.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(pinning: Pinning, second: bool) -> String {
        format!("{:?}", pinning.command("x".as_ref(), second)).replace('"', "")
    }

    #[test]
    fn what_answers_is_kept_away_from_the_load() {
        for (load, second, core) in [(1, false, 0), (1, true, 0), (2, false, 0), (2, true, 1), (7, true, 1)] {
            let line = line(Pinning::Split { load }, second);
            assert!(line.ends_with(&format!("taskset -c {core} x")), "{line}");
        }
        assert!(!line(Pinning::None, true).contains("taskset"));
    }
}
