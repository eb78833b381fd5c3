//! How to test with one adapter swapped: the whole service in this process, its routes included, on stores in memory. The
//! store of codes can be taken down, and the clock moves when it is told to; nothing listens and nothing waits.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix_web::{
    body::to_bytes,
    http::{StatusCode, header::RETRY_AFTER},
    test::{TestRequest, call_service, init_service},
};
use async_trait::async_trait;
use informer_oauth_application::{
    Application, Ports, Settings,
    gate::{GateAnswer, GateRequest},
};
use informer_oauth_domain::{
    authorization::OwnResources,
    client::{Client, ClientProfile},
    code::{AuthorizationCode, CodePresentation, CodeRedemption},
    secret::Digest,
    timestamp::Timestamp,
};
use informer_oauth_http::{Brand, HttpService, HttpSettings};
use informer_oauth_memory::{LocalChanges, Memory};
use informer_oauth_ports::{ClientStore, CodeStore, StoreError};
use informer_oauth_testkit::{
    FixedClock, SeededEntropy,
    doubles::{KeptTokens, KeylessForms, KnownUsers, PlainHasher},
    values::{a_client, a_code, resource},
};
use serde_json::Value;

const ISSUER: &str = "https://bi.example.com";

/// The adapter that is swapped in: a store of codes that fails at will. Clones are down together.
#[derive(Clone, Default)]
struct Failing {
    store: Memory,
    down: Arc<AtomicBool>,
}

impl Failing {
    fn reached(&self) -> Result<&dyn CodeStore, StoreError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StoreError::unavailable("codes", "the test says so"));
        }
        Ok(&self.store)
    }
}

#[async_trait]
impl CodeStore for Failing {
    async fn insert(&self, code: &AuthorizationCode) -> Result<(), StoreError> {
        self.reached()?.insert(code).await
    }

    async fn redeem(
        &self,
        digest: &Digest,
        presented: &CodePresentation,
        now: Timestamp,
    ) -> Result<CodeRedemption, StoreError> {
        self.reached()?.redeem(digest, presented, now).await
    }

    async fn purge(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.reached()?.purge(now, limit).await
    }
}

/// What a test holds on to.
struct Installation {
    application: Arc<Application>,
    clock: FixedClock,
    codes: Failing,
    users: KnownUsers,
    form: String,
}

impl Installation {
    /// A service with one client and one user, who has just allowed that client something.
    async fn start() -> Self {
        let (clock, codes, users) = (FixedClock::default(), Failing::default(), KnownUsers::default());
        let store = Arc::new(codes.store.clone());
        let ports = Ports {
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SeededEntropy::default()),
            clients: store.clone(),
            consents: store.clone(),
            audit: store.clone(),
            tokens: store.clone(),
            usage: store.clone(),
            // In place of `store.clone()`: nothing else changes.
            codes: Arc::new(codes.clone()),
            devices: store.clone(),
            sessions: store.clone(),
            attempts: store.clone(),
            directory: store.clone(),
            identity: Arc::new(users.clone()),
            sign_in: None,
            keys: store.clone(),
            signer: Arc::new(KeptTokens::default()),
            secrets: Arc::new(PlainHasher),
            passwords: Arc::new(PlainHasher),
            forms: Arc::new(KeylessForms),
            changes: Arc::new(LocalChanges::default()),
            probes: vec![store.clone()],
        };
        let resources = OwnResources {
            issuer: resource(ISSUER),
            audience: resource(ISSUER),
        };
        let client = a_client(1);
        let client = Client {
            profile: ClientProfile {
                refresh_tokens: true,
                ..client.profile
            },
            ..client
        };
        let code = AuthorizationCode {
            digest: Digest::of("the-code"),
            challenge: None,
            audience: resource(ISSUER),
            ..a_code(1)
        };
        ClientStore::insert(&*store, &client).await.unwrap();
        codes.insert(&code).await.unwrap();
        users.admit(&code.username);
        Self {
            application: Arc::new(Application::new(ports, Settings::new(resources))),
            clock,
            codes,
            users,
            form: format!(
                "grant_type=authorization_code&code=the-code&client_id={}&redirect_uri={}",
                client.client_id, code.redirect_uri
            ),
        }
    }

    /// One request through the routes; status, whether it says when to come back, and the body.
    async fn post(&self, form: &str) -> (StatusCode, bool, Value) {
        let settings = HttpSettings::for_issuer(ISSUER);
        let http = HttpService::new(self.application.clone(), settings, Brand::default()).unwrap();
        let service = init_service(http.app()).await;
        let request = TestRequest::post()
            .uri("/oauth/token")
            .insert_header(("Content-Type", "application/x-www-form-urlencoded"))
            .set_payload(form.to_owned());
        let response = call_service(&service, request.to_request()).await;
        let (status, again) = (response.status(), response.headers().contains_key(RETRY_AFTER));
        let body = to_bytes(response.into_body()).await.unwrap();
        (status, again, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn redeem(&self) -> (StatusCode, bool, Value) {
        self.post(&self.form).await
    }

    async fn refresh(&self, token: &str) -> StatusCode {
        let form = format!(
            "grant_type=refresh_token&refresh_token={token}&client_id={}",
            a_client(1).client_id
        );
        self.post(&form).await.0
    }
}

#[actix_web::test]
async fn a_code_outlives_the_failure_of_its_store() {
    let installation = Installation::start().await;
    installation.codes.down.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let (status, again, _) = installation.redeem().await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(again, "says when to come back");
    }
    installation.codes.down.store(false, Ordering::SeqCst);
    let (status, _, body) = installation.redeem().await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(
        installation.redeem().await.0,
        StatusCode::BAD_REQUEST,
        "a code is used once"
    );
}

#[actix_web::test]
async fn what_was_granted_goes_on_while_the_store_of_codes_is_down() {
    let installation = Installation::start().await;
    let (_, _, body) = installation.redeem().await;
    installation.codes.down.store(true, Ordering::SeqCst);
    assert_eq!(
        installation.refresh(body["refresh_token"].as_str().unwrap()).await,
        StatusCode::OK
    );
}

#[actix_web::test]
async fn a_code_is_good_for_a_minute_to_the_microsecond() {
    const TICK: Duration = Duration::from_micros(1);
    for (waited, expected) in [
        (Duration::from_mins(1).saturating_sub(TICK), StatusCode::OK),
        (Duration::from_mins(1), StatusCode::BAD_REQUEST),
    ] {
        let installation = Installation::start().await;
        installation.clock.advance(waited);
        assert_eq!(installation.redeem().await.0, expected, "after {waited:?}");
    }
}

#[actix_web::test]
async fn an_access_token_ends_when_it_said_it_would() {
    let installation = Installation::start().await;
    let (_, _, body) = installation.redeem().await;
    let lifetime = Duration::from_secs(body["expires_in"].as_u64().unwrap());
    let judged = async || {
        let (gate, token) = (&installation.application.gate, body["access_token"].as_str());
        let now = installation.application.now();
        let request = GateRequest::new(token, "GET", "/api/datasets/sales");
        gate.judge(request, now).await.unwrap()
    };
    assert!(matches!(judged().await, GateAnswer::Allowed { .. }));
    installation.clock.advance(lifetime);
    assert!(matches!(judged().await, GateAnswer::InvalidToken(_)));
}

#[actix_web::test]
async fn whoever_is_locked_refreshes_no_more() {
    let installation = Installation::start().await;
    let (_, _, body) = installation.redeem().await;
    installation.users.dismiss("ada");
    let refreshed = installation.refresh(body["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refreshed, StatusCode::BAD_REQUEST);
}
