//! Escapes characters that change how a log line is shown: controls, line ends within it, invisible and bidirectional ones.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

/// Writes whole lines, as tracing does, with such characters escaped.
pub(super) struct Escaped<W> {
    pub(super) to: W,
    pub(super) json: bool,
}

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match escape(line, self.json) {
            Some(escaped) => self.to.write_all(escaped.as_bytes())?,
            None => self.to.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Returns `None` if nothing is to be escaped.
fn escape(line: &[u8], json: bool) -> Option<String> {
    let content = line.strip_suffix(b"\n").unwrap_or(line);
    if content.is_ascii() && !content.iter().any(|byte| matches!(byte, b'\n' | b'\r' | 0x7f)) {
        return None;
    }
    let text = String::from_utf8_lossy(content);
    let mut escaped = String::with_capacity(line.len() + 16);
    for character in text.chars() {
        if !is_misleading(character) {
            escaped.push(character);
        } else if json {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.extend(character.escape_default());
        }
    }
    if content.len() < line.len() {
        escaped.push('\n');
    }
    Some(escaped)
}

/// True for C1 controls, line ends, DEL, and characters that are invisible or change the direction of text (Unicode TR 36).
/// Other C0 controls are the formatter's: colours in text, and escaped in JSON.
const fn is_misleading(character: char) -> bool {
    matches!(
        character,
        '\n' | '\r'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn written(line: &str, json: bool) -> String {
        let mut escaped = Escaped { to: Vec::new(), json };
        assert_eq!(escaped.write(line.as_bytes()).unwrap(), line.len());
        String::from_utf8(escaped.to).unwrap()
    }

    #[test]
    fn misleading_characters_are_escaped_in_every_format() {
        let name = "a\u{9b}31m\u{202e}b\u{200b}\u{e0041}ü名";
        assert_eq!(
            written(&format!("name={name}\n"), false),
            "name=a\\u{9b}31m\\u{202e}b\\u{200b}\\u{e0041}ü名\n"
        );
        let json = written(&format!("{}\n", serde_json::json!({ "name": name })), true);
        assert!(json.contains("\\u009b31m\\u202eb\\u200b\\udb40\\udc41ü名"), "{json}");
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["name"], name, "still the same JSON");
    }

    #[test]
    fn a_value_cannot_begin_another_line() {
        assert_eq!(written("name=a\nERROR forged\r\n", false), "name=a\\nERROR forged\\r\n");
    }

    #[test]
    fn other_lines_are_left_alone() {
        for line in ["\u{1b}[32m INFO\u{1b}[0m plain\n", "Zoë, 名前, мир\n", ""] {
            assert_eq!(written(line, false), line);
        }
    }
}
