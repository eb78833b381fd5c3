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

    /// A command for what answers. It ends with this process's main thread, where the system has that.
    pub(crate) fn command(self, program: &Path) -> Command {
        let mut words: Vec<&str> = Vec::new();
        if quiet(Command::new("setpriv").args(["--pdeathsig", "KILL", "true"])) {
            words.extend(["setpriv", "--pdeathsig", "KILL"]);
        }
        if self != Self::None {
            words.extend(["taskset", "-c", "0"]);
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
