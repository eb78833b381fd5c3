use super::*;

/// A request with this redirect URI, scope and prompt.
fn request(redirect_uri: &str, scope: &str, prompt: &str) -> AuthorizationRequest {
    let registration = registered(ClientDraft {
        redirect_uris: vec![redirect_uri.into()],
        ..draft()
    });
    let changes = [
        ("redirect_uri", Some(redirect_uri)),
        ("scope", Some(scope)),
        ("prompt", Some(prompt)),
    ];
    judge(&asking(&changes), &registration).unwrap()
}

/// The consent that a user gave to this request.
fn given(request: &AuthorizationRequest) -> Consent {
    Consent {
        username: "ada".into(),
        client: request.client.uid,
        resource: None,
        scope: request.scope,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn code(step: NextStep) -> ErrorCode {
    match step {
        NextStep::Refuse(error) => error.code,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn signed_out_user_signs_in_first_unless_no_page_may_be_shown() {
    let asking = |prompt| request(CALLBACK, "read:dataset", prompt);
    for prompt in ["", "consent", "login"] {
        let request = asking(prompt);
        assert_eq!(
            request.next_step(false, Some(&given(&request))),
            NextStep::SignIn,
            "{prompt}"
        );
    }
    assert_eq!(code(asking("none").next_step(false, None)), ErrorCode::LoginRequired);
}

#[test]
fn consent_on_record_stands_in_for_a_page_unless_the_client_wants_one() {
    for (prompt, step) in [
        ("", NextStep::Approve),
        ("none", NextStep::Approve),
        ("consent", NextStep::Ask),
        ("login", NextStep::Ask),
        ("select_account", NextStep::Ask),
    ] {
        let request = request(CALLBACK, "read:dataset", prompt);
        assert_eq!(request.next_step(true, Some(&given(&request))), step, "{prompt}");
    }
}

#[test]
fn consent_counts_for_its_scope_only() {
    let silent = request(CALLBACK, "read:dataset read:report", "none");
    let asked = request(CALLBACK, "read:dataset read:report", "");
    let mut less = given(&asked);
    less.scope = "read:dataset".parse().unwrap();
    for consent in [None, Some(&less)] {
        assert_eq!(asked.next_step(true, consent), NextStep::Ask, "{consent:?}");
        assert_eq!(
            code(silent.next_step(true, consent)),
            ErrorCode::ConsentRequired,
            "{consent:?}"
        );
    }
}

#[test]
fn redirect_to_the_users_own_device_is_asked_about_every_time() {
    for uri in [
        "http://127.0.0.1/cb",
        "http://localhost:3000/cb",
        "http://[::1]/cb",
        "com.example.app:/cb",
    ] {
        let asked = request(uri, "read:dataset", "");
        assert!(!asked.remembers_consent(), "{uri}");
        assert_eq!(asked.next_step(true, Some(&given(&asked))), NextStep::Ask, "{uri}");
        let silent = request(uri, "read:dataset", "none");
        assert_eq!(
            code(silent.next_step(true, Some(&given(&silent)))),
            ErrorCode::ConsentRequired,
            "{uri}"
        );
    }
    assert!(request(CALLBACK, "read:dataset", "").remembers_consent());
}
