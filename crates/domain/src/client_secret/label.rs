use std::fmt;

use thiserror::Error;

use super::{PREFIX, SECRET_CHARACTERS};
use crate::client::{stored_name, well_formed_name};

/// What people call a secret, to tell it from its client's others: 1 to 100 characters. Whoever manages the client sees
/// it, it holds no secret, and two secrets may have the same.
///
/// ```
/// use informer_oauth_domain::client_secret::{InvalidLabel, SecretLabel};
///
/// assert_eq!(SecretLabel::parse(" Anna's laptop ")?.as_str(), "Anna's laptop");
/// let pasted = SecretLabel::parse("cs_lookupIDthe24thatcannotBeGuessed");
/// assert_eq!(pasted, Err(InvalidLabel::Secret));
/// # Ok::<(), InvalidLabel>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecretLabel(String);

/// Why a text is no label. It does not repeat the text, which may be a secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum InvalidLabel {
    /// Empty, too long, or with invisible or control characters.
    #[error("label must have 1 to 100 characters, none of them invisible or a control character")]
    Text,
    /// A secret's text is in it, and a label is kept and shown as it is.
    #[error("label must not hold a client secret")]
    Secret,
}

impl SecretLabel {
    /// Reads a label that somebody typed. Space around it is dropped.
    pub fn parse(text: &str) -> Result<Self, InvalidLabel> {
        if holds_secret(text) {
            return Err(InvalidLabel::Secret);
        }
        well_formed_name(text).map(Self).ok_or(InvalidLabel::Text)
    }

    /// Reads a label that a store kept. Invisible characters are allowed: earlier versions accepted them.
    pub fn from_store(text: &str) -> Result<Self, InvalidLabel> {
        stored_name(text).map(Self).ok_or(InvalidLabel::Text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the text of a secret is anywhere in this one.
fn holds_secret(text: &str) -> bool {
    text.match_indices(PREFIX).any(|(at, _)| {
        let rest = text.get(at + PREFIX.len()..).unwrap_or_default();
        rest.bytes().take_while(u8::is_ascii_alphanumeric).count() >= SECRET_CHARACTERS
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const SECRET: &str = "cs_ABCDefgh0123456789abcdefghijKLMN";

    #[test]
    fn a_label_is_what_a_clients_name_could_be() {
        let long = "🦀".repeat(100);
        for (typed, kept) in [
            ("production", "production"),
            ("\u{a0} Anna's <b>laptop</b>\n", "Anna's <b>laptop</b>"),
            ("Ноутбук {0} %s '; --", "Ноутбук {0} %s '; --"),
            (&format!(" {long} "), &long),
        ] {
            assert_eq!(SecretLabel::parse(typed).unwrap().as_str(), kept);
        }
        for bad in [
            "",
            " \t\n",
            "a\nb",
            "a\0b",
            "a\u{1b}[31mb",
            "a\u{9b}b",
            "a\u{202e}b",
            "a\u{200b}b",
            &format!("{long}x"),
        ] {
            assert_eq!(SecretLabel::parse(bad), Err(InvalidLabel::Text), "{bad:?}");
        }
    }

    #[test]
    fn a_stored_label_with_hidden_characters_is_still_read() {
        assert_eq!(SecretLabel::from_store("a\u{200b}b").unwrap().as_str(), "a\u{200b}b");
        assert_eq!(SecretLabel::from_store("a\nb"), Err(InvalidLabel::Text));
    }

    #[test]
    fn a_label_holds_no_secret() {
        for bad in [
            SECRET.to_owned(),
            format!(" {SECRET}\n"),
            format!("production: {SECRET}!"),
            format!("cs_{SECRET}"),
            format!("{SECRET}0123"),
            format!("cs_{}cs_", "0".repeat(30)),
            format!("🦀{SECRET}"),
            format!("{SECRET}{}", " and more".repeat(20)),
        ] {
            let refused = SecretLabel::parse(&bad).unwrap_err();
            assert_eq!(refused, InvalidLabel::Secret, "{bad}");
            assert!(!format!("{refused} {refused:?}").contains("ABCD"));
        }
        for good in [
            "cs_",
            "docs_team",
            &SECRET[..34],
            &SECRET[3..],
            "cs_ABCDefgh 0123456789abcdefghijKLMN",
        ] {
            assert!(SecretLabel::parse(good).is_ok(), "{good}");
        }
    }
}
