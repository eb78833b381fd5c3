//! An authorization request written out again.

use informer_oauth_domain::{
    authorization::{AuthorizationRequest, Prompt},
    resource::Resource,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// RFC 3986 §2.3.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The request as a query that is judged to the same request again: what a form carries and its token is bound to, and
/// what the way back from the sign-in page says.
///
/// One line of visible ASCII, because browsers turn a lone line feed in a form field into two characters, and `state` has to
/// come back byte for byte. Written from the judged request rather than copied, so that its length is bounded and
/// parameters that mean nothing here are left behind. `default` is the audience of a request that names no resource.
pub(super) fn canonical_query(request: &AuthorizationRequest, default: &Resource) -> String {
    let mut query = format!("client_id={}&response_type=code", request.client.client_id);
    let mut add = |name: &str, value: &str| {
        query.push('&');
        query.push_str(name);
        query.push('=');
        query.extend(utf8_percent_encode(value, UNRESERVED));
    };
    if request.redirect_uri_sent {
        add("redirect_uri", request.redirect.as_str());
    }
    add("scope", &request.scope.to_string());
    if let Some(state) = &request.state {
        add("state", state);
    }
    if let Some(challenge) = &request.challenge {
        add("code_challenge", challenge.as_str());
        add("code_challenge_method", "S256");
    }
    if request.audience != *default {
        add("resource", request.audience.as_str());
    }
    match request.prompt {
        Prompt::WhenNeeded => {}
        Prompt::Consent => add("prompt", "consent"),
        Prompt::Never => add("prompt", "none"),
    }
    query
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
        judge(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
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
        fn state_survives_in_one_line_of_ascii(state in "(?s).{1,200}") {
            let request = judge(sent(&[("state", &state)]));
            let query = canonical_query(&request, &own().audience);
            prop_assert!(query.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(again(&query).state, Some(state));
        }
    }
}
