//! One line per step as it goes, and the table at the end.

use std::time::{Duration, Instant};

use anyhow::Result;

/// What a step that could be carried out found.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A check that holds, in a sentence.
    Holds(String),
    /// A suite that ran.
    Tests { passed: usize, failed: usize, note: String },
}

#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

struct Row {
    step: &'static str,
    /// What the step adds to the sum: its tests, or one for a step without.
    passed: usize,
    failed: usize,
    /// Of a suite; a check has no tests.
    tests: Option<usize>,
    took: Duration,
    note: String,
}

impl Report {
    /// Runs one step; whatever becomes of it is a row, and the next one can go on. True when nothing failed.
    pub(crate) fn step(&mut self, step: &'static str, run: impl FnOnce() -> Result<Outcome>) -> bool {
        println!("==> {step}");
        let started = Instant::now();
        let row = Row::new(step, run(), started.elapsed());
        println!(
            "<== {step}: {} in {:.1} s{}",
            row.verdict(),
            row.took.as_secs_f64(),
            if row.note.is_empty() {
                String::new()
            } else {
                format!(" — {}", row.note)
            }
        );
        let ok = row.failed == 0;
        self.rows.push(row);
        ok
    }

    /// Prints the table and, alone on the last line, the sum; true when nothing failed.
    pub(crate) fn close(&self) -> bool {
        print!("{}", self.table());
        self.failed() == 0 && !self.rows.is_empty()
    }

    fn failed(&self) -> usize {
        self.rows.iter().map(|row| row.failed).sum()
    }

    fn table(&self) -> String {
        let mut lines = vec![
            String::new(),
            format!("{:<24} {:<6} {:>6} {:>9}", "step", "result", "tests", "seconds"),
        ];
        for row in &self.rows {
            let tests = row.tests.map_or("-".to_owned(), |tests| tests.to_string());
            lines.push(format!(
                "{:<24} {:<6} {:>6} {:>9.1}",
                row.step,
                row.verdict(),
                tests,
                row.took.as_secs_f64()
            ));
        }
        let failures: Vec<&Row> = self.rows.iter().filter(|row| row.failed > 0).collect();
        if !failures.is_empty() {
            lines.push(String::new());
            lines.extend(failures.iter().map(|row| {
                if row.note.is_empty() {
                    format!("{}: {} failed", row.step, row.failed)
                } else {
                    format!("{}: {}", row.step, row.note)
                }
            }));
        }
        let passed: usize = self.rows.iter().map(|row| row.passed).sum();
        lines.push(String::new());
        lines.push(format!("{passed} passed, {} failed", self.failed()));
        lines.join("\n") + "\n"
    }
}

impl Row {
    fn new(step: &'static str, outcome: Result<Outcome>, took: Duration) -> Self {
        let (passed, failed, tests, note) = match outcome {
            Ok(Outcome::Holds(note)) => (1, 0, None, note),
            Ok(Outcome::Tests { passed, failed, note }) => (passed, failed, Some(passed + failed), note),
            Err(error) => (0, 1, None, format!("{error:#}")),
        };
        Self {
            step,
            passed,
            failed,
            tests,
            took,
            note,
        }
    }

    fn verdict(&self) -> &'static str {
        if self.failed == 0 { "ok" } else { "FAILED" }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::{Outcome, Report};

    fn tests(passed: usize, failed: usize) -> Outcome {
        Outcome::Tests {
            passed,
            failed,
            note: String::new(),
        }
    }

    #[test]
    fn the_last_line_is_the_sum_and_a_check_counts_one() {
        let mut report = Report::default();
        report.step("fmt", || Ok(Outcome::Holds(String::new())));
        report.step("unit", || Ok(tests(40, 0)));
        assert!(report.close());
        assert!(report.table().ends_with("\n41 passed, 0 failed\n"));
    }

    #[test]
    fn a_failed_step_does_not_hide_the_next_one() {
        let mut report = Report::default();
        report.step("clippy", || Err(anyhow!("one lint")));
        report.step("unit", || Ok(tests(3, 2)));
        let table = report.table();
        assert!(!report.close());
        assert!(
            table.contains("clippy: one lint") && table.contains("unit: 2 failed"),
            "{table}"
        );
        assert!(table.ends_with("\n3 passed, 3 failed\n"), "{table}");
    }

    #[test]
    fn a_report_without_a_step_is_no_success() {
        assert!(!Report::default().close());
    }
}
