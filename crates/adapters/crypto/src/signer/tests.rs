#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use informer_oauth_memory::Memory;
use informer_oauth_testkit::{
    SeededEntropy,
    values::{NOW, client_id, record_id, token_id},
};
use josekit::{
    jwk::{Jwk, JwkSet},
    jws::{ES256, HS256},
    jwt,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::MasterKey;

const ISSUER: &str = "https://auth.example.com";

async fn new_keys() -> Keys {
    let entropy = Arc::new(SeededEntropy::new(1));
    let master = MasterKey::generate(&*entropy);
    Keys::load(Arc::new(Memory::default()), &master, ISSUER.to_owned(), entropy, NOW)
        .await
        .unwrap()
}

/// One set of keys for all tests that do not change them.
static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(new_keys())
});

fn access_claims() -> AccessTokenClaims {
    AccessTokenClaims {
        audience: Resource::parse("https://bi.example.com/api").unwrap(),
        subject: "ada \"the countess\" lovelace é".to_owned(),
        client_id: client_id(1),
        scope: "write:dataset read:profile".parse().unwrap(),
        issued_at: Timestamp::from_seconds(NOW.as_seconds()),
        expires_at: Some(Timestamp::from_seconds(NOW.as_seconds() + 900)),
        token_id: token_id(1),
        token_record: record_id(1),
    }
}

fn refresh_claims() -> RefreshTokenClaims {
    RefreshTokenClaims {
        audience: Resource::parse("https://bi.example.com/api").unwrap(),
        subject: "ada".to_owned(),
        client_id: client_id(1),
        scope: "write:dataset read:profile".parse().unwrap(),
        issued_at: NOW,
        expires_at: Timestamp::from_seconds(NOW.as_seconds() + 30 * 86400),
        token_id: token_id(2),
        token_record: record_id(1),
        generation: 7,
    }
}

