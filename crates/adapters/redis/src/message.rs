//! Changes as they are published: a process's name, then what changed.

use informer_oauth_ports::{Change, Entropy};

/// A process among those that share a channel. Not a secret; two have the same name once in 2⁶⁴.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Origin(String);

impl Origin {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        Self(format!("{:016x}", u64::from_be_bytes(bytes)))
    }
}

/// `changes` in one message from `origin`.
pub(crate) fn write(origin: &Origin, changes: &[Change]) -> String {
    let mut text = origin.0.clone();
    for change in changes {
        let word = match change {
            Change::Client(client) => format!("client:{client}"),
            Change::TokenRecord(record) => format!("record:{record}"),
            Change::TokenRecords => "records".to_owned(),
            Change::Users => "users".to_owned(),
            Change::SigningKeys => "keys".to_owned(),
            Change::Everything => "everything".to_owned(),
        };
        text.push(' ');
        text.push_str(&word);
    }
    text
}

/// What a message says; nothing when `own` sent it. What cannot be read, as from a newer version, may be any change.
pub(crate) fn read(own: &Origin, message: &[u8]) -> Vec<Change> {
    let text = String::from_utf8_lossy(message);
    let mut words = text.split(' ');
    if words.next() == Some(own.0.as_str()) {
        return Vec::new();
    }
    words.map(|word| change(word).unwrap_or(Change::Everything)).collect()
}

fn change(word: &str) -> Option<Change> {
    match word.split_once(':') {
        Some(("client", id)) => id.parse().ok().map(Change::Client),
        Some(("record", id)) => id.parse().ok().map(Change::TokenRecord),
        None if word == "records" => Some(Change::TokenRecords),
        None if word == "users" => Some(Change::Users),
        None if word == "keys" => Some(Change::SigningKeys),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use informer_oauth_testkit::{
        SeededEntropy,
        values::{client_uid, record_id},
    };

    use super::*;

    #[test]
    fn a_message_says_to_others_what_was_written_and_to_its_sender_nothing() {
        let entropy = SeededEntropy::new(1);
        let (here, there) = (Origin::new(&entropy), Origin::new(&entropy));
        let changes = [
            Change::Client(client_uid(1)),
            Change::TokenRecord(record_id(2)),
            Change::TokenRecords,
            Change::Users,
            Change::SigningKeys,
            Change::Everything,
        ];
        let message = write(&here, &changes);
        assert_eq!(read(&there, message.as_bytes()), changes);
        assert_eq!(read(&here, message.as_bytes()), []);
    }

    #[test]
    fn what_cannot_be_read_may_be_any_change() {
        let own = Origin::new(&SeededEntropy::new(1));
        for message in [
            &b"other client:7"[..],
            b"other icons",
            b"other \xff",
            b"other records:1",
        ] {
            assert_eq!(read(&own, message), [Change::Everything]);
        }
    }
}
