//! The short way before the router, and the router: whoever asks cannot tell which answered.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use actix_service::{Service, ServiceFactory};
use actix_web::{
    body::{MessageBody, to_bytes},
    dev::{AppConfig, Response},
    test::TestRequest,
    web::Data,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use informer_oauth_application::{Application, Ports, Settings, gate::RecentTokens, token_endpoint::DEVICE_CODE};
use informer_oauth_domain::{
    authorization::OwnResources,
    claims::AccessTokenClaims,
    client::ClientProfile,
    client_secret::{ClientSecret, ClientSecretText},
    scope::Scope,
    timestamp::Timestamp,
    token_record::{RevocationReason, TokenRecord},
};
use informer_oauth_http::{HttpSettings, HttpState, direct, service};
use informer_oauth_memory::{LocalChanges, Memory};
use informer_oauth_ports::{Change, Changes, ClientReplacement, ClientStore, SecretHasher, TokenSigner, TokenStore};
use informer_oauth_testkit::{
    FixedClock, SeededEntropy,
    doubles::{KeptTokens, KeylessForms, KnownUsers, PlainHasher},
    values::{a_client, a_record, a_secret, resource},
};

struct Installation {
    state: Data<HttpState>,
    token: String,
    /// Of a client with a secret, whose token it is, and of one without.
    client_ids: [String; 2],
    record: TokenRecord,
    clock: FixedClock,
    store: Arc<Memory>,
    changes: Arc<LocalChanges>,
}

/// The secret of the first client.
const SECRET: &str = "cs_0123456789abcdefghijklmnopqrstuv";

/// A service behind `issuer`, and a token of a user who may read datasets.
async fn installation(issuer: &str) -> Installation {
    let (clock, users) = (FixedClock::default(), KnownUsers::default());
    let (store, signer) = (Arc::new(Memory::default()), Arc::new(KeptTokens::default()));
    let changes = Arc::new(LocalChanges::default());
    let ports = Ports {
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(SeededEntropy::default()),
        clients: store.clone(),
        consents: store.clone(),
        audit: store.clone(),
        tokens: store.clone(),
        usage: store.clone(),
        codes: store.clone(),
        devices: store.clone(),
        sessions: store.clone(),
        attempts: store.clone(),
        directory: store.clone(),
        identity: Arc::new(users.clone()),
        sign_in: None,
        keys: store.clone(),
        signer: signer.clone(),
        secrets: Arc::new(PlainHasher),
        passwords: Arc::new(PlainHasher),
        forms: Arc::new(KeylessForms),
        changes: changes.clone(),
        probes: vec![store.clone()],
    };
    let resources = OwnResources {
        issuer: resource(issuer),
        audience: resource(issuer),
    };
    let application = Application::new(ports, Settings::new(resources));
    let client = a_client(1);
    let record = TokenRecord {
        client: client.uid,
        client_id: client.client_id,
        audience: resource(issuer),
        ..a_record(1)
    };
    let public = a_client(2);
    ClientStore::insert(&*store, &client).await.unwrap();
    ClientStore::insert(&*store, &public).await.unwrap();
    let text = ClientSecretText::parse(SECRET).unwrap();
    let secret = ClientSecret {
        lookup: text.lookup(),
        hash: SecretHasher::hash(&PlainHasher, &text).await.unwrap(),
        ..a_secret(1, 1)
    };
    store.insert_secret(&secret, None).await.unwrap();
    TokenStore::insert(&*store, &record).await.unwrap();
    users.admit(&record.username);
    let now: Timestamp = application.now();
    let token = signer.sign_access(&AccessTokenClaims {
        audience: record.audience.clone(),
        subject: record.username.clone(),
        client_id: record.client_id,
        scope: Scope::ReadDataset.into(),
        issued_at: now,
        expires_at: record.expires_at,
        token_id: record.refresh.as_ref().unwrap().current,
        token_record: record.id,
    });
    let state = HttpState::new(Arc::new(application), HttpSettings::for_issuer(issuer)).unwrap();
    Installation {
        state: Data::new(state),
        token: token.unwrap().expose().to_owned(),
        client_ids: [client.client_id.to_string(), public.client_id.to_string()],
        record,
        clock,
        store,
        changes,
    }
}

#[derive(PartialEq, Eq, Debug)]
struct Seen {
    status: u16,
    headers: BTreeMap<String, Vec<String>>,
    body: Vec<u8>,
}

async fn seen<B: MessageBody>(response: Response<B>) -> Seen {
    let mut headers = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in response.headers() {
        let values = headers.entry(name.to_string()).or_default();
        values.push(value.to_str().unwrap().to_owned());
    }
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body()).await.ok().unwrap().to_vec();
    Seen { status, headers, body }
}

