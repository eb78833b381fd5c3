//! A part of a core: what a process gets that is to be compared with two of it, where there are too few cores.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// How often a process gets its part anew, in microseconds. The shorter, the more even its answers.
const PERIOD: u32 = 10_000;

/// A cgroup whose processes get a part of a core together, and no more however idle it is.
#[derive(Debug)]
pub(crate) struct Quota {
    folder: PathBuf,
    parent: PathBuf,
}

impl Quota {
    /// One that gives `percent` of a core; `None` where the system has no such groups, or lets nobody make one.
    pub(crate) fn of_core(name: &str, percent: u32) -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        Parent::all(&mounts, &own)
            .into_iter()
            .find_map(|parent| parent.quota(name, percent))
    }

    /// Puts a process and its threads into it.
    pub(crate) fn hold(&self, pid: u32) -> Result<()> {
        adopt(&self.folder, &pid.to_string())
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // What still runs goes back, or the group could not be removed; what has ended meanwhile is gone from it.
        let held = fs::read_to_string(self.folder.join(PROCESSES)).unwrap_or_default();
        for pid in held.lines() {
            let _ = adopt(&self.parent, pid);
        }
        let _ = fs::remove_dir(&self.folder);
    }
}

const PROCESSES: &str = "cgroup.procs";

fn adopt(group: &Path, pid: &str) -> Result<()> {
    fs::write(group.join(PROCESSES), pid).with_context(|| format!("moving process {pid} to {}", group.display()))
}

/// The group that this process is in, by one of the two interfaces.
#[derive(Debug, PartialEq, Eq)]
struct Parent {
    folder: PathBuf,
    is_unified: bool,
}

impl Parent {
    /// All that there may be, from `/proc/self/mounts` and `/proc/self/cgroup`.
    fn all(mounts: &str, own: &str) -> Vec<Self> {
        let group = |of: &dyn Fn(&str) -> bool| {
            own.lines().find_map(|line| {
                let mut parts = line.splitn(3, ':').skip(1);
                parts.next().filter(|controllers| of(controllers))?;
                parts.next()
            })
        };
        let is_cpu = |text: &str| text.split(',').any(|word| word == "cpu");
        mounts
            .lines()
            .filter_map(|line| {
                let mut parts = line.split(' ').skip(1);
                let (at, kind, options) = (parts.next()?, parts.next()?, parts.next()?);
                let is_unified = kind == "cgroup2";
                let group = match kind {
                    "cgroup2" => group(&str::is_empty)?,
                    "cgroup" if is_cpu(options) => group(&is_cpu)?,
                    _ => return None,
                };
                Some(Self {
                    folder: Path::new(at).join(group.trim_start_matches('/')),
                    is_unified,
                })
            })
            .collect()
    }

    fn quota(self, name: &str, percent: u32) -> Option<Quota> {
        let folder = self
            .folder
            .join(format!("informer-oauth-bench-{}-{name}", std::process::id()));
        fs::create_dir(&folder).ok()?;
        let quota = Quota {
            folder,
            parent: self.folder,
        };
        let part = PERIOD / 100 * percent;
        let told = |file: &str, text: String| fs::write(quota.folder.join(file), text).is_ok();
        let limited = if self.is_unified {
            told("cpu.max", format!("{part} {PERIOD}"))
        } else {
            told("cpu.cfs_period_us", PERIOD.to_string()) && told("cpu.cfs_quota_us", part.to_string())
        };
        limited.then_some(quota)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::proc;

    #[test]
    fn the_group_is_found_by_either_interface() {
        let mounts = "proc /proc proc rw 0 0\n\
            cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0\n\
            cgroup /sys/fs/cgroup/cpuset cgroup rw,relatime,cpuset 0 0\n\
            cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        let own = "4:cpuset:/set\n3:cpu,cpuacct:/a/b\n0::/c\n";
        let found = |folder: &str, is_unified| Parent {
            folder: folder.into(),
            is_unified,
        };
        let expected = [
            found("/sys/fs/cgroup/cpu,cpuacct/a/b", false),
            found("/sys/fs/cgroup/unified/c", true),
        ];
        assert_eq!(Parent::all(mounts, own), expected);
        assert_eq!(Parent::all(mounts, "3:cpu,cpuacct:/\n").len(), 1);
        assert_eq!(Parent::all("", own), []);
    }

    #[test]
    fn whoever_is_held_gets_no_more_than_its_part_and_goes_on_after() {
        let Some(quota) = Quota::of_core("test", 20) else {
            // A system without such groups, or another user than root: the bench does without, and says so.
            return;
        };
        let folder = quota.folder.clone();
        let mut busy = Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        quota.hold(busy.id()).unwrap();
        let (before, started) = (proc::cpu_seconds(busy.id()).unwrap(), Instant::now());
        std::thread::sleep(Duration::from_secs(1));
        let took = proc::cpu_seconds(busy.id()).unwrap() - before;
        let part = took / started.elapsed().as_secs_f64();
        drop(quota);
        assert!(!folder.exists());
        assert!(busy.try_wait().unwrap().is_none());
        busy.kill().unwrap();
        busy.wait().unwrap();
        assert!(part < 0.35, "{part}");
    }
}
