#![expect(clippy::unwrap_used, reason = "tests")]

use uuid::Uuid;

use super::*;
use crate::{
    client::{ClientDraft, Source},
    client_secret::{ClientSecret, ClientSecretText},
    id::{ClientId, ClientUid, SecretUid},
    secret::SecretHash,
};

mod asking;
mod consent;

const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "https://board.example.com/cb?tenant=1";
const CLIENT_ID: &str = "0a0a0a0a0a0a0a0a0a0a";

fn draft() -> ClientDraft {
    ClientDraft {
        name: "Board".into(),
        redirect_uris: vec![CALLBACK.into()],
        ..ClientDraft::default()
    }
}

fn registered(draft: ClientDraft) -> Registration {
    let client = Client {
        uid: ClientUid::new(Uuid::from_u128(1)),
        client_id: ClientId::new([0x0a; 10]),
        profile: draft.check(&[]).unwrap(),
        source: Source::Admin,
        created_by: "ada".into(),
        created_at: NOW,
        updated_at: NOW,
        revision: 1,
    };
    Registration {
        client,
        secrets: Vec::new(),
    }
}

/// The same with a secret, which makes it confidential until the secret expires.
fn with_secret(mut registration: Registration, expires_at: Option<Timestamp>) -> Registration {
    let text = ClientSecretText::parse("cs_ABCDefgh0123456789abcdefghijKLMN").unwrap();
    registration.secrets.push(ClientSecret {
        uid: SecretUid::new(Uuid::from_u128(2)),
        client: registration.client.uid,
        lookup: text.lookup(),
        hash: SecretHash::new("$2b$12$hash".into()),
        hint: text.hint(),
        label: None,
        created_at: NOW,
        updated_at: NOW,
        expires_at,
        last_used_at: None,
    });
    registration
}

fn own() -> OwnResources {
    OwnResources {
        audience: Resource::parse("https://bi.example.com/api").unwrap(),
        issuer: Resource::parse("https://bi.example.com").unwrap(),
    }
}