/// Asks both ways; the status, once they said the same.
macro_rules! asked_both {
    ($short:expr, $routed:expr, $request:expr, $about:expr) => {{
        let one = seen($short.call($request()).await.unwrap()).await;
        let other = match $routed.call($request()).await {
            Ok(response) => seen(response.into()).await,
            Err(error) => seen(error.error_response().into()).await,
        };
        assert_eq!(one, other, "{}", $about);
        one.status
    }};
}

fn a_request(method: &str, uri: &str, headers: &[(&str, &str)]) -> TestRequest {
    let mut request = TestRequest::default()
        .method(method.parse().unwrap())
        .uri(uri)
        .insert_header(("X-Request-Id", "same"));
    for (name, value) in headers {
        request = request.append_header((*name, *value));
    }
    request
}

#[actix_web::test]
async fn the_short_way_and_the_router_answer_the_same() {
    for issuer in ["https://bi.example.com", "http://bi.example.com/auth"] {
        let Installation { state, token, .. } = installation(issuer).await;
        let bearer = format!("Bearer {token}");
        let short = direct(state.clone(), service(state.clone()));
        let short = short.new_service(AppConfig::default()).await.unwrap();
        let routed = actix_web::test::init_service(service(state.clone())).await;
        let etag = state_etag(&short).await;
        let original = [("X-Original-Method", "GET"), ("X-Original-URI", "/api/datasets/1")];
        let deletes = [("X-Original-Method", "DELETE"), ("X-Original-URI", "/api/datasets/1")];
        let authorized = ("Authorization", bearer.as_str());
        let forged = ("Authorization", "Bearer forged");
        let ours = ("X-Informer-Domain", "root");
        let mut answered = BTreeMap::<u16, usize>::new();
        for base in ["", state.base_path()] {
            for (method, path, headers) in [
                ("GET", "/.well-known/jwks.json", vec![]),
                ("GET", "/.well-known/jwks.json?x=1", vec![]),
                ("GET", "/.well-known/jwks.json", vec![("If-None-Match", etag.as_str())]),
                ("HEAD", "/.well-known/jwks.json", vec![]),
                ("POST", "/.well-known/jwks.json", vec![]),
                ("OPTIONS", "/.well-known/jwks.json", vec![]),
                ("GET", "/.well-known/jwks.json/", vec![]),
                ("GET", "/.well-known/oauth-authorization-server", vec![]),
                ("GET", "/.well-known/oauth-authorization-server/auth", vec![]),
                ("GET", "/oauth/verify", vec![authorized, original[0], original[1]]),
                ("POST", "/oauth/verify?x", vec![authorized, original[0], original[1]]),
                ("GET", "/oauth/verify", vec![original[0], original[1]]),
                ("GET", "/oauth/verify", vec![authorized, deletes[0], deletes[1]]),
                ("GET", "/oauth/verify", vec![forged, original[0], original[1]]),
                ("GET", "/oauth/verify", vec![authorized, original[0], original[1], ours]),
                ("GET", "/oauth/verify", vec![authorized]),
                ("GET", "/oauth/verify/api/datasets/1?x=%2F", vec![authorized]),
                ("DELETE", "/oauth/verify/api/datasets/1", vec![authorized]),
                (
                    "HEAD",
                    "/oauth/verify/api/datasets/1",
                    vec![authorized, ("X-Original-Method", "HEAD")],
                ),
                ("GET", "/oauth/verify/", vec![]),
                ("OPTIONS", "/oauth/verify/api/datasets", vec![]),
                ("GET", "/oauth/verifyer", vec![authorized]),
                ("GET", "/oauth/nothing", vec![]),
            ] {
                let request = || a_request(method, &format!("{base}{path}"), &headers).to_request();
                let about = format!("{issuer} {method} {base}{path} {headers:?}");
                let status = asked_both!(short, routed, request, about);
                *answered.entry(status).or_default() += 1;
            }
        }
        let statuses: Vec<u16> = answered.into_keys().collect();
        assert_eq!(statuses, [200, 204, 304, 401, 403, 404, 405], "all that they can say");
    }
}