/// The part of a token as JSON.
fn part(token: &str, position: usize) -> Value {
    let part = token.split('.').nth(position).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn encode(json: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

/// A token whose signature by the key of `purpose` is right, whatever it says.
fn signed(purpose: KeyPurpose, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let signature = KEYS.ring().current(purpose).sign(message.as_bytes()).unwrap();
    format!("{message}.{}", encode(signature))
}

/// A valid token of `purpose` with its header and claims changed and signed anew.
fn changed(purpose: KeyPurpose, header: impl FnOnce(&mut Value), claims: impl FnOnce(&mut Value)) -> String {
    let token = valid(purpose);
    let (mut head, mut body) = (part(&token, 0), part(&token, 1));
    header(&mut head);
    claims(&mut body);
    signed(purpose, &head.to_string(), &body.to_string())
}

fn valid(purpose: KeyPurpose) -> String {
    let token = match purpose {
        KeyPurpose::Access => KEYS.sign_access(&access_claims()),
        KeyPurpose::Refresh => KEYS.sign_refresh(&refresh_claims()),
    };
    token.unwrap().expose().to_owned()
}

/// What both readers say of a token.
fn refused(purpose: KeyPurpose, token: &str) -> TokenRefused {
    match purpose {
        KeyPurpose::Access => KEYS.verify_access(token, NOW).unwrap_err(),
        KeyPurpose::Refresh => KEYS.verify_refresh(token, NOW).unwrap_err(),
    }
}

#[test]
fn an_access_token_is_as_rfc_9068_has_it() {
    let token = KEYS.sign_access(&access_claims()).unwrap();
    let kid = &KEYS.ring().current(KeyPurpose::Access).kid;
    assert_eq!(
        part(token.expose(), 0),
        json!({"alg": "ES256", "typ": "at+jwt", "kid": kid})
    );
    assert_eq!(
        part(token.expose(), 1),
        json!({
            "iss": ISSUER,
            "aud": "https://bi.example.com/api",
            "sub": "ada \"the countess\" lovelace é",
            "client_id": client_id(1).to_string(),
            "scope": "write:dataset read:profile",
            "iat": 1_795_000_000,
            "exp": 1_795_000_900,
            "jti": token_id(1).to_string(),
            "tid": record_id(1).to_string(),
        })
    );
    assert_eq!(KEYS.verify_access(token.expose(), NOW), Ok(access_claims()));
}

#[test]
fn a_token_without_expiry_has_no_exp_and_never_expires() {
    let claims = AccessTokenClaims {
        expires_at: None,
        ..access_claims()
    };
    let token = KEYS.sign_access(&claims).unwrap();
    assert_eq!(part(token.expose(), 1).get("exp"), None);
    assert_eq!(
        KEYS.verify_access(token.expose(), Timestamp::from_micros(i64::MAX)),
        Ok(claims)
    );
}

#[test]
fn a_refresh_token_keeps_its_microseconds_and_has_one_text() {
    let token = KEYS.sign_refresh(&refresh_claims()).unwrap();
    let kid = &KEYS.ring().current(KeyPurpose::Refresh).kid;
    assert_eq!(
        part(token.expose(), 0),
        json!({"alg": "HS256", "typ": "rt+jwt", "kid": kid})
    );
    assert_eq!(part(token.expose(), 1).get("gen"), Some(&json!(7)));
    assert_eq!(part(token.expose(), 1).get("iat"), Some(&json!(1_795_000_000)));
    assert_eq!(KEYS.verify_refresh(token.expose(), NOW), Ok(refresh_claims()));
    assert!(
        KEYS.sign_refresh(&refresh_claims()).unwrap() == token,
        "the same claims, the same text"
    );
}

#[test]
fn the_published_keys_alone_verify_an_access_token() {
    let set = JwkSet::from_bytes(KEYS.public_keys().json.as_bytes()).unwrap();
    let token = valid(KeyPurpose::Access);
    let kid = part(&token, 0)["kid"].as_str().unwrap().to_owned();
    let keys = set.get(&kid);
    assert_eq!(keys.len(), 1);
    let verifier = ES256.verifier_from_jwk(keys[0]).unwrap();
    let (payload, header) = jwt::decode_with_verifier(&token, &verifier).unwrap();
    assert_eq!(payload.issuer(), Some(ISSUER));
    assert_eq!(header.token_type(), Some("at+jwt"));
    let other = set.keys().into_iter().find(|key| key.key_id() != Some(&kid)).unwrap();
    assert!(
        jwt::decode_with_verifier(&token, &ES256.verifier_from_jwk(other).unwrap()).is_err(),
        "the next key did not sign it"
    );
}

#[test]
fn the_published_keys_hold_nothing_private() {
    let set: Value = serde_json::from_str(&KEYS.public_keys().json).unwrap();
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2, "current and next, and no symmetric key");
    assert_eq!(
        keys[0]["kid"],
        json!(KEYS.ring().current(KeyPurpose::Access).kid),
        "the current one comes first"
    );
    for key in keys {
        let mut members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
        assert_eq!(
            [&key["kty"], &key["crv"], &key["use"], &key["alg"]],
            ["EC", "P-256", "sig", "ES256"]
        );
    }
}

#[test]
fn tokens_expire_at_their_exp_and_not_before() {
    let last = Timestamp::from_micros(access_claims().expires_at.unwrap().as_micros() - 1);
    let token = valid(KeyPurpose::Access);
    assert!(KEYS.verify_access(&token, last).is_ok());
    assert_eq!(
        KEYS.verify_access(&token, access_claims().expires_at.unwrap()),
        Err(TokenRefused::Expired)
    );
    let token = valid(KeyPurpose::Refresh);
    assert_eq!(
        KEYS.verify_refresh(&token, refresh_claims().expires_at),
        Err(TokenRefused::Expired)
    );
}

#[test]
fn a_token_of_one_kind_is_refused_as_the_other() {
    assert_eq!(
        refused(KeyPurpose::Refresh, &valid(KeyPurpose::Access)),
        TokenRefused::Signature
    );
    assert_eq!(
        refused(KeyPurpose::Access, &valid(KeyPurpose::Refresh)),
        TokenRefused::Signature
    );
    // Nor with the other kind's header over the same key.
    for (purpose, other) in [
        (KeyPurpose::Access, KeyPurpose::Refresh),
        (KeyPurpose::Refresh, KeyPurpose::Access),
    ] {
        let header = part(&valid(other), 0).to_string();
        let token = signed(purpose, &header, &part(&valid(other), 1).to_string());
        assert_eq!(refused(other, &token), TokenRefused::Signature);
    }
}

#[test]
fn alg_none_is_refused_with_and_without_a_signature() {
    for purpose in KeyPurpose::ALL {
        for alg in ["none", "None", "NONE", ""] {
            let token = changed(purpose, |header| header["alg"] = json!(alg), |_| {});
            assert_eq!(refused(purpose, &token), TokenRefused::Signature, "{alg}");
            let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
            assert_eq!(refused(purpose, &unsigned), TokenRefused::Signature, "{alg}");
        }
        let token = valid(purpose);
        let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
        assert_eq!(refused(purpose, &unsigned), TokenRefused::Signature);
    }
}

#[test]
fn hs256_keyed_with_the_public_key_is_refused() {
    let set: Value = serde_json::from_str(&KEYS.public_keys().json).unwrap();
    let public = &set["keys"][0];
    let jwk = Jwk::from_bytes(public.to_string()).unwrap();
    let coordinates = [jwk.parameter("x"), jwk.parameter("y")]
        .map(|member| member.unwrap().as_str().unwrap().to_owned())
        .concat();
    for typ in ["at+jwt", "rt+jwt"] {
        for key in [public.to_string(), KEYS.public_keys().json.clone(), coordinates.clone()] {
            let header = json!({"alg": "HS256", "typ": typ, "kid": public["kid"]});
            let message = format!(
                "{}.{}",
                encode(header.to_string()),
                encode(part(&valid(KeyPurpose::Access), 1).to_string())
            );
            let signature =
                josekit::jws::JwsSigner::sign(&HS256.signer_from_bytes(key).unwrap(), message.as_bytes()).unwrap();
            let token = format!("{message}.{}", encode(signature));
            assert_eq!(refused(KeyPurpose::Access, &token), TokenRefused::Signature);
            assert!(KEYS.verify_refresh(&token, NOW).is_err());
        }
    }
}

#[test]
fn an_unknown_kid_and_the_other_purposes_kid_are_refused_and_noted() {
    for (purpose, other) in [
        (KeyPurpose::Access, KeyPurpose::Refresh),
        (KeyPurpose::Refresh, KeyPurpose::Access),
    ] {
        for kid in [
            "",
            "unknown",
            KEYS.ring().current(other).kid.as_str(),
            "../../etc/passwd",
            "' OR 1=1 --",
        ] {
            let token = changed(purpose, |header| header["kid"] = json!(kid), |_| {});
            assert_eq!(refused(purpose, &token), TokenRefused::UnknownKey, "{kid}");
        }
    }
    assert!(KEYS.take_unknown_key());
}

#[test]
fn the_type_is_compared_as_a_media_type() {
    for (purpose, fine) in [
        (
            KeyPurpose::Access,
            ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"],
        ),
        (
            KeyPurpose::Refresh,
            ["rt+jwt", "RT+JWT", "application/rt+jwt", "Application/RT+jwt"],
        ),
    ] {
        for typ in fine {
            let token = changed(purpose, |header| header["typ"] = json!(typ), |_| {});
            let is_fine = KEYS.verify_access(&token, NOW).is_ok() || KEYS.verify_refresh(&token, NOW).is_ok();
            assert!(is_fine, "{typ}");
        }
        let swapped = if purpose == KeyPurpose::Access {
            "rt+jwt"
        } else {
            "at+jwt"
        };
        for typ in [
            "",
            "JWT",
            "jwt",
            "application/jwt",
            "application/",
            "at+jwt ",
            "text/at+jwt",
            swapped,
        ] {
            let token = changed(purpose, |header| header["typ"] = json!(typ), |_| {});
            assert_eq!(refused(purpose, &token), TokenRefused::Malformed, "{typ}");
        }
    }
}

#[test]
fn a_header_with_anything_more_or_less_is_refused() {
    let jwk = json!({"kty": "EC"});
    for purpose in KeyPurpose::ALL {
        for (name, value) in [
            ("crit", json!(["exp"])),
            ("crit", json!([])),
            ("jwk", jwk.clone()),
            ("jku", json!("https://evil.example")),
            ("b64", json!(false)),
            ("zip", json!("DEF")),
        ] {
            let token = changed(purpose, |header| header[name] = value, |_| {});
            assert_eq!(refused(purpose, &token), TokenRefused::Malformed, "{name}");
        }
        for name in ["alg", "typ", "kid"] {
            for value in [Value::Null, json!(1), json!(["ES256"]), json!({})] {
                let token = changed(purpose, |header| header[name] = value, |_| {});
                assert_eq!(refused(purpose, &token), TokenRefused::Malformed, "{name}");
            }
            let token = changed(
                purpose,
                |header| drop(header.as_object_mut().unwrap().remove(name)),
                |_| {},
            );
            assert_eq!(refused(purpose, &token), TokenRefused::Malformed, "{name}");
        }
        let header = part(&valid(purpose), 0).to_string();
        let twice = format!("{{\"alg\":\"none\",{}", &header[1..]);
        for header in [
            twice.as_str(),
            "",
            "[]",
            "null",
            "\"at+jwt\"",
            &format!("{header}{header}"),
        ] {
            assert_eq!(
                refused(purpose, &signed(purpose, header, "{}")),
                TokenRefused::Malformed,
                "{header}"
            );
        }
    }
}

#[test]
fn claims_of_the_wrong_type_are_refused_though_well_signed() {
    let cases = [
        ("exp", json!("1795000900")),
        ("exp", json!(1_795_000_900.5)),
        ("exp", json!(1e300)),
        ("exp", Value::Null),
        ("exp", json!([1_795_000_900])),
        ("iat", json!("1795000000")),
        ("iat", Value::Null),
        ("iss", json!([ISSUER])),
        ("aud", json!(["https://bi.example.com/api"])),
        ("aud", json!("not a resource")),
        ("sub", json!(1)),
        ("sub", Value::Null),
        ("client_id", json!("A6BD8F0F72B2C3275FF6")),
        ("scope", json!("everything")),
        ("scope", json!(["read:dataset"])),
        ("jti", json!("1")),
        ("tid", json!("")),
    ];
    for purpose in KeyPurpose::ALL {
        for (name, value) in &cases {
            let token = changed(purpose, |_| {}, |claims| claims[*name] = value.clone());
            assert_eq!(refused(purpose, &token), TokenRefused::Malformed, "{name}: {value}");
        }
        for name in ["iss", "aud", "sub", "client_id", "scope", "iat", "jti", "tid"] {
            let token = changed(
                purpose,
                |_| {},
                |claims| drop(claims.as_object_mut().unwrap().remove(name)),
            );
            assert_eq!(refused(purpose, &token), TokenRefused::Malformed, "without {name}");
        }
    }
    for name in ["exp", "gen", "iat_us"] {
        let token = changed(
            KeyPurpose::Refresh,
            |_| {},
            |claims| drop(claims.as_object_mut().unwrap().remove(name)),
        );
        assert_eq!(
            refused(KeyPurpose::Refresh, &token),
            TokenRefused::Malformed,
            "without {name}"
        );
    }
    for (name, value) in [
        ("gen", json!(-1)),
        ("gen", json!("7")),
        ("iat_us", json!(1)),
        ("iat_us", Value::Null),
    ] {
        let token = changed(KeyPurpose::Refresh, |_| {}, |claims| claims[name] = value.clone());
        assert_eq!(
            refused(KeyPurpose::Refresh, &token),
            TokenRefused::Malformed,
            "{name}: {value}"
        );
    }
}

#[test]
fn another_issuers_token_is_refused() {
    for purpose in KeyPurpose::ALL {
        for issuer in [
            "",
            "https://auth.example.com/",
            "HTTPS://auth.example.com",
            "https://evil.example.com",
        ] {
            let token = changed(purpose, |_| {}, |claims| claims["iss"] = json!(issuer));
            assert_eq!(refused(purpose, &token), TokenRefused::Issuer, "{issuer}");
        }
    }
}

#[test]
fn another_installations_token_is_refused() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let entropy = Arc::new(SeededEntropy::new(2));
    let master = MasterKey::generate(&*entropy);
    let other = runtime
        .block_on(Keys::load(
            Arc::new(Memory::default()),
            &master,
            ISSUER.to_owned(),
            entropy,
            NOW,
        ))
        .unwrap();
    assert_eq!(
        refused(
            KeyPurpose::Access,
            other.sign_access(&access_claims()).unwrap().expose()
        ),
        TokenRefused::UnknownKey
    );
    assert_eq!(
        refused(
            KeyPurpose::Refresh,
            other.sign_refresh(&refresh_claims()).unwrap().expose()
        ),
        TokenRefused::UnknownKey
    );
}

