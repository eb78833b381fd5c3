//! What a yes says of its token, as header values.

use std::{
    cell::RefCell,
    fmt::{Display, Write as _},
};

use actix_web::{http::header::HeaderValue, web::BytesMut};
use informer_oauth_domain::{
    id::{ClientId, TokenRecordId},
    scope::ScopeSet,
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What is escaped in a header: all but visible ASCII, and `%` so that it can be undone.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

/// What the headers of a yes need, unless somebody's name is very long.
const ROOM: usize = 192;

/// How many yeses a thread remembers as text: about 100 KB.
const REMEMBERED: usize = 256;

/// Whose request may pass.
#[derive(PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) username: String,
    pub(super) client_id: ClientId,
    pub(super) scope: ScopeSet,
    pub(super) token_record: TokenRecordId,
}

/// User, client, scope and token record.
type Said = [HeaderValue; 4];

thread_local! {
    /// The same tokens come again and again, and writing the values is a good part of what the gate does. They are found by all that
    /// they are made of, so that nothing here can be out of date.
    static WRITTEN: RefCell<Vec<Option<(Holder, Said)>>> = const { RefCell::new(Vec::new()) };
}

/// The values; `None` if something cannot be written in a header.
pub(super) fn said(holder: Holder) -> Option<Said> {
    WRITTEN.with_borrow_mut(|written| {
        if written.is_empty() {
            // Only threads that answer for the gate need the room.
            written.resize_with(REMEMBERED, || None);
        }
        let place = place(holder.token_record);
        let Some(place) = written.get_mut(place) else {
            return write(&holder);
        };
        if let Some((known, said)) = place
            && *known == holder
        {
            return Some(said.clone());
        }
        let said = write(&holder)?;
        *place = Some((holder, said.clone()));
        Some(said)
    })
}

/// Ids end in random bits.
fn place(record: TokenRecordId) -> usize {
    usize::from(record.uuid().as_bytes()[15]) % REMEMBERED
}

fn write(holder: &Holder) -> Option<Said> {
    let mut room = BytesMut::with_capacity(ROOM);
    Some([
        text(&mut room, utf8_percent_encode(&holder.username, ESCAPED))?,
        text(&mut room, holder.client_id)?,
        text(&mut room, holder.scope)?,
        text(&mut room, holder.token_record)?,
    ])
}

/// Writes a value behind those that are in `room` already: they share one allocation.
fn text(room: &mut BytesMut, value: impl Display) -> Option<HeaderValue> {
    write!(room, "{value}").ok()?;
    HeaderValue::from_maybe_shared(room.split().freeze()).ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn holder(username: &str, client: u8, scope: &str, record: u128) -> Holder {
        Holder {
            username: username.to_owned(),
            client_id: ClientId::new([client; 10]),
            scope: scope.parse().unwrap(),
            token_record: TokenRecordId::new(uuid::Uuid::from_u128(record)),
        }
    }

    #[test]
    fn each_is_said_what_it_is_also_where_two_share_a_place_and_a_thing_differs() {
        let all = [
            ("ada", 1, "read:dataset", 1),
            ("ad\u{e1} 100%", 1, "read:dataset", 1),
            ("ada", 2, "read:dataset", 1),
            ("ada", 1, "read:dataset write:dataset", 1),
            ("ada", 1, "read:dataset", 257),
            ("ada", 1, "read:dataset", 2),
        ];
        for _ in 0..3 {
            for (username, client, scope, record) in all {
                let said = said(holder(username, client, scope, record)).unwrap();
                let expected = [
                    username
                        .replace('%', "%25")
                        .replace(' ', "%20")
                        .replace('\u{e1}', "%C3%A1"),
                    format!("{client:02x}").repeat(10),
                    scope.to_owned(),
                    uuid::Uuid::from_u128(record).to_string(),
                ];
                assert_eq!(said.map(|value| value.to_str().unwrap().to_owned()), expected);
            }
        }
    }

    #[test]
    fn usernames_are_safe_in_a_header_and_can_be_read_back() {
        for name in ["ada@example.com", "Åda Lovelace", "a%20b", "a\r\nX-Informer-User: root"] {
            let [value, ..] = said(holder(name, 1, "read:dataset", 1)).unwrap();
            let text = value.to_str().unwrap();
            assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text}");
            assert_eq!(percent_encoding::percent_decode_str(text).decode_utf8().unwrap(), name);
        }
    }
}