#[actix_web::test]
async fn what_clients_send_is_answered_the_same_either_way() {
    for issuer in ["https://bi.example.com", "http://bi.example.com/auth"] {
        let installation = installation(issuer).await;
        let (state, token) = (installation.state, installation.token);
        let [confidential, public] = installation.client_ids;
        let short = direct(state.clone(), service(state.clone()));
        let short = short.new_service(AppConfig::default()).await.unwrap();
        let routed = actix_web::test::init_service(service(state.clone())).await;
        let form = ("Content-Type", "application/x-www-form-urlencoded");
        let json = ("Content-Type", "application/json");
        let basic = |secret: &str| format!("Basic {}", STANDARD.encode(format!("{confidential}:{secret}")));
        let (basic, forged) = (basic(SECRET), basic("cs_forged"));
        let authorized = ("Authorization", basic.as_str());
        let refresh = format!("grant_type=refresh_token&refresh_token=x&client_id={public}");
        let poll = format!("grant_type={DEVICE_CODE}&device_code=x&client_id={public}");
        let as_json = format!(r#"{{"grant_type":"{DEVICE_CODE}","device_code":"x","client_id":"{public}"}}"#);
        let about = format!("token={token}");
        let in_body = format!("token={token}&client_id={confidential}&client_secret={SECRET}");
        let large = format!("token={}", "x".repeat(65 * 1024));
        let mut answered = BTreeMap::<u16, usize>::new();
        for base in ["", state.base_path()] {
            for (method, path, headers, body) in [
                ("POST", "/oauth/token", vec![form], refresh.as_str()),
                ("POST", "/oauth/token", vec![form], &poll),
                ("POST", "/oauth/token?x=1", vec![form], &refresh),
                ("POST", "/oauth/token?client_id=1", vec![form], &refresh),
                ("POST", "/oauth/token?%", vec![form], &refresh),
                ("POST", "/oauth/token", vec![form, ("Authorization", &forged)], &refresh),
                (
                    "POST",
                    "/oauth/token",
                    vec![form, authorized],
                    "grant_type=refresh_token&refresh_token=x",
                ),
                (
                    "POST",
                    "/oauth/token",
                    vec![form, ("Origin", "https://elsewhere.example")],
                    "grant_type=x",
                ),
                ("POST", "/oauth/token", vec![json], &as_json),
                ("POST", "/oauth/token", vec![], &refresh),
                ("POST", "/oauth/token", vec![form], ""),
                (
                    "POST",
                    "/oauth/token",
                    vec![form, ("Content-Encoding", "gzip")],
                    &refresh,
                ),
                ("POST", "/oauth/token/", vec![form], &refresh),
                ("POST", "/oauth/Token", vec![form], &refresh),
                ("GET", "/oauth/token", vec![form], &refresh),
                ("HEAD", "/oauth/token", vec![], ""),
                (
                    "OPTIONS",
                    "/oauth/token",
                    vec![("Origin", "https://elsewhere.example")],
                    "",
                ),
                ("POST", "/api/oauth/access_token", vec![form], &refresh),
                (
                    "POST",
                    "/api/oauth/access_token",
                    vec![json, ("Accept", "application/hal+json")],
                    &as_json,
                ),
                ("PUT", "/api/oauth/access_token", vec![json], &as_json),
                ("POST", "/api/oauth/device_access_token", vec![json], &as_json),
                ("POST", "/api/oauth/device_access_token", vec![json], "{"),
                ("POST", "/oauth/introspect", vec![form, authorized], &about),
                ("POST", "/oauth/introspect", vec![form], &in_body),
                ("POST", "/oauth/introspect", vec![form, authorized], "token=forged"),
                (
                    "POST",
                    "/oauth/introspect",
                    vec![form, ("Authorization", &forged)],
                    &about,
                ),
                ("POST", "/oauth/introspect", vec![form], &about),
                (
                    "POST",
                    "/oauth/introspect",
                    vec![json, authorized],
                    r#"{"token":"forged"}"#,
                ),
                ("POST", "/oauth/introspect", vec![form, authorized], &large),
                ("GET", "/oauth/introspect", vec![authorized], ""),
            ] {
                let request = || {
                    let request = a_request(method, &format!("{base}{path}"), &headers);
                    request.set_payload(body.to_owned()).to_request()
                };
                let about = format!("{issuer} {method} {base}{path} {headers:?} {body}");
                let status = asked_both!(short, routed, request, about);
                *answered.entry(status).or_default() += 1;
            }
        }
        let statuses: Vec<u16> = answered.into_keys().collect();
        assert_eq!(
            statuses,
            [200, 204, 400, 401, 404, 405, 413, 415],
            "all that they can say"
        );
    }
}

#[actix_web::test]
async fn what_the_gate_remembers_of_a_token_is_said_as_long_as_it_holds() {
    let issuer = "https://bi.example.com";
    for end in ["revoked", "disabled", "expired"] {
        let installation = installation(issuer).await;
        let Installation { state, record, .. } = &installation;
        let bearer = format!("Bearer {}", installation.token);
        let short = direct(state.clone(), service(state.clone()));
        let short = short.new_service(AppConfig::default()).await.unwrap();
        let status = async |method: &str| {
            let headers = [
                ("Authorization", bearer.as_str()),
                ("X-Original-Method", method),
                ("X-Original-URI", "/api/datasets/1"),
            ];
            let request = a_request("GET", "/oauth/verify", &headers).to_request();
            seen(short.call(request).await.unwrap()).await.status
        };
        let recent = RefCell::new(RecentTokens::default());
        let recalled = || {
            let (gate, uri, now) = (&state.app.gate, "/api/datasets/1", state.app.now());
            let recent = &mut *recent.borrow_mut();
            let recalled = gate.recall(recent, &installation.token, "GET", uri, now, |_| Some(()));
            recalled.is_some()
        };
        assert!(!recalled(), "nothing is known of it yet");
        assert_eq!((status("GET").await, status("DELETE").await), (200, 403));
        assert!(recalled() && recalled());
        assert_eq!((status("GET").await, status("DELETE").await), (200, 403));
        match end {
            "revoked" => {
                let now = state.app.now();
                let reason = RevocationReason::User;
                TokenStore::revoke(&*installation.store, record.id, None, reason, now)
                    .await
                    .unwrap();
                installation.changes.publish(Change::TokenRecord(record.id)).await;
            }
            "disabled" => {
                let known = a_client(1);
                let profile = ClientProfile {
                    enabled: false,
                    ..known.profile
                };
                let replaced = installation
                    .store
                    .replace(known.uid, &profile, None, state.app.now())
                    .await;
                assert!(matches!(replaced.unwrap(), ClientReplacement::Replaced(_)));
                installation.changes.publish(Change::Client(known.uid)).await;
            }
            _ => installation.clock.set(record.expires_at.unwrap()),
        }
        assert!(!recalled(), "{end}");
        assert_eq!(status("GET").await, 401, "{end}");
        assert!(!recalled(), "{end}");
    }
}

async fn state_etag<S>(service: &S) -> String
where
    S: Service<actix_http::Request, Response = Response<actix_web::body::BoxBody>, Error = actix_web::Error>,
{
    let request = TestRequest::get().uri("/.well-known/jwks.json").to_request();
    let response = service.call(request).await.unwrap();
    response.headers().get("etag").unwrap().to_str().unwrap().to_owned()
}
