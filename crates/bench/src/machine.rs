//! On what a run took place.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::{Context as _, Result, ensure};

/// The machine and the version of the service: names and values.
pub(crate) fn conditions(binary: &Path) -> Result<Vec<(String, String)>> {
    let cores = thread::available_parallelism().context("the number of cores")?;
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor(&information).unwrap_or("unknown");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let said = Command::new(binary)
        .arg("--version")
        .output()
        .context("the version of the service")?;
    ensure!(
        said.status.success(),
        "{} --version ended with {}",
        binary.display(),
        said.status
    );
    let version = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    let size = fs::metadata(binary)?.len();
    Ok(vec![
        ("processor".into(), model.to_owned()),
        // This process has been moved to one of them.
        ("cores".into(), count(&information).unwrap_or(cores.get()).to_string()),
        ("memory".into(), memory().unwrap_or_else(|| "unknown".into())),
        ("kernel".into(), format!("{} {}", std::env::consts::OS, kernel.trim())),
        (
            "service".into(),
            format!("{version}, a binary of {:.1} MB", megabytes(size)),
        ),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "no file is that long")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn memory() -> Option<String> {
    let information = fs::read_to_string("/proc/meminfo").ok()?;
    let line = information.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(format!("{:.1} GB", megabytes(kilobytes * 1024) / 1e3))
}

/// What a program says first, if it is there: a version or a revision.
pub(crate) fn said_by(program: &str, arguments: &[&str]) -> Option<String> {
    let said = Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .ok()?;
    let line = String::from_utf8_lossy(&said.stdout).lines().next()?.trim().to_owned();
    (said.status.success() && !line.is_empty()).then_some(line)
}

fn processor(information: &str) -> Option<&str> {
    let line = information.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, model)| model.trim())
}

fn count(information: &str) -> Option<usize> {
    Some(information.lines().filter(|line| line.starts_with("processor")).count()).filter(|count| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_and_its_cores_are_read() {
        let information = "processor\t: 0\nmodel name\t: AMD X 1\n\nprocessor\t: 1\nmodel name\t: AMD X 1\n";
        assert_eq!(processor(information), Some("AMD X 1"));
        assert_eq!(count(information), Some(2));
        assert_eq!((processor(""), count("")), (None, None));
        assert!(memory().is_some_and(|memory| memory.ends_with(" GB")));
    }

    #[test]
    fn what_is_not_there_says_nothing() {
        assert!(said_by("cargo", &["--version"]).is_some_and(|line| line.starts_with("cargo ")));
        assert_eq!(said_by("cargo", &["no-such-command"]), None);
        assert_eq!(said_by("no-such-program", &[]), None);
    }
}
