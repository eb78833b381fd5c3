//! Reads how many tests a runner says it ran.

/// What a runner's closing lines say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// Tests that the runner knew of and left out by their own wish.
    pub(crate) skipped: usize,
}

/// Whose closing lines to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runner {
    Nextest,
    CargoTest,
    /// criterion's benches, tried and not measured.
    Criterion,
    Node,
    Unittest,
}

impl Runner {
    /// `None` when the runner never got as far as its closing lines.
    pub(crate) fn read(self, output: &str) -> Option<Counts> {
        match self {
            Self::Nextest => nextest(output),
            Self::CargoTest => cargo_test(output),
            Self::Criterion => Some(criterion(output)),
            Self::Node => node(output),
            Self::Unittest => unittest(output),
        }
    }
}

/// `Summary [   0.012s] 5 tests run: 4 passed (1 slow), 1 failed, 3 skipped`; `4/5 tests run` when cut short. Its
/// "skipped" counts what a filter left to another step, so it is not taken over.
fn nextest(output: &str) -> Option<Counts> {
    let line = output
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| line.starts_with("Summary ["))?;
    let (_, counts) = line.split_once(']')?;
    let (run, results) = counts.split_once(':')?;
    let planned = run.split_whitespace().next()?.rsplit('/').next()?;
    let planned: usize = planned.parse().ok()?;
    let passed = results
        .split(',')
        .find_map(|part| part.contains(" passed").then(|| number(part)).flatten())
        .unwrap_or(0);
    Some(Counts {
        passed,
        failed: planned.saturating_sub(passed),
        skipped: 0,
    })
}

/// The sum of `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; …`, one line per test binary.
fn cargo_test(output: &str) -> Option<Counts> {
    let mut sum = None;
    for line in output.lines() {
        let Some((_, results)) = line
            .trim()
            .strip_prefix("test result:")
            .and_then(|rest| rest.split_once('.'))
        else {
            continue;
        };
        let sum: &mut Counts = sum.get_or_insert_default();
        for part in results.split(';') {
            match part.split_whitespace().nth(1) {
                Some("passed") => sum.passed += number(part)?,
                Some("failed") => sum.failed += number(part)?,
                _ => {}
            }
        }
    }
    sum
}

/// `Testing NAME`, then `Success`. The first that fails ends them all, so that those after it are not known of.
fn criterion(output: &str) -> Counts {
    let lines = |wanted: fn(&str) -> bool| output.lines().filter(|line| wanted(line)).count();
    let passed = lines(|line| line == "Success");
    Counts {
        passed,
        failed: lines(|line| line.starts_with("Testing ")).saturating_sub(passed),
        skipped: 0,
    }
}

/// `ℹ pass 3` of the spec reporter, `# pass 3` of the TAP one. A file that declares no test is reported as one that
/// passed, under its own path; that is no test.
fn node(output: &str) -> Option<Counts> {
    let last = |word: &str| {
        output.lines().rev().find_map(|line| {
            let line = line.strip_prefix('ℹ').or_else(|| line.strip_prefix('#'))?;
            number(line.trim().strip_prefix(word)?)
        })
    };
    let without_tests = output
        .lines()
        .filter_map(|line| line.strip_prefix("✔ ")?.rsplit_once(" ("))
        .filter(|(name, _)| name.ends_with(".test.mjs"))
        .count();
    Some(Counts {
        passed: last("pass ")?.saturating_sub(without_tests),
        failed: last("fail ")? + last("cancelled ").unwrap_or(0),
        skipped: last("skipped ").unwrap_or(0) + last("todo ").unwrap_or(0),
    })
}

