//! Tokens that somebody made up, each refused for its reason. Where a check lies behind the signature, the signature is
//! right.

use super::*;

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
            format!("{token}\0"),
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
