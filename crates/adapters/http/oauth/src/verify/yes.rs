//! What a yes says of its token, as header values.

use std::fmt::{Display, Write as _};

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

/// Whose request may pass.
pub(super) struct Holder<'a> {
    pub(super) username: &'a str,
    pub(super) client_id: ClientId,
    pub(super) scope: ScopeSet,
    pub(super) token_record: TokenRecordId,
}

/// User, client, scope and token record.
pub(crate) type Said = [HeaderValue; 4];

/// The values; `None` if something cannot be written in a header.
pub(super) fn said(holder: &Holder<'_>) -> Option<Said> {
    let mut room = BytesMut::with_capacity(ROOM);
    Some([
        text(&mut room, utf8_percent_encode(holder.username, ESCAPED))?,
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

    fn holder(username: &str) -> Holder<'_> {
        Holder {
            username,
            client_id: ClientId::new([1; 10]),
            scope: "read:dataset".parse().unwrap(),
            token_record: TokenRecordId::new(uuid::Uuid::from_u128(1)),
        }
    }

    #[test]
    fn it_is_said_who_by_what_how_far_and_under_which_record() {
        let said = said(&holder("ada")).unwrap();
        let expected = [
            "ada",
            "01010101010101010101",
            "read:dataset",
            "00000000-0000-0000-0000-000000000001",
        ];
        assert_eq!(said.each_ref().map(|value| value.to_str().unwrap()), expected);
    }

    #[test]
    fn usernames_are_safe_in_a_header_and_can_be_read_back() {
        for name in ["ada@example.com", "Åda Lovelace", "a%20b", "a\r\nX-Informer-User: root"] {
            let [value, ..] = said(&holder(name)).unwrap();
            let text = value.to_str().unwrap();
            assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text}");
            assert_eq!(percent_encoding::percent_decode_str(text).decode_utf8().unwrap(), name);
        }
    }
}
