//! The entity tags of clients and icons, and `If-Match` (RFC 9110 §8.8.3, §13.1.1).

use std::borrow::Cow;

use actix_web::http::{
    StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue, IF_MATCH},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use informer_oauth_application::manage::{ClientVersion, Precondition};
use informer_oauth_domain::{client::Client, secret::Digest};

use crate::api_error::{ApiError, ApiResult};

/// The strong tag of a client: its id and its revision, which every change of its fields moves on.
pub fn of_client(client: &Client) -> HeaderValue {
    header(&format!("{}-{}", client.uid, client.revision))
}

/// The strong tag of something known by the digest of its bytes.
pub fn of_digest(digest: &Digest) -> HeaderValue {
    header(&URL_SAFE_NO_PAD.encode(digest.as_bytes()))
}

fn header(opaque: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{opaque}\"")).expect("letters, digits, - and _ are fit for a header")
}

/// What `If-Match` asks for. Comparison is strong (RFC 9110 §13.1.1): tags that this service never made match nothing. A
/// header whose tags are all weak is an error, because its sender has the current tag and a proxy has weakened it.
pub fn if_match(headers: &HeaderMap) -> ApiResult<Precondition> {
    let lines = lines(headers, &IF_MATCH);
    // Also when there is no line at all.
    if lines.iter().all(|line| line.trim() == "*") {
        return Ok(Precondition::None);
    }
    let tags: Vec<Tag> = lines.iter().flat_map(|line| tags(line)).collect();
    if !tags.is_empty() && tags.iter().all(|tag| tag.weak) {
        return Err(ApiError::Status(StatusCode::PRECONDITION_FAILED, WEAK_TAG.to_owned()));
    }
    Ok(Precondition::OneOf(
        tags.iter()
            .filter(|tag| !tag.weak)
            .filter_map(|tag| version(&tag.opaque))
            .collect(),
    ))
}

const WEAK_TAG: &str = "If-Match has a weak ETag (W/\"...\"), which cannot be used. A proxy that compresses answers, such as nginx \
                        with gzip, makes ETags weak: remove the W/, or turn compression off for this path";

/// The values of a header, one an element. Bytes that are not UTF-8 are replaced: they can be part of somebody else's tag only.
pub fn lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<Cow<'a, str>> {
    headers
        .get_all(name)
        .map(|line| String::from_utf8_lossy(line.as_bytes()))
        .collect()
}

/// An entity tag that a client has sent.
#[derive(PartialEq, Eq, Debug)]
pub struct Tag {
    weak: bool,
    pub opaque: String,
}

/// The tags of one line. What is no tag is passed over up to the next comma; a comma inside quotation marks is part of
/// its tag.
pub fn tags(line: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return found;
        }
        let (weak, quoted) = rest.strip_prefix("W/").map_or((false, rest), |strong| (true, strong));
        if let Some((opaque, after)) = quoted.strip_prefix('"').and_then(|open| open.split_once('"')) {
            found.push(Tag {
                weak,
                opaque: opaque.to_owned(),
            });
            rest = after;
        } else {
            rest = rest.split_once(',').map_or("", |(_, after)| after);
        }
    }
}

/// Reads back [`of_client`]; only the one spelling that it writes.
fn version(opaque: &str) -> Option<ClientVersion> {
    let (uid, revision) = opaque.rsplit_once('-')?;
    let version = ClientVersion {
        client: uid.parse().ok()?,
        revision: revision.parse().ok()?,
    };
    (format!("{}-{}", version.client, version.revision) == opaque).then_some(version)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const UID: &str = "0199c2d4-1111-7abc-8def-0123456789ab";

    fn matching(lines: &[&str]) -> Precondition {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_MATCH, HeaderValue::from_str(line).unwrap());
        }
        if_match(&headers).unwrap()
    }

    fn at(revision: i64) -> ClientVersion {
        ClientVersion {
            client: UID.parse().unwrap(),
            revision,
        }
    }

    #[test]
    fn if_match_lists_states_over_commas_and_lines() {
        assert_eq!(matching(&[]), Precondition::None);
        assert_eq!(matching(&["*"]), Precondition::None);
        let both = Precondition::OneOf(vec![at(1), at(2)]);
        assert_eq!(matching(&[&format!("\"{UID}-1\", \"{UID}-2\"")]), both);
        assert_eq!(matching(&[&format!("\"{UID}-1\""), &format!(",\"{UID}-2\" ,")]), both);
    }

    #[test]
    fn weak_foreign_and_malformed_tags_are_never_met() {
        let nothing = Precondition::OneOf(Vec::new());
        for line in [
            format!("W/\"{UID}-1\", \"x\""),
            format!("{UID}-1"),
            format!("\"{UID}-01\""),
            format!("\"{UID}-+1\""),
            format!("\"{}-1\"", UID.to_uppercase()),
            "\"a, b\"".to_owned(),
            "\"unfinished".to_owned(),
            "w/\"x\"".to_owned(),
            String::new(),
            "*, \"x\"".to_owned(),
        ] {
            assert_eq!(matching(&[&line]), nothing, "{line}");
        }
        assert_eq!(
            matching(&[&format!("nonsense, \"a,b\", \"{UID}-3\"")]),
            Precondition::OneOf(vec![at(3)])
        );
    }

    #[test]
    fn only_weak_tags_are_an_error_that_says_so() {
        for line in [format!("W/\"{UID}-1\""), "W/\"x\" , W/\"y\"".to_owned()] {
            let mut headers = HeaderMap::new();
            headers.append(IF_MATCH, HeaderValue::from_str(&line).unwrap());
            let refused = if_match(&headers).unwrap_err();
            assert!(
                matches!(&refused, ApiError::Status(StatusCode::PRECONDITION_FAILED, text) if text.contains("weak ETag")),
                "{line}: {refused:?}"
            );
        }
    }

    #[test]
    fn tags_are_strong_and_tell_digests_apart() {
        let (one, other) = (of_digest(&Digest::of("x")), of_digest(&Digest::of("y")));
        assert_ne!(one, other);
        let tag = one.to_str().unwrap();
        assert!(tag.len() == 45 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    }
}
