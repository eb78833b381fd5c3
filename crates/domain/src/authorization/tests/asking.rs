//! What a request asks for, once it is known where the answer goes.

use super::*;

#[test]
fn only_codes_are_given_out_here() {
    for other in ["token", "id_token", "code token", "code id_token", "none", "CODE"] {
        let parameters = asking(&[("response_type", Some(other))]);
        assert_eq!(
            told(&parameters, &registered(draft())).0,
            ErrorCode::UnsupportedResponseType,
            "{other}"
        );
    }
    for omitted in [None, Some("")] {
        assert_eq!(
            told(&asking(&[("response_type", omitted)]), &registered(draft())).0,
            ErrorCode::InvalidRequest
        );
    }
}

#[test]
fn answers_go_into_the_query_and_nowhere_else() {
    assert!(judge(&asking(&[("response_mode", Some("query"))]), &registered(draft())).is_ok());
    for other in ["fragment", "form_post", "jwt"] {
        let parameters = asking(&[("response_mode", Some(other))]);
        assert_eq!(
            told(&parameters, &registered(draft())).0,
            ErrorCode::InvalidRequest,
            "{other}"
        );
    }
}

#[test]
fn a_pkce_client_needs_an_s256_challenge() {
    let refused = |changes: &[(&'static str, Option<&str>)]| told(&asking(changes), &registered(draft())).0;
    let (challenge, method) = ("code_challenge", "code_challenge_method");
    assert_eq!(refused(&[(challenge, None), (method, None)]), ErrorCode::InvalidRequest);
    assert_eq!(
        refused(&[(challenge, None)]),
        ErrorCode::InvalidRequest,
        "a method without a challenge"
    );
    assert_eq!(
        refused(&[(method, None)]),
        ErrorCode::InvalidRequest,
        "no method means plain"
    );
    assert_eq!(refused(&[(method, Some("plain"))]), ErrorCode::InvalidRequest);
    assert_eq!(refused(&[(method, Some("s256"))]), ErrorCode::InvalidRequest);
    for bad in [
        "a".repeat(42),
        "a".repeat(44),
        format!("{}=", "a".repeat(42)),
        format!("{}+", "a".repeat(42)),
        "a".repeat(128),
    ] {
        assert_eq!(refused(&[(challenge, Some(&bad))]), ErrorCode::InvalidRequest, "{bad}");
    }
}

#[test]
fn a_confidential_client_may_go_without_pkce_but_not_with_a_bad_challenge() {
    let confidential = with_secret(registered(ClientDraft { pkce: false, ..draft() }), None);
    let without = asking(&[("code_challenge", None), ("code_challenge_method", None)]);
    assert_eq!(judge(&without, &confidential).unwrap().challenge, None);
    assert!(
        judge(&asking(&[]), &confidential).unwrap().challenge.is_some(),
        "who sends a challenge is bound to it"
    );
    assert_eq!(
        told(&asking(&[("code_challenge_method", Some("plain"))]), &confidential).0,
        ErrorCode::InvalidRequest
    );
    assert_eq!(
        told(&asking(&[("code_challenge", None)]), &confidential).0,
        ErrorCode::InvalidRequest
    );
}

#[test]
fn a_public_client_that_is_not_made_for_pkce_may_not_ask_at_all() {
    let public = registered(ClientDraft { pkce: false, ..draft() });
    assert_eq!(told(&asking(&[]), &public).0, ErrorCode::UnauthorizedClient);
    assert_eq!(
        told(&asking(&[]), &with_secret(public, Some(NOW))).0,
        ErrorCode::UnauthorizedClient
    );
}

#[test]
fn a_scope_outside_the_eight_or_outside_the_clients_own_is_invalid() {
    let narrow = registered(ClientDraft {
        scope: vec!["read:dataset".into(), "read:report".into()],
        ..draft()
    });
    for bad in [
        "read:all",
        "openid profile",
        "read:dataset read:all",
        "READ:DATASET",
        " ",
        "read:dataset,read:report",
        "read:dataset\u{0}",
    ] {
        assert_eq!(
            told(&asking(&[("scope", Some(bad))]), &narrow).0,
            ErrorCode::InvalidScope,
            "{bad:?}"
        );
    }
    for beyond in [
        "write:dataset",
        "read:profile",
        "read:dataset read:global",
        "write:global",
    ] {
        assert_eq!(
            told(&asking(&[("scope", Some(beyond))]), &narrow).0,
            ErrorCode::InvalidScope,
            "{beyond}"
        );
    }
    let refused = judge(&asking(&[("scope", Some("read:dataset write:dataset"))]), &narrow).unwrap_err();
    let AuthorizationRefusal::Redirect { error, .. } = refused else {
        panic!("no redirect: {refused:?}");
    };
    assert_eq!(
        error.description,
        "This client may not ask for the scope: write:dataset"
    );
    let request = judge(
        &asking(&[("scope", Some("read:report read:dataset read:report"))]),
        &narrow,
    )
    .unwrap();
    assert_eq!(request.scope, "read:dataset read:report".parse().unwrap());
}

#[test]
fn without_a_scope_the_clients_own_is_meant_or_the_profile() {
    let narrow = registered(ClientDraft {
        scope: vec!["read:dataset".into()],
        ..draft()
    });
    for omitted in [None, Some("")] {
        assert_eq!(
            judge(&asking(&[("scope", omitted)]), &narrow).unwrap().scope,
            "read:dataset".parse().unwrap()
        );
        let open = judge(&asking(&[("scope", omitted)]), &registered(draft())).unwrap();
        assert_eq!(open.scope, "read:profile".parse().unwrap());
    }
}

#[test]
fn a_resource_is_the_services_own_or_one_that_the_client_is_registered_for() {
    let registration = registered(ClientDraft {
        resources: vec!["https://other.example.com/api".into()],
        ..draft()
    });
    for known in [
        "https://bi.example.com/api",
        "https://bi.example.com",
        "https://other.example.com/api",
    ] {
        let request = judge(&asking(&[("resource", Some(known))]), &registration).unwrap();
        assert_eq!(request.audience.as_str(), known);
    }
    for unknown in [
        "https://other.example.com/API",
        "https://bi.example.com//",
        "https://evil.example",
        "nonsense",
        "https://bi.example.com/api#x",
    ] {
        let parameters = asking(&[("resource", Some(unknown))]);
        assert_eq!(
            told(&parameters, &registration).0,
            ErrorCode::InvalidTarget,
            "{unknown}"
        );
    }
}

#[test]
fn prompts_are_read_as_a_list_of_words() {
    let prompt = |words| {
        judge(&asking(&[("prompt", words)]), &registered(draft()))
            .unwrap()
            .prompt
    };
    assert_eq!(prompt(None), Prompt::WhenNeeded);
    assert_eq!(prompt(Some(" ")), Prompt::WhenNeeded);
    for page in ["consent", "login", "select_account", "login consent", "create", "NONE"] {
        assert_eq!(prompt(Some(page)), Prompt::Consent, "{page}");
    }
    assert_eq!(prompt(Some("none")), Prompt::Never);
    for mixed in ["none login", "consent none"] {
        assert_eq!(
            told(&asking(&[("prompt", Some(mixed))]), &registered(draft())).0,
            ErrorCode::InvalidRequest
        );
    }
}

#[test]
fn descriptions_are_fit_for_the_wire() {
    let registration = registered(draft());
    for parameters in [
        asking(&[("response_type", None)]),
        asking(&[("response_type", Some("token"))]),
        asking(&[("response_mode", Some("fragment"))]),
        asking(&[("code_challenge", None)]),
        asking(&[("code_challenge", Some("x"))]),
        asking(&[("code_challenge_method", None)]),
        asking(&[("scope", Some("x"))]),
        asking(&[("scope", Some(" "))]),
        asking(&[("resource", Some("x"))]),
        asking(&[("prompt", Some("none login"))]),
        asking(&[("state", Some(&"x".repeat(2049)))]),
        and_also("code_challenge", CHALLENGE),
    ] {
        let Err(AuthorizationRefusal::Redirect { error, .. }) = judge(&parameters, &registration) else {
            panic!("not told to the client: {:?}", parameters.pairs());
        };
        let printable = error
            .description
            .bytes()
            .all(|b| (b.is_ascii_graphic() || b == b' ') && b != b'"' && b != b'\\');
        assert!(
            printable && !error.description.is_empty(),
            "RFC 6749 §4.1.2.1: {}",
            error.description
        );
    }
}

#[test]
fn a_client_registered_for_writing_may_ask_for_reading() {
    let writer = registered(ClientDraft {
        scope: vec!["write:report".into()],
        ..draft()
    });
    let asked = judge(&asking(&[("scope", Some("read:report offline_access"))]), &writer).unwrap();
    assert_eq!(asked.scope, "read:report".parse().unwrap());
    assert_eq!(
        told(&asking(&[("scope", Some("openid profile"))]), &writer).0,
        ErrorCode::InvalidScope,
        "read:profile is not within write:report"
    );
    let open = judge(&asking(&[("scope", Some("openid profile"))]), &registered(draft())).unwrap();
    assert_eq!(open.scope, "read:profile".parse().unwrap());
}

#[test]
fn another_spelling_of_a_resource_yields_the_configured_one() {
    let asked = |resource: &str| judge(&asking(&[("resource", Some(resource))]), &registered(draft()));
    for spelling in [
        "https://bi.example.com",
        "https://bi.example.com/",
        "HTTPS://BI.example.com:443",
    ] {
        let audience = asked(spelling).unwrap().audience;
        assert_eq!(audience.as_str(), "https://bi.example.com", "{spelling}");
    }
    assert!(asked("https://bi.example.com/API").is_err());
}

#[test]
fn a_grant_is_held_to_what_its_client_is_registered_for_now() {
    let profile = |change: fn(&mut ClientDraft)| {
        let mut draft = draft();
        change(&mut draft);
        draft.check(&[]).unwrap()
    };
    let check = |profile: &ClientProfile, scope: &str, audience: &str| {
        own().check_grant(profile, scope.parse().unwrap(), &Resource::parse(audience).unwrap())
    };
    let issuer = "https://bi.example.com";
    let open = profile(|_| {});
    assert_eq!(check(&open, "write:global", issuer), Ok(()));
    assert_eq!(check(&open, "write:global", "https://bi.example.com/api"), Ok(()));
    assert_eq!(
        check(&open, "write:global", "https://other.example"),
        Err(TakenAway::Resource)
    );

    let narrow = profile(|draft| draft.scope = vec!["write:report".into()]);
    assert_eq!(check(&narrow, "read:report", issuer), Ok(()));
    assert_eq!(
        check(&narrow, "write:report read:profile", issuer),
        Err(TakenAway::Scope)
    );

    let wide = profile(|draft| draft.resources = vec!["https://other.example/".into()]);
    assert_eq!(check(&wide, "read:report", "https://other.example/"), Ok(()));
    assert_eq!(check(&wide, "read:report", "https://other.example"), Ok(()));

    let disabled = profile(|draft| draft.enabled = false);
    assert_eq!(check(&disabled, "read:report", issuer), Err(TakenAway::Client));
}
