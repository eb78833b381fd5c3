//! What commands print: tables for people, JSON for programs.

use std::{
    env, fmt,
    io::{self, Write as _},
};

use serde::Serialize;

use crate::cli::OutputFormat;

/// A command was given something that cannot be: exit code 2.
#[derive(Debug)]
pub(crate) struct Misuse(pub(crate) String);

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}

/// Prints to standard output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    format: OutputFormat,
}

impl Output {
    /// In this format.
    pub(crate) const fn new(format: OutputFormat) -> Self {
        Self { format }
    }

    /// Whether data is for programs.
    pub(crate) const fn is_json(self) -> bool {
        matches!(self.format, OutputFormat::Json)
    }

    /// Prints `data` as JSON, or what `text` makes of it.
    pub(crate) fn print<T: Serialize>(self, data: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
        write(self.format(data, text)?.trim_end())?;
        Ok(())
    }

    fn format<T: Serialize>(self, data: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<String> {
        Ok(match self.format {
            OutputFormat::Json => serde_json::to_string_pretty(data)?,
            OutputFormat::Text => text(data),
        })
    }

    /// Prints `data`, which holds something that is shown once only. Here a reader that is gone is an error: the caller
    /// must not end as if somebody had read it.
    pub(crate) fn print_once<T: Serialize>(self, data: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
        let text = self.format(data, text)?;
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{}", text.trim_end()).and_then(|()| stdout.flush())?;
        Ok(())
    }
}

/// Whether `NO_COLOR` leaves colours on (no-color.org): unset or empty.
pub(crate) fn may_use_colour() -> bool {
    env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Writes a text and the end of its line. Whoever stopped reading is not an error; a full disk is.
pub(crate) fn write(text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Columns as wide as their widest cell. Control characters in a cell, from a client's name for instance, are escaped:
/// they would reach the terminal.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows.into_iter().map(|row| row.map(|cell| plain(&cell))));
    let mut widths = [0; N];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// A text without control characters.
pub(crate) fn plain(text: &str) -> String {
    if text.chars().any(char::is_control) {
        text.escape_debug().to_string()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_nothing_reaches_the_terminal_but_text() {
        let shown = table(
            ["name", "id"],
            [
                ["é\u{1b}[31m".to_owned(), "1".to_owned()],
                ["b".to_owned(), String::new()],
            ],
        );
        assert_eq!(shown, "name         id\né\\u{1b}[31m  1\nb\n");
    }
}
