#![expect(clippy::unwrap_used, reason = "tests")]

use base64::prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const ISSUER: &str = "https://bi.example.com";

fn jws(header: &str, payload: &str) -> String {
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.c2lnbmF0dXJl", encode(header), encode(payload))
}

fn is_ours(credential: &str) -> bool {
    claims_to_be_ours(credential, ISSUER)
}

fn of(typ: &str, iss: &str) -> String {
    jws(
        &json!({ "alg": "ES256", "typ": typ }).to_string(),
        &json!({ "iss": iss }).to_string(),
    )
}

#[test]
fn type_and_issuer_make_a_token_ours() {
    for typ in [
        "at+jwt",
        "AT+JWT",
        "application/at+jwt",
        "Application/At+Jwt",
        "rt+jwt",
        "application/RT+JWT",
    ] {
        assert!(is_ours(&of(typ, ISSUER)), "{typ}");
    }
    for typ in ["JWT", "", "at+jwt ", "text/at+jwt", "logout+jwt"] {
        assert!(!is_ours(&of(typ, ISSUER)), "{typ}");
    }
    for iss in [
        "https://bi.example.com/",
        "https://BI.example.com",
        "https://other.example",
        "",
    ] {
        assert!(!is_ours(&of("at+jwt", iss)), "{iss}");
    }
}

#[test]
fn nothing_else_of_a_token_matters() {
    let expired = jws(
        r#"{"typ":"at+jwt","alg":"none"}"#,
        r#"{"iss":"https:\/\/bi.example.com","exp":1}"#,
    );
    assert!(is_ours(&expired));
    let unsigned = expired.rsplit_once('.').unwrap().0;
    assert!(is_ours(&format!("{unsigned}.")), "no signature (RFC 7519 section 6)");
    let padded = |text: &str| BASE64_URL_SAFE.encode(text);
    let padded = format!(
        "{}.{}.x",
        padded(r#"{"typ":"at+jwt"}"#),
        padded(&format!(r#"{{"iss":"{ISSUER}"}}"#))
    );
    assert!(is_ours(&padded));
}

#[test]
fn duplicate_members_count_each() {
    for header in [r#"{"typ":"JWT","typ":"at+jwt"}"#, r#"{"typ":"at+jwt","typ":7}"#] {
        assert!(
            is_ours(&jws(header, &format!(r#"{{"iss":{{}},"iss":"{ISSUER}"}}"#))),
            "{header}"
        );
    }
}

#[test]
fn one_of_ours_among_other_words_is_ours() {
    let token = of("at+jwt", ISSUER);
    for credential in [
        format!("x {token}"),
        format!("{token} x"),
        format!("x, Bearer {token}"),
        format!("\"{token}\""),
    ] {
        assert!(is_ours(&credential), "{credential}");
    }
}

#[test]
fn opaque_tokens_are_foreign() {
    for credential in [
        "",
        "x",
        "an-informer-api-token",
        "whsec_1",
        "a.b.c",
        "..",
        "e30.e30.e30",
        "eyJ0eXAiOiJhdCtqd3QifQ",
    ] {
        assert!(!is_ours(credential), "{credential}");
    }
    let four = format!("{}.x", of("at+jwt", ISSUER));
    assert!(!is_ours(&four), "not a compact JWS");
    assert!(!is_ours(&jws("[\"at+jwt\"]", "{}")));
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics_and_is_foreign(text in any::<String>()) {
        prop_assert!(!is_ours(&text));
    }

    #[test]
    fn other_members_never_change_the_answer(
        typ in "(at|rt|AT)\\+jwt", before in "[a-s]{1,8}", value in any::<i64>(), text in any::<String>(), ours in any::<bool>(),
    ) {
        let iss = if ours { ISSUER } else { "https://other.example.com" };
        let header = format!(r#"{{"{before}":{value},"typ":"{typ}","zz":{}}}"#, json!({ "typ": text, "list": [text] }));
        let payload = format!(r#"{{"zz":{},"iss":"{iss}","{before}":{value}}}"#, json!([{ "iss": text }]));
        prop_assert_eq!(is_ours(&jws(&header, &payload)), ours);
    }
}