/// `Ran 5 tests in 0.1s`, then `OK` or `FAILED (failures=1, errors=2, skipped=1)`.
fn unittest(output: &str) -> Option<Counts> {
    let lines = || output.lines().rev().map(str::trim);
    let ran = lines().find_map(|line| number(line.strip_prefix("Ran ")?))?;
    let verdict = lines().find(|line| {
        *line == "OK" || line.starts_with("OK (") || line.starts_with("FAILED (") || *line == "NO TESTS RAN"
    })?;
    let mut counts = Counts::default();
    let details = verdict.split_once('(').map_or("", |(_, rest)| rest);
    for part in details.trim_end_matches(')').split(',') {
        if let Some((name, count)) = part.split_once('=') {
            let count: usize = count.parse().ok()?;
            match name.trim() {
                "skipped" => counts.skipped += count,
                "expected failures" => {}
                _ => counts.failed += count,
            }
        }
    }
    counts.passed = ran.saturating_sub(counts.failed + counts.skipped);
    Some(counts)
}

fn number(text: &str) -> Option<usize> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Counts, Runner};

    const fn counts(passed: usize, failed: usize, skipped: usize) -> Counts {
        Counts {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn nextest_counts_what_ran_and_not_what_a_filter_left_out() {
        let read = |line: &str| Runner::Nextest.read(line);
        assert_eq!(
            read("   Summary [   0.012s] 5 tests run: 5 passed, 30 skipped\n"),
            Some(counts(5, 0, 0))
        );
        assert_eq!(
            read("Summary [ 1.0s] 9 tests run: 6 passed (1 slow, 1 flaky), 2 failed, 1 timed out, 0 skipped\nmore"),
            Some(counts(6, 3, 0))
        );
        assert_eq!(
            read("Summary [ 1.0s] 3/9 tests run: 2 passed, 1 failed, 0 skipped"),
            Some(counts(2, 7, 0))
        );
        assert_eq!(
            read("Summary [ 0.0s] 1 test run: 0 passed, 1 failed, 0 skipped"),
            Some(counts(0, 1, 0))
        );
        assert_eq!(read("error: could not compile `x`"), None);
    }

    #[test]
    fn cargo_test_sums_its_binaries() {
        let output = "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                      test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(Runner::CargoTest.read(output), Some(counts(7, 1, 0)));
        assert_eq!(Runner::CargoTest.read("error"), None);
    }

    #[test]
    fn a_bench_that_does_not_succeed_has_failed() {
        let output = "Testing mint/token\nSuccess\n\nTesting verify/token\nSuccess\n\nTesting form/refresh\n";
        assert_eq!(Runner::Criterion.read(output), Some(counts(2, 1, 0)));
        assert_eq!(
            Runner::Criterion.read("Running benches/pieces/main.rs"),
            Some(counts(0, 0, 0))
        );
    }

    #[test]
    fn node_is_read_from_both_reporters() {
        let spec = "✔ signs in\nℹ tests 6\nℹ suites 0\nℹ pass 3\nℹ fail 1\nℹ cancelled 1\nℹ skipped 1\nℹ todo 0\n";
        assert_eq!(Runner::Node.read(spec), Some(counts(3, 2, 1)));
        let tap = "# pass of the test\n# tests 2\n# pass 2\n# fail 0\n# cancelled 0\n# skipped 0\n# todo 0\n";
        assert_eq!(Runner::Node.read(tap), Some(counts(2, 0, 0)));
        assert_eq!(Runner::Node.read("Could not find"), None);
    }

    #[test]
    fn a_node_file_without_a_test_is_not_one_that_passed() {
        let output = "✔ /suite/empty.test.mjs (98.6ms)\nℹ tests 1\nℹ pass 1\nℹ fail 0\n";
        assert_eq!(Runner::Node.read(output), Some(counts(0, 0, 0)));
    }

    #[test]
    fn unittest_is_read_whatever_its_verdict() {
        let read = |text: &str| Runner::Unittest.read(text);
        assert_eq!(read("..\nRan 2 tests in 0.1s\n\nOK\n"), Some(counts(2, 0, 0)));
        assert_eq!(
            read("Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=1, skipped=1)\n"),
            Some(counts(2, 2, 1))
        );
        assert_eq!(read("Ran 1 test in 0.1s\n\nOK (skipped=1)\n"), Some(counts(0, 0, 1)));
        assert_eq!(read("Ran 0 tests in 0.0s\n\nOK\n"), Some(counts(0, 0, 0)));
        assert_eq!(read("Traceback"), None);
    }
}