#[test]
fn tokens_of_another_form_are_refused() {
    for purpose in KeyPurpose::ALL {
        let token = valid(purpose);
        let parts: Vec<&str> = token.split('.').collect();
        let cases = [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            "...".to_owned(),
            parts[0].to_owned(),
            format!("{}.{}", parts[0], parts[1]),
            format!("{token}."),
            format!(".{token}"),
            format!("{token}.{}", parts[2]),
            format!("{}..{}.{}", parts[0], parts[1], parts[2]),
            format!("{token}="),
            format!("{token} "),
            format!(" {token}"),
            format!("{}\0", token),
            format!("{token}é"),
            format!("Bearer {token}"),
            token.replacen('.', "=.", 1),
            "é.é.é".to_owned(),
            "A".repeat(1 << 20),
            ".".repeat(1 << 20),
            format!("{}.{}", "A".repeat(1 << 20), token),
        ];
        for case in &cases {
            assert_eq!(
                refused(purpose, case),
                TokenRefused::Malformed,
                "{}",
                &case[..case.len().min(80)]
            );
        }
    }
}

#[test]
fn a_token_longer_than_what_is_accepted_is_not_made() {
    let claims = AccessTokenClaims {
        subject: "x".repeat(8 * 1024),
        ..access_claims()
    };
    assert!(KEYS.sign_access(&claims).is_err());
    let claims = AccessTokenClaims {
        subject: "x".repeat(4 * 1024),
        ..access_claims()
    };
    let token = KEYS.sign_access(&claims).unwrap();
    assert_eq!(KEYS.verify_access(token.expose(), NOW), Ok(claims));
}

