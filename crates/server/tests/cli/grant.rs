//! Getting tokens in the fewest steps, where they are not what is tested.

use reqwest::blocking::Client;
use serde_json::{Value, json};

use crate::{
    common::{Service, sign_in},
    json as cli_json,
};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT: &str = "http://127.0.0.1/callback";

/// A public client with refresh tokens; its `client_id`.
pub(crate) fn public_client(service: &Service, name: &str) -> String {
    let created = cli_json(
        service,
        &[
            "client",
            "create",
            "--name",
            name,
            "--redirect-uri",
            REDIRECT,
            "--refresh-tokens",
        ],
    );
    created["client_id"].as_str().unwrap().to_owned()
}

/// The token endpoint's answer to a code that the administrator has just allowed.
pub(crate) fn tokens(service: &Service, client_id: &str) -> Value {
    let http = service.client();
    sign_in(
        &http,
        service.base(),
        service.admin_username(),
        service.admin_password(),
    );
    let allowed: Value = http
        .post(service.url("/api/oauth/authorize"))
        .header("Origin", service.base())
        .json(&json!({
            "client_id": client_id, "redirect_uri": REDIRECT, "response_type": "code", "scope": "read:dataset",
            "code_challenge": CHALLENGE, "code_challenge_method": "S256", "approve": true,
        }))
        .send()
        .unwrap()
        .json()
        .unwrap();
    let redirect = reqwest::Url::parse(allowed["redirect_uri"].as_str().unwrap()).unwrap();
    let (_, code) = redirect.query_pairs().find(|(name, _)| name == "code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    http.post(service.url("/oauth/token"))
        .form(&form)
        .send()
        .unwrap()
        .error_for_status()
        .unwrap()
        .json()
        .unwrap()
}

/// Status and answer of a refresh.
pub(crate) fn refresh(http: &Client, service: &Service, client_id: &str, token: &str) -> (u16, Value) {
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", client_id),
        ("refresh_token", token),
    ];
    let answer = http.post(service.url("/oauth/token")).form(&form).send().unwrap();
    (answer.status().as_u16(), answer.json().unwrap())
}

/// The status of an introspection by a confidential client.
pub(crate) fn introspect(
    http: &Client,
    service: &Service,
    client_id: &str,
    secret: &str,
    token: &str,
) -> reqwest::Result<u16> {
    let request = http
        .post(service.url("/oauth/introspect"))
        .basic_auth(client_id, Some(secret));
    Ok(request.form(&[("token", token)]).send()?.status().as_u16())
}
