use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::{
    common::Service,
    grant::{introspect, public_client, tokens},
    json,
};

fn kid(token: &Value) -> String {
    let header = token.as_str().unwrap().split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

fn in_state(keys: &Value, purpose: &str, state: &str) -> Vec<String> {
    let found = keys
        .as_array()
        .unwrap()
        .iter()
        .filter(|key| key["purpose"] == purpose && key["state"] == state);
    found.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_key_that_verifiers_cannot_know_yet_is_not_let_to_sign() {
    let service = Service::start();
    let before = json(&service, &["keys", "list"]);
    let refused = service.cli(&["keys", "rotate"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr);
    let next = in_state(&before, "access", "next");
    assert!(said.contains(&next[0]) && said.contains("--force"), "{said}");
    assert_eq!(json(&service, &["keys", "list"]), before);
    service.cli_ok(&["keys", "rotate", "--purpose", "refresh"]);
    service.cli_ok(&["keys", "rotate", "--force"]);
}

#[test]
fn after_a_rotation_the_next_key_signs_and_older_tokens_stay_good() {
    let mut service = Service::start();
    let client = public_client(&service, "Phone");
    let before = json(&service, &["keys", "list"]);
    let old = tokens(&service, &client);
    assert_eq!(in_state(&before, "access", "current"), [kid(&old["access_token"])]);

    service.cli_ok(&["keys", "rotate", "--purpose", "access", "--force"]);
    let after = json(&service, &["keys", "list"]);
    assert_eq!(
        in_state(&after, "access", "current"),
        in_state(&before, "access", "next")
    );
    assert_eq!(
        in_state(&after, "access", "retired"),
        in_state(&before, "access", "current")
    );
    assert_eq!(
        in_state(&after, "refresh", "current"),
        in_state(&before, "refresh", "current")
    );

    service.restart();
    let new = tokens(&service, &client);
    assert_eq!(in_state(&after, "access", "current"), [kid(&new["access_token"])]);
    let resource_server = json(
        &service,
        &["client", "create", "--name", "API", "--introspect", "--with-secret"],
    );
    let (id, secret) = (
        resource_server["client_id"].as_str().unwrap(),
        resource_server["secret"].as_str().unwrap(),
    );
    assert_eq!(introspect(&service.client(), &service, id, secret, "x").unwrap(), 200);
    for token in [&old, &new] {
        let request = service
            .client()
            .post(service.url("/oauth/introspect"))
            .basic_auth(id, Some(secret));
        let answer: Value = request
            .form(&[("token", token["access_token"].as_str().unwrap())])
            .send()
            .unwrap()
            .json()
            .unwrap();
        assert_eq!(answer["active"], true, "{answer}");
    }
}

#[test]
fn the_encryption_key_is_replaced_without_losing_a_signing_key() {
    const OLD: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    const NEW: &str = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";
    const KEY: &str = "INFORMER_OAUTH__SECRETS__ENCRYPTION_KEY";
    const ACCEPTED: &str = "INFORMER_OAUTH__SECRETS__ACCEPTED_ENCRYPTION_KEYS";
    let mut service = Service::start_with(&[(KEY, OLD)]);
    let client = public_client(&service, "Phone");
    let tokens = tokens(&service, &client);
    service.set(KEY, NEW);
    let refused = service.cli(&["keys", "list"]);
    assert!(crate::stderr(&refused).contains("cannot be decrypted"));

    service.set(ACCEPTED, OLD);
    service.restart();
    let said = service.cli_ok(&["keys", "reencrypt"]);
    assert!(said.contains("encrypted 4 signing keys"), "{said}");
    assert!(service.cli_ok(&["keys", "reencrypt"]).contains("already"));

    service.set(ACCEPTED, "");
    service.restart();
    let (status, answer) = crate::grant::refresh(
        &service.client(),
        &service,
        &client,
        tokens["refresh_token"].as_str().unwrap(),
    );
    assert_eq!(status, 200, "{answer}");
    service.set(KEY, OLD);
    assert!(
        !service.cli(&["keys", "list"]).status.success(),
        "the old key opens nothing"
    );
}