#[test]
fn signatures_of_zeros_or_another_length_are_refused() {
    for purpose in KeyPurpose::ALL {
        let token = valid(purpose);
        let message = token.rsplit_once('.').unwrap().0;
        for length in [0, 1, 31, 32, 33, 63, 64, 65, 128] {
            for byte in [0, 1, 0x7f, 0x80, 0xff] {
                let forged = format!("{message}.{}", encode(vec![byte; length]));
                assert_eq!(
                    refused(purpose, &forged),
                    TokenRefused::Signature,
                    "{length} times {byte}"
                );
            }
        }
        let der = [&[0x30, 0x44, 0x02, 0x20][..], &[1; 32], &[0x02, 0x20], &[1; 32]].concat();
        assert_eq!(
            refused(purpose, &format!("{message}.{}", encode(der))),
            TokenRefused::Signature
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_is_a_token_by_chance(text in ".{0,200}", dotted in "[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,90}") {
        for text in [text, dotted] {
            prop_assert!(KEYS.verify_access(&text, NOW).is_err());
            prop_assert!(KEYS.verify_refresh(&text, NOW).is_err());
        }
    }

    #[test]
    fn a_changed_token_never_verifies(purpose in prop::sample::select(&KeyPurpose::ALL[..]), place in any::<prop::sample::Index>(), by in 1_u8..128, cut in any::<bool>()) {
        let token = valid(purpose);
        let mut bytes = token.clone().into_bytes();
        let place = place.index(bytes.len());
        if cut {
            bytes.remove(place);
        } else {
            bytes[place] = (bytes[place] + by) % 128;
        }
        let mutant = String::from_utf8(bytes).unwrap();
        prop_assume!(mutant != token);
        prop_assert!(KEYS.verify_access(&mutant, NOW).is_err());
        prop_assert!(KEYS.verify_refresh(&mutant, NOW).is_err());
    }

    #[test]
    fn headers_and_claims_of_any_json_never_panic(header in "\\{(\"(alg|typ|kid|crit)\":(\"(ES256|HS256|at\\+jwt|rt\\+jwt)\"|null|1|\\[\\]),?){0,4}\\}", payload in "\\{(\"[a-z_]{1,9}\":(\"[ -~]{0,9}\"|-?[0-9]{1,25}|null|\\[\\]),?){0,5}\\}") {
        for purpose in KeyPurpose::ALL {
            prop_assert!(KEYS.verify_access(&signed(purpose, &header, &payload), NOW).is_err());
            let whole = part(&valid(purpose), 0).to_string();
            let token = signed(purpose, &whole, &payload);
            prop_assert!(KEYS.verify_access(&token, NOW).is_err());
            prop_assert!(KEYS.verify_refresh(&token, NOW).is_err());
        }
    }
}
