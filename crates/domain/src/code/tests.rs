#![expect(clippy::unwrap_used, reason = "tests")]

use uuid::Uuid;

use super::*;

const MADE: Timestamp = Timestamp::from_seconds(1_795_000_000);

fn challenge(letter: &str) -> CodeChallenge {
    CodeChallenge::parse(&letter.repeat(43)).unwrap()
}

fn code() -> AuthorizationCode {
    AuthorizationCode {
        digest: Digest::of("code"),
        client: ClientUid::new(Uuid::from_u128(1)),
        client_id: ClientId::new([1; 10]),
        redirect_uri: "https://board.example.com/cb".into(),
        redirect_uri_sent: true,
        challenge: Some(challenge("a")),
        username: "ada".into(),
        scope: "read:dataset".parse().unwrap(),
        audience: Resource::parse("https://bi.example.com/api").unwrap(),
        token_record: TokenRecordId::new(Uuid::from_u128(2)),
        issued_at: MADE,
        expires_at: MADE + Duration::from_secs(60),
    }
}

fn rightful() -> CodePresentation {
    CodePresentation {
        client: code().client,
        redirect_uri: Some(code().redirect_uri),
        challenge: code().challenge,
        resource: None,
    }
}

#[test]
fn a_resource_need_not_be_named_again_but_must_be_the_one_that_was_granted() {
    let naming = |resource: &str| CodePresentation {
        resource: Some(resource.into()),
        ..rightful()
    };
    assert_eq!(code().matches(&naming("https://bi.example.com/api"), MADE), Ok(()));
    for other in [
        "https://bi.example.com",
        "https://bi.example.com/api/",
        "https://evil.example",
        "",
    ] {
        assert_eq!(
            code().matches(&naming(other), MADE),
            Err(CodeMismatch::Resource),
            "{other}"
        );
    }
}

#[test]
fn what_fits_in_everything_matches_to_the_last_microsecond() {
    let last = code().expires_at.minus(Duration::from_micros(1));
    assert_eq!(code().matches(&rightful(), MADE), Ok(()));
    assert_eq!(code().matches(&rightful(), last), Ok(()));
    assert_eq!(
        code().matches(&rightful(), code().expires_at),
        Err(CodeMismatch::Expired)
    );
}

#[test]
fn another_client_learns_nothing_but_that_it_is_another() {
    let stranger = CodePresentation {
        client: ClientUid::new(Uuid::from_u128(9)),
        redirect_uri: None,
        challenge: None,
        resource: None,
    };
    for now in [MADE, code().expires_at, code().expires_at + REPLAY_MEMORY] {
        assert_eq!(code().matches(&stranger, now), Err(CodeMismatch::Client));
    }
}

#[test]
fn the_redirect_uri_is_compared_as_text() {
    for other in [
        "https://board.example.com/cb/",
        "https://board.example.com/CB",
        "https://board.example.com/cb?x",
        "",
    ] {
        let presented = CodePresentation {
            redirect_uri: Some(other.into()),
            ..rightful()
        };
        assert_eq!(
            code().matches(&presented, MADE),
            Err(CodeMismatch::RedirectUri),
            "{other}"
        );
    }
}

#[test]
fn a_redirect_uri_that_was_sent_must_be_sent_again() {
    let silent = CodePresentation {
        redirect_uri: None,
        ..rightful()
    };
    assert_eq!(code().matches(&silent, MADE), Err(CodeMismatch::RedirectUri));

    let unsent = AuthorizationCode {
        redirect_uri_sent: false,
        ..code()
    };
    assert_eq!(unsent.matches(&silent, MADE), Ok(()));
    assert_eq!(
        unsent.matches(&rightful(), MADE),
        Ok(()),
        "naming it all the same is fine"
    );
    let other = CodePresentation {
        redirect_uri: Some("https://evil.example/".into()),
        ..rightful()
    };
    assert_eq!(unsent.matches(&other, MADE), Err(CodeMismatch::RedirectUri));
}

#[test]
fn only_the_right_verifier_proves_a_second_use() {
    let with = |challenge| CodePresentation {
        challenge,
        ..rightful()
    };
    assert!(code().is_proven_by(&rightful()));
    assert!(!code().is_proven_by(&with(None)));
    assert!(!code().is_proven_by(&with(Some(challenge("b")))));
    let plain = AuthorizationCode {
        challenge: None,
        ..code()
    };
    assert!(!plain.is_proven_by(&with(None)), "there is nothing to prove it with");
}

#[test]
fn a_wrong_missing_or_unneeded_verifier_does_not_fit() {
    let with = |challenge| CodePresentation {
        challenge,
        ..rightful()
    };
    assert_eq!(
        code().matches(&with(Some(challenge("b"))), MADE),
        Err(CodeMismatch::Verifier)
    );
    assert_eq!(code().matches(&with(None), MADE), Err(CodeMismatch::Verifier));

    let plain = AuthorizationCode {
        challenge: None,
        ..code()
    };
    assert_eq!(plain.matches(&with(None), MADE), Ok(()));
    assert_eq!(
        plain.matches(&with(Some(challenge("a"))), MADE),
        Err(CodeMismatch::Verifier)
    );
}
