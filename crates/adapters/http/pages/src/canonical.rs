//! An authorization request written out again.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use informer_oauth_domain::{
    authorization::{AuthorizationRequest, Prompt},
    parameters::Parameters,
    resource::Resource,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// RFC 3986 §2.3.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The parameter that holds a whole request on the way back from the sign-in page.
const RESUME: &str = "resume";

/// Separates names and values in [`resume_query`]. It is not part of any UTF-8 text, so that nothing has to be escaped.
const SEPARATOR: u8 = 0xff;

/// The request as a query that is judged to the same request again: what a form carries and its token is bound to.
///
/// One line of visible ASCII, because browsers turn a lone line feed in a form field into two characters, and `state` has to
/// come back byte for byte.
pub(super) fn canonical_query(request: &AuthorizationRequest, default: &Resource) -> String {
    let mut query = String::new();
    for (name, value) in pairs(request, default) {
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(name);
        query.push('=');
        query.extend(utf8_percent_encode(&value, UNRESERVED));
    }
    query
}

/// The request as one parameter of letters, digits, `-` and `_`: the way back from the sign-in page. Percent-escapes would
/// grow threefold at each level of nesting, and proxies limit the size of a `Location`. This grows by a third, once.
pub(super) fn resume_query(request: &AuthorizationRequest, default: &Resource) -> String {
    let mut bytes = Vec::new();
    for (name, value) in pairs(request, default) {
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(SEPARATOR);
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(SEPARATOR);
    }
    format!("{RESUME}={}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The parameters of a request, also of one that [`resume_query`] wrote; `None` if it is damaged.
pub(super) fn resumed(parameters: Parameters) -> Option<Parameters> {
    let [(name, text)] = parameters.pairs() else {
        return Some(parameters);
    };
    if name != RESUME {
        return Some(parameters);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let texts = bytes.strip_suffix(&[SEPARATOR])?.split(|byte| *byte == SEPARATOR);
    let texts: Vec<&str> = texts
        .map(|text| std::str::from_utf8(text).ok().filter(|text| !text.contains('\0')))
        .collect::<Option<_>>()?;
    let (pairs, rest) = texts.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[name, value]| (*name, *value)).collect())
}

/// Written from the judged request rather than copied, so that the length is bounded and parameters without a meaning here
/// are left behind. `default` is the audience of a request that names no resource.
fn pairs(request: &AuthorizationRequest, default: &Resource) -> Vec<(&'static str, String)> {
    let mut pairs = vec![
        ("client_id", request.client.client_id.to_string()),
        ("response_type", "code".to_owned()),
    ];
    if request.redirect_uri_sent {
        pairs.push(("redirect_uri", request.redirect.as_str().to_owned()));
    }
    pairs.push(("scope", request.scope.to_string()));
    if let Some(state) = &request.state {
        pairs.push(("state", state.clone()));
    }
    if let Some(challenge) = &request.challenge {
        pairs.push(("code_challenge", challenge.as_str().to_owned()));
        pairs.push(("code_challenge_method", "S256".to_owned()));
    }
    if request.audience != *default {
        pairs.push(("resource", request.audience.as_str().to_owned()));
    }
    match request.prompt {
        Prompt::WhenNeeded => {}
        Prompt::Consent => pairs.push(("prompt", "consent".to_owned())),
        Prompt::Never => pairs.push(("prompt", "none".to_owned())),
    }
    pairs
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use informer_oauth_domain::{
        authorization::OwnResources,
        client::{Client, ClientDraft, Registration, Source},
        id::{ClientId, ClientUid},
        parameters::Parameters,
        timestamp::Timestamp,
    };
    use proptest::prelude::*;
    use url::form_urlencoded;
    use uuid::Uuid;

    use super::*;

    fn resource(text: &str) -> Resource {
        Resource::parse(text).unwrap()
    }

    fn own() -> OwnResources {
        OwnResources {
            audience: resource("https://api.example.com"),
            issuer: resource("https://auth.example.com"),
        }
    }

    fn registration() -> Registration {
        let draft = ClientDraft {
            name: "App".into(),
            redirect_uris: vec!["https://app.example.com/cb?a=b&c".into()],
            ..ClientDraft::default()
        };
        let client = Client {
            uid: ClientUid::new(Uuid::from_u128(7)),
            client_id: ClientId::new([7; 10]),
            profile: draft.check(&[]).unwrap(),
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
            created_by: "ada".into(),
            source: Source::Admin,
            revision: 1,
        };
        Registration {
            client,
            secrets: Vec::new(),
        }
    }

    fn judge(pairs: Vec<(String, String)>) -> AuthorizationRequest {
        AuthorizationRequest::judge(
            &Parameters::from_iter(pairs),
            Some(&registration()),
            &own(),
            Timestamp::EPOCH,
        )
        .unwrap()
    }

    fn sent(extra: &[(&str, &str)]) -> Vec<(String, String)> {
        let challenge = "a".repeat(43);
        let id = ClientId::new([7; 10]).to_string();
        [
            ("client_id", id.as_str()),
            ("response_type", "code"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]
        .iter()
        .chain(extra)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
    }

    fn again(query: &str) -> AuthorizationRequest {
        let parameters = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        judge(resumed(parameters).unwrap().pairs().to_vec())
    }

    #[test]
    fn every_field_comes_back() {
        for extra in [
            &[][..],
            &[("redirect_uri", "https://app.example.com/cb?a=b&c")],
            &[
                ("scope", "write:global read:dataset"),
                ("resource", "https://auth.example.com"),
                ("prompt", "consent"),
            ],
            &[
                ("prompt", "none"),
                ("nonce", "left behind"),
                ("resource", "https://api.example.com"),
            ],
        ] {
            let request = judge(sent(extra));
            let query = canonical_query(&request, &own().audience);
            assert_eq!(again(&query), request, "{query}");
            assert!(!query.contains("nonce"), "{query}");
            assert_eq!(again(&resume_query(&request, &own().audience)), request, "{query}");
        }
    }

    #[test]
    fn damaged_resume_parameter_is_refused() {
        let good = resume_query(&judge(sent(&[])), &own().audience);
        let read = |text: &str| resumed(form_urlencoded::parse(text.as_bytes()).into_owned().collect());
        assert!(read(&good).is_some());
        for bad in [
            "resume=".to_owned(),
            "resume=%".to_owned(),
            good[..good.len() - 1].to_owned(),
            format!("resume={}", URL_SAFE_NO_PAD.encode(b"client_id\xff")),
            format!("resume={}", URL_SAFE_NO_PAD.encode(b"state\xff\xc3\xff")),
            format!("resume={}", URL_SAFE_NO_PAD.encode(b"state\xffa\0b\xff")),
        ] {
            assert_eq!(read(&bad), None, "{bad}");
        }
    }

    #[test]
    fn longest_state_makes_a_short_way_back() {
        for state in ["é".repeat(1024), "%".repeat(2048), "\u{1}".repeat(2048)] {
            let request = judge(sent(&[("state", &state)]));
            let query = resume_query(&request, &own().audience);
            assert!(query.len() < 3500, "{}", query.len());
            assert_eq!(again(&query).state, Some(state));
        }
    }

    #[test]
    fn requests_that_mean_the_same_are_written_the_same() {
        let one = judge(sent(&[("scope", "read:report read:dataset"), ("state", "x")]));
        let mut pairs = sent(&[
            ("state", "x"),
            ("scope", "read:dataset read:report read:dataset"),
            ("display", "page"),
        ]);
        pairs.reverse();
        let other = judge(pairs);
        assert_eq!(
            canonical_query(&one, &own().audience),
            canonical_query(&other, &own().audience)
        );
    }

    proptest! {
        #[test]
        fn state_survives_in_one_line_of_ascii(state in "(?s)[^\\x00]{1,200}") {
            let request = judge(sent(&[("state", &state)]));
            let query = canonical_query(&request, &own().audience);
            prop_assert!(query.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(again(&query).state, Some(state.clone()));
            let resume = resume_query(&request, &own().audience);
            prop_assert!(resume.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte)));
            prop_assert_eq!(again(&resume).state, Some(state));
        }
    }
}
