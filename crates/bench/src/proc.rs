//! What the kernel says of a process: `/proc/PID/stat` and `/proc/PID/status` (proc(5)).

use std::fs;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// The unit of times in `/proc/PID/stat`, a second by so many.
static TICKS: LazyLock<f64> = LazyLock::new(|| {
    let said = Command::new("getconf").arg("CLK_TCK").output().ok();
    let ticks = said.and_then(|said| String::from_utf8(said.stdout).ok()?.trim().parse().ok());
    ticks.unwrap_or(100.0)
});

/// Processor time of a process, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticks {
    own: u64,
    /// Of children that have ended and were waited for.
    children: u64,
}

fn parse_stat(stat: &str) -> Option<Ticks> {
    // The second field, the program's name in parentheses, may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(Ticks {
        own: next()? + next()?,
        children: next()? + next()?,
    })
}

fn stat(pid: u32) -> Result<Ticks> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid}"))?;
    parse_stat(&stat).with_context(|| format!("/proc/{pid}/stat: {stat}"))
}

#[expect(clippy::cast_precision_loss, reason = "far fewer ticks than 2^52")]
fn seconds(ticks: u64) -> f64 {
    ticks as f64 / *TICKS
}

/// Processor time of a process so far, in seconds.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64> {
    Ok(seconds(stat(pid)?.own))
}

/// Processor time of a process and of all the children it has had, in seconds.
pub(crate) fn cpu_seconds_with_children(pid: u32) -> Result<f64> {
    let Ticks { own, children } = stat(pid)?;
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let living = list.split_ascii_whitespace().filter_map(|child| child.parse().ok());
    // One that ends meanwhile is counted with those that ended, the next time.
    let living = living.filter_map(|child| main_thread_seconds(child).or_else(|_| cpu_seconds(child)).ok());
    let living: f64 = living.sum();
    Ok(seconds(own + children) + living)
}

/// Processor time of a process's main thread, in seconds. It is known to the nanosecond, where a whole process's comes in ticks: of
/// sixteen children that each work a little, what those leave out would be more than what is looked for.
fn main_thread_seconds(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/schedstat");
    let said = fs::read_to_string(&path).with_context(|| path.clone())?;
    let nanoseconds: Option<u64> = said.split(' ').next().and_then(|field| field.parse().ok());
    let nanoseconds = nanoseconds.with_context(|| format!("{path}: {said}"))?;
    Ok(Duration::from_nanos(nanoseconds).as_secs_f64())
}

/// Memory of a process, in MB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Memory {
    pub(crate) resident: f64,
    pub(crate) peak: f64,
}

fn parse_status(status: &str) -> Option<Memory> {
    let megabytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kilobytes * 1024.0 / 1e6)
    };
    Some(Memory {
        resident: megabytes("VmRSS:")?,
        peak: megabytes("VmHWM:")?,
    })
}

pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("process {pid}"))?;
    parse_status(&status).with_context(|| format!("/proc/{pid}/status tells no memory"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_whatever_the_program_is_called() {
        let stat = "4711 (a) b (c) S 1 4711 4711 0 -1 4194304 1 2 3 4 150 50 7 3 20 0 9 0 33 1 2";
        assert_eq!(parse_stat(stat), Some(Ticks { own: 200, children: 10 }));
        assert_eq!(parse_stat("4711 (a) S 1"), None);
    }

    #[test]
    fn memory_is_read_in_megabytes() {
        let status = "Name:\tx\nVmPeak:\t  9000 kB\nVmHWM:\t  3000 kB\nVmRSS:\t  2000 kB\n";
        let memory = parse_status(status);
        assert_eq!(
            memory,
            Some(Memory {
                resident: 2.048,
                peak: 3.072
            })
        );
        assert_eq!(parse_status("Name:\tx\n"), None);
    }

    #[test]
    fn this_process_takes_time_and_memory() {
        let pid = std::process::id();
        let before = cpu_seconds(pid).ok();
        let mut sum = 0_u64;
        while cpu_seconds(pid).ok() <= before {
            sum = (0..100_000_u64).fold(sum, |sum, n| sum.wrapping_mul(31).wrapping_add(std::hint::black_box(n)));
        }
        std::hint::black_box(sum);
        assert!(memory(pid).is_ok_and(|memory| memory.resident > 0.1 && memory.peak >= memory.resident));
        assert!(cpu_seconds_with_children(pid).ok() >= before);
    }

    #[test]
    fn a_child_that_has_worked_less_than_a_tick_has_worked() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let worked = std::iter::repeat_with(|| main_thread_seconds(child.id())).any(|seconds| seconds.unwrap() > 0.0);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(worked);
        assert!(main_thread_seconds(child.id()).is_err(), "it has ended");
    }
}
