//! Texts that people write with an editor: files of settings, secrets and clients.

use std::{fs, io, path::Path};

/// What some editors and shells put in front of UTF-8 text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads a text file. A byte order mark is not part of its text.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let mut text = fs::read_to_string(path)?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.remove(0);
    }
    Ok(text)
}

/// The text without a byte order mark.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}