const GOOD: [(&str, &str); 6] = [
    ("response_type", "code"),
    ("client_id", CLIENT_ID),
    ("redirect_uri", CALLBACK),
    ("state", "s"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

/// A good request with some parameters replaced; `None` leaves one out.
fn asking(changes: &[(&'static str, Option<&str>)]) -> Parameters {
    let kept = GOOD
        .iter()
        .filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    let added = changes
        .iter()
        .filter_map(|(name, value)| value.map(|value| (*name, value)));
    kept.copied().chain(added).collect()
}

/// A good request with one more pair at its end.
fn and_also(name: &str, value: &str) -> Parameters {
    GOOD.into_iter().chain([(name, value)]).collect()
}

fn judge(parameters: &Parameters, registration: &Registration) -> Result<AuthorizationRequest, AuthorizationRefusal> {
    AuthorizationRequest::judge(parameters, Some(registration), &own(), NOW)
}

/// The problem that a page shows.
#[track_caller]
fn page(parameters: &Parameters, registration: &Registration) -> PageProblem {
    match judge(parameters, registration) {
        Err(AuthorizationRefusal::Page(problem)) => problem,
        other => panic!("not a page: {other:?}"),
    }
}

/// The error that the client is told, with the state that comes along.
#[track_caller]
fn told(parameters: &Parameters, registration: &Registration) -> (ErrorCode, Option<String>) {
    match judge(parameters, registration) {
        Err(AuthorizationRefusal::Redirect { error, state, .. }) => (error.code, state),
        other => panic!("not told to the client: {other:?}"),
    }
}

#[test]
fn a_good_request_is_understood_in_every_field() {
    let registration = registered(ClientDraft {
        scope: vec!["read:dataset".into(), "write:report".into()],
        ..draft()
    });
    let parameters = asking(&[("scope", Some("write:report")), ("prompt", Some("consent"))]);
    let request = judge(&parameters, &registration).unwrap();
    assert_eq!(request.client, registration.client);
    assert_eq!(request.redirect.as_str(), CALLBACK);
    assert!(request.redirect_uri_sent);
    assert_eq!(request.scope, "write:report".parse().unwrap());
    assert_eq!(request.state.as_deref(), Some("s"));
    assert_eq!(request.challenge, Some(CodeChallenge::parse(CHALLENGE).unwrap()));
    assert_eq!(request.audience, own().audience);
    assert_eq!(request.prompt, Prompt::Consent);
}

#[test]
fn a_request_may_be_granted_in_part_but_not_beyond_it() {
    let registration = registered(draft());
    let parameters = asking(&[("scope", Some("write:report read:profile"))]);
    let request = judge(&parameters, &registration).unwrap();
    let granted = |names: &str| {
        let limited = request.limited_to(names.parse().unwrap())?;
        assert_eq!(
            AuthorizationRequest {
                scope: request.scope,
                ..limited.clone()
            },
            request,
            "nothing else changes"
        );
        Some(limited.scope.to_string())
    };
    assert_eq!(granted("read:profile").unwrap(), "read:profile");
    assert_eq!(granted("read:report write:global").unwrap(), "read:report");
    assert_eq!(granted("write:dataset"), None);
    assert_eq!(granted(""), None);
    assert_eq!(request.limited_to(ScopeSet::ALL), Some(request.clone()));
}

#[test]
fn a_client_that_is_unknown_missing_repeated_or_another_gets_a_page() {
    let known = registered(draft());
    let unknown = AuthorizationRequest::judge(&asking(&[]), None, &own(), NOW);
    assert_eq!(unknown, Err(AuthorizationRefusal::Page(PageProblem::UnknownClient)));
    for (parameters, problem) in [
        (asking(&[("client_id", None)]), PageProblem::MissingClientId),
        (asking(&[("client_id", Some(""))]), PageProblem::MissingClientId),
        (and_also("client_id", CLIENT_ID), PageProblem::RepeatedClientId),
        (
            and_also("client_id", "0b0b0b0b0b0b0b0b0b0b"),
            PageProblem::RepeatedClientId,
        ),
    ] {
        assert_eq!(page(&parameters, &known), problem, "{:?}", parameters.pairs());
    }
    for parameters in [
        asking(&[("client_id", Some("0A0A0A0A0A0A0A0A0A0A"))]),
        asking(&[("client_id", Some("0b0b0b0b0b0b0b0b0b0b"))]),
        asking(&[("client_id", Some(&known.client.uid.to_string()))]),
    ] {
        assert_eq!(
            page(&parameters, &known),
            PageProblem::UnknownClient,
            "{:?}",
            parameters.pairs()
        );
    }
}

#[test]
fn a_disabled_client_gets_a_page() {
    let disabled = registered(ClientDraft {
        enabled: false,
        ..draft()
    });
    assert_eq!(page(&asking(&[]), &disabled), PageProblem::DisabledClient);
}

#[test]
fn a_redirect_uri_that_is_not_registered_gets_a_page_whatever_else_is_wrong() {
    for uri in [
        "https://board.example.com/cb",
        "https://board.example.com/cb?tenant=1&x=1",
        "https://board.example.com/cb?tenant=2",
        "https://board.example.com/CB?tenant=1",
        "https://board.example.com/cb/?tenant=1",
        "https://board.example.com/cb/more?tenant=1",
        "https://board.example.com//cb?tenant=1",
        "HTTPS://board.example.com/cb?tenant=1",
        "https://Board.example.com/cb?tenant=1",
        "http://board.example.com/cb?tenant=1",
        "https://board.example.com:443/cb?tenant=1",
        "https://board.example.com.evil.example/cb?tenant=1",
        "https://evil.example/cb?tenant=1",
        "//board.example.com/cb?tenant=1",
        "https://board.example.com@evil.example/cb?tenant=1",
        "https://ada@board.example.com/cb?tenant=1",
        "https://board.example.com\\@evil.example/cb?tenant=1",
        "https:\\\\board.example.com\\cb?tenant=1",
        "https://board.example.com/cb?tenant=1#",
        "https://board.example.com/cb?tenant=1#x",
        "https://board.example.com/\tcb?tenant=1",
        "https://board.example.com/cb?tenant=1\n",
        " https://board.example.com/cb?tenant=1",
        "javascript:alert(1)",
        "<script>alert(1)</script>",
    ] {
        let registration = registered(draft());
        assert_eq!(
            page(&asking(&[("redirect_uri", Some(uri))]), &registration),
            PageProblem::UnregisteredRedirectUri,
            "{uri}"
        );
        let worse = asking(&[
            ("redirect_uri", Some(uri)),
            ("response_type", Some("token")),
            ("scope", Some("all")),
        ]);
        assert_eq!(
            page(&worse, &registration),
            PageProblem::UnregisteredRedirectUri,
            "{uri}"
        );
    }
}

#[test]
fn a_repeated_redirect_uri_gets_a_page_even_when_both_are_the_same() {
    assert_eq!(
        page(&and_also("redirect_uri", CALLBACK), &registered(draft())),
        PageProblem::RepeatedRedirectUri
    );
}

#[test]
fn without_a_redirect_uri_the_only_registered_one_is_meant() {
    for omitted in [None, Some("")] {
        let request = judge(&asking(&[("redirect_uri", omitted)]), &registered(draft())).unwrap();
        assert_eq!(request.redirect.as_str(), CALLBACK);
        assert!(!request.redirect_uri_sent);
    }
}

#[test]
fn without_a_redirect_uri_none_or_several_registered_ones_get_a_page() {
    for uris in [
        vec![],
        vec![CALLBACK.to_owned(), "https://board.example.com/other".to_owned()],
    ] {
        let registration = registered(ClientDraft {
            redirect_uris: uris,
            ..draft()
        });
        assert_eq!(
            page(&asking(&[("redirect_uri", None)]), &registration),
            PageProblem::MissingRedirectUri
        );
    }
}

#[test]
fn native_app_chooses_its_loopback_port_if_the_request_uses_pkce() {
    let native = registered(ClientDraft {
        redirect_uris: vec!["http://127.0.0.1/cb".into()],
        pkce: false,
        ..draft()
    });
    let elsewhere = [("redirect_uri", Some("http://127.0.0.1:49152/cb"))];
    let without_pkce = [
        ("redirect_uri", Some("http://127.0.0.1:49152/cb")),
        ("code_challenge", None),
        ("code_challenge_method", None),
    ];
    let confidential = with_secret(native.clone(), None);
    for client in [
        &registered(ClientDraft {
            pkce: true,
            ..native.client.profile.to_draft()
        }),
        &confidential,
    ] {
        let request = judge(&asking(&elsewhere), client).unwrap();
        assert_eq!(request.redirect.as_str(), "http://127.0.0.1:49152/cb");
        assert_eq!(page(&asking(&without_pkce), client), PageProblem::LoopbackPort);
        for uri in [
            "http://localhost:49152/cb",
            "http://[::1]:49152/cb",
            "http://127.0.0.2/cb",
            "http://127.0.0.1:49152/other",
        ] {
            let parameters = asking(&[("redirect_uri", Some(uri))]);
            assert_eq!(page(&parameters, client), PageProblem::UnregisteredRedirectUri, "{uri}");
        }
    }
    let registered_port = [
        without_pkce[1],
        without_pkce[2],
        ("redirect_uri", Some("http://127.0.0.1/cb")),
    ];
    assert!(judge(&asking(&registered_port), &confidential).is_ok());
}

#[test]
fn client_whose_secrets_have_expired_does_not_turn_public() {
    let without_pkce = asking(&[("code_challenge", None), ("code_challenge_method", None)]);
    let mut lapsed = with_secret(registered(ClientDraft { pkce: false, ..draft() }), Some(NOW));
    lapsed.client.profile.confidential = true;
    assert!(lapsed.is_confidential(NOW) && !lapsed.has_live_secret(NOW));
    assert!(judge(&without_pkce, &lapsed).is_ok());
    lapsed.client.profile.confidential = false;
    assert_eq!(told(&without_pkce, &lapsed).0, ErrorCode::UnauthorizedClient);
}

#[test]
fn a_repeated_known_parameter_is_an_invalid_request() {
    for name in [
        "response_type",
        "scope",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "response_mode",
    ] {
        let twice: Parameters = GOOD
            .into_iter()
            .filter(|(kept, _)| *kept != name)
            .chain([(name, "read:profile"), (name, "read:profile")])
            .collect();
        assert_eq!(
            told(&twice, &registered(draft())),
            (ErrorCode::InvalidRequest, Some("s".into())),
            "{name}"
        );
    }
}

#[test]
fn a_repeated_state_does_not_come_back_at_all() {
    assert_eq!(
        told(&and_also("state", "other"), &registered(draft())),
        (ErrorCode::InvalidRequest, None)
    );
}

#[test]
fn the_state_comes_back_byte_for_byte_up_to_its_limit() {
    let odd = "a b&c=d%20é\u{0}\"<script>\n+";
    assert_eq!(
        judge(&asking(&[("state", Some(odd))]), &registered(draft()))
            .unwrap()
            .state
            .as_deref(),
        Some(odd)
    );
    let refused = asking(&[("state", Some(odd)), ("response_type", Some("token"))]);
    assert_eq!(told(&refused, &registered(draft())).1.as_deref(), Some(odd));

    let longest = "é".repeat(STATE_LIMIT / 2);
    assert!(judge(&asking(&[("state", Some(&longest))]), &registered(draft())).is_ok());
    let longer = format!("{longest}x");
    assert_eq!(
        told(&asking(&[("state", Some(&longer))]), &registered(draft())),
        (ErrorCode::InvalidRequest, None)
    );
}

#[test]
fn a_request_without_state_is_answered_without_state() {
    for omitted in [None, Some("")] {
        assert_eq!(
            judge(&asking(&[("state", omitted)]), &registered(draft()))
                .unwrap()
                .state,
            None
        );
    }
}

#[test]
fn parameters_that_are_not_known_are_passed_over() {
    assert!(judge(&and_also("nonce", "n-0S6"), &registered(draft())).is_ok());
    let twice: Parameters = GOOD.into_iter().chain([("utm", "1"), ("utm", "2")]).collect();
    assert!(judge(&twice, &registered(draft())).is_ok());
}

#[test]
fn an_error_goes_back_to_the_verified_address() {
    let refusal = judge(&asking(&[("response_type", Some("token"))]), &registered(draft())).unwrap_err();
    let AuthorizationRefusal::Redirect { redirect, .. } = refusal else {
        panic!("not a redirect: {refusal:?}")
    };
    assert_eq!(redirect.as_str(), CALLBACK);
}

#[test]
fn the_answer_keeps_the_registered_query_and_names_the_issuer() {
    let redirect = judge(&asking(&[]), &registered(draft())).unwrap().redirect;
    let issuer = "https://bi.example.com";
    assert_eq!(
        answer_uri(&redirect, &[("code", "abc")], Some("a b&c"), issuer),
        "https://board.example.com/cb?tenant=1&code=abc&state=a%20b%26c&iss=https%3A%2F%2Fbi.example.com"
    );
    assert_eq!(
        answer_uri(&redirect, &[("error", "access_denied")], None, issuer),
        "https://board.example.com/cb?tenant=1&error=access_denied&iss=https%3A%2F%2Fbi.example.com"
    );
}
