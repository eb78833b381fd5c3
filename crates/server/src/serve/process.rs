//! What the system says of this process. Where there is no `/proc`, nothing.

use std::fs;

use informer_oauth_domain::timestamp::Timestamp;
use metrics::{Unit, describe_gauge, gauge};

const RESIDENT: &str = "informer_oauth_process_resident_memory_bytes";
const OPEN_FDS: &str = "informer_oauth_process_open_fds";
const MAX_FDS: &str = "informer_oauth_process_max_fds";
const STARTED: &str = "informer_oauth_process_start_time_seconds";

pub(super) fn describe() {
    describe_gauge!(RESIDENT, Unit::Bytes, "Resident memory of the process.");
    describe_gauge!(OPEN_FDS, Unit::Count, "Open file descriptors of the process.");
    describe_gauge!(MAX_FDS, Unit::Count, "How many file descriptors the process may open.");
    describe_gauge!(
        STARTED,
        Unit::Seconds,
        "When the service started to serve, in seconds since 1970."
    );
}

/// Notes the start.
pub(super) fn started(now: Timestamp) {
    gauge!(STARTED).set(now.since(Timestamp::EPOCH).as_secs_f64());
}

/// Reads what changes.
pub(super) fn sample() {
    let set = |name: &'static str, value: Option<u32>, unit: f64| {
        if let Some(value) = value {
            gauge!(name).set(f64::from(value) * unit);
        }
    };
    let status = fs::read_to_string("/proc/self/status").ok();
    set(RESIDENT, status.and_then(|text| number_after(&text, "VmRSS:")), 1024.0);
    // One of them is what they are being counted with.
    let open = fs::read_dir("/proc/self/fd").map(|entries| entries.count().saturating_sub(1));
    set(OPEN_FDS, open.ok().and_then(|count| count.try_into().ok()), 1.0);
    let limits = fs::read_to_string("/proc/self/limits").ok();
    set(
        MAX_FDS,
        limits.and_then(|text| number_after(&text, "Max open files")),
        1.0,
    );
}

/// The first number of the line that begins with a name.
fn number_after(text: &str, name: &str) -> Option<u32> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_of_the_line_is_read() {
        let text = "Name:\tx\nVmRSS:\t    1234 kB\nMax open files            unlimited            unlimited  files\n";
        assert_eq!(number_after(text, "VmRSS:"), Some(1234));
        assert_eq!(number_after(text, "Max open files"), None);
        assert_eq!(number_after(text, "VmSwap:"), None);
    }
}
