//! A running service with a signed-in administrator: where every test begins.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use url::Url;

use super::{Answer, Ask, Browser, Client, Code, Http, Request, Tokens};
use crate::common::Service;

/// The password of every user that a test adds.
pub(crate) const PASSWORD: &str = "a rather long passphrase";

static NAMES: AtomicU32 = AtomicU32::new(1);

/// A service and the people and programs around it.
pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) http: Http,
    pub(crate) admin: Browser,
    pub(crate) issuer: String,
}

impl World {
    /// A fresh service, with a signed-in administrator.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// A fresh service with settings.
    pub(crate) fn start_with(environment: &[(&str, &str)]) -> Self {
        Self::around(Service::start_with(environment))
    }

    /// A service that has just had its first start.
    pub(crate) fn around(service: Service) -> Self {
        let http = Http::to(service.base());
        let admin = Browser::signed_in(service.base(), service.admin_username(), service.admin_password());
        let metadata = http.get("/.well-known/oauth-authorization-server").oauth_json();
        let issuer = metadata["issuer"].as_str().unwrap().to_owned();
        Self {
            service,
            http,
            admin,
            issuer,
        }
    }

    pub(crate) fn base(&self) -> &str {
        self.service.base()
    }

    pub(crate) fn base_url(&self) -> Url {
        Url::parse(self.base()).unwrap()
    }

    /// Connections are of no use after a restart.
    pub(crate) fn reconnect(&mut self) {
        self.http = Http::to(self.service.base());
        self.admin.http = Http::to(self.service.base());
    }

    // People

    /// Adds an ordinary user and signs them in.
    #[track_caller]
    pub(crate) fn user(&self, username: &str) -> Browser {
        self.add_user(&["user", "add", username, "--password-stdin"]);
        Browser::signed_in(self.base(), username, PASSWORD)
    }

    /// Adds a second superuser and signs them in.
    #[track_caller]
    pub(crate) fn superuser(&self, username: &str) -> Browser {
        self.add_user(&["user", "add", username, "--superuser", "--password-stdin"]);
        Browser::signed_in(self.base(), username, PASSWORD)
    }

    #[track_caller]
    fn add_user(&self, arguments: &[&str]) {
        let output = self.service.cli_with_input(arguments, &format!("{PASSWORD}\n"));
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    // Clients

    /// Registers a client from its fields; `name` is made up where it is missing.
    #[track_caller]
    pub(crate) fn register(&self, mut fields: Value) -> Client {
        if fields.get("name").is_none() {
            fields["name"] = json!(format!("App {}", NAMES.fetch_add(1, Ordering::Relaxed)));
        }
        let made = self
            .admin
            .api("POST", "/api/oauth-clients", Some(&fields))
            .is(201)
            .json();
        Client {
            id: made["id"].as_str().unwrap().to_owned(),
            client_id: made["client_id"].as_str().unwrap().to_owned(),
            secret: None,
            redirect_uri: made["redirect_uri"][0].as_str().unwrap_or_default().to_owned(),
        }
    }

    /// A public client: PKCE, refresh tokens, every scope.
    #[track_caller]
    pub(crate) fn public_client(&self) -> Client {
        self.register(json!({ "redirect_uri": ["https://app.example/cb"], "pkce": true, "enableRefreshTokens": true }))
    }

    /// A confidential client without PKCE, with refresh tokens and every scope.
    #[track_caller]
    pub(crate) fn confidential_client(&self) -> Client {
        self.confidential(json!({}))
    }

    /// A confidential client with further fields.
    #[track_caller]
    pub(crate) fn confidential(&self, further: Value) -> Client {
        let mut fields =
            json!({ "redirect_uri": ["https://server.example/cb"], "pkce": false, "enableRefreshTokens": true });
        for (name, value) in further.as_object().unwrap() {
            fields[name] = value.clone();
        }
        let client = self.register(fields);
        let secret = self.new_secret(&client, &json!({}));
        client.with_secret(secret["secret"].as_str().unwrap())
    }

    /// Makes a secret.
    #[track_caller]
    pub(crate) fn new_secret(&self, client: &Client, fields: &Value) -> Value {
        self.admin
            .api(
                "POST",
                &format!("/api/oauth-clients/{}/secrets", client.id),
                Some(fields),
            )
            .is(201)
            .json()
    }

    /// Changes fields of a client.
    #[track_caller]
    pub(crate) fn patch(&self, client: &Client, fields: &Value) -> Value {
        self.admin
            .api("PATCH", &format!("/api/oauth-clients/{}", client.id), Some(fields))
            .is(200)
            .json()
    }

    /// Calls a management endpoint below the client as administrator.
    #[track_caller]
    pub(crate) fn manage(&self, client: &Client, method: &str, below: &str, body: Option<&Value>) -> Answer {
        self.admin
            .api(method, &format!("/api/oauth-clients/{}{below}", client.id), body)
    }

    // Codes and tokens

    /// A code for the administrator's own account.
    #[track_caller]
    pub(crate) fn code(&self, client: &Client) -> Code {
        self.admin.code(&Self::natural_ask(client))
    }

    /// What a client of its kind would ask: PKCE where it has no secret.
    pub(crate) fn natural_ask(client: &Client) -> Ask {
        if client.secret.is_some() {
            Ask::plainly_of(client)
        } else {
            Ask::of(client)
        }
    }

    /// Tokens for the administrator's own account, with the client's default scope.
    #[track_caller]
    pub(crate) fn tokens(&self, client: &Client) -> Tokens {
        self.tokens_for(&self.admin, client, &Self::natural_ask(client))
    }

    /// Tokens with a scope.
    #[track_caller]
    pub(crate) fn tokens_with(&self, client: &Client, scope: &str) -> Tokens {
        self.tokens_for(&self.admin, client, &Self::natural_ask(client).with("scope", scope))
    }

    /// Tokens for a user and a request.
    #[track_caller]
    pub(crate) fn tokens_for(&self, user: &Browser, client: &Client, ask: &Ask) -> Tokens {
        let code = user.code(ask);
        Tokens::read(self.redeem(client, &code).oauth_json())
    }

    #[track_caller]
    pub(crate) fn redeem(&self, client: &Client, code: &Code) -> Answer {
        self.http.send(client.redemption(code))
    }

    #[track_caller]
    pub(crate) fn refresh(&self, client: &Client, refresh_token: &str) -> Answer {
        self.http.send(client.refreshment(refresh_token))
    }

    /// A refresh that must work.
    #[track_caller]
    pub(crate) fn refreshed(&self, client: &Client, refresh_token: &str) -> Tokens {
        Tokens::read(self.refresh(client, refresh_token).oauth_json())
    }

    /// Refreshes until it is refused, within a second and with the newest token each time, and gives the `error`. The last
    /// token is then good as far as the client can know.
    #[track_caller]
    pub(crate) fn refused_within_a_second(&self, client: &Client, refresh_token: &str) -> (String, String) {
        let mut token = refresh_token.to_owned();
        let mut error = None;
        let refused = super::comes_true(super::A_SECOND, || {
            let answer = self.refresh(client, &token);
            if answer.status == 200 {
                Tokens::read(answer.oauth_json()).refresh().clone_into(&mut token);
            } else {
                error = Some(answer.json()["error"].as_str().unwrap().to_owned());
            }
            error.is_some()
        });
        assert!(refused, "it is still refreshed");
        (error.unwrap(), token)
    }

    #[track_caller]
    pub(crate) fn introspect(&self, client: &Client, token: &str) -> Value {
        self.http
            .send(client.post("/oauth/introspect", &[("token", token)]))
            .oauth_json()
    }

    #[track_caller]
    pub(crate) fn revoke(&self, client: &Client, token: &str) -> Answer {
        self.http.send(client.post("/oauth/revoke", &[("token", token)]))
    }

    /// Asks the gate as nginx would.
    #[track_caller]
    pub(crate) fn gate(&self, method: &str, uri: &str, token: Option<&str>) -> Answer {
        self.http.send(gate_request(method, uri, token))
    }

    /// Whether an access token still gets through the gate.
    #[track_caller]
    pub(crate) fn works(&self, access_token: &str) -> bool {
        let answer = self.gate("GET", "/api/profile", Some(access_token));
        assert!([200, 401].contains(&answer.status), "{answer}");
        answer.status == 200
    }

    // The audit log

    /// The events of a client, newest first.
    #[track_caller]
    pub(crate) fn events(&self, client: &Client) -> Vec<Value> {
        let page = self.manage(client, "GET", "/events?limit=200", None).is(200).json();
        let embedded = page["_embedded"].as_object().unwrap_or_else(|| panic!("{page}"));
        assert_eq!(embedded.len(), 1, "{page}");
        embedded.values().next().unwrap().as_array().unwrap().clone()
    }

    /// How many events of a kind a client has.
    #[track_caller]
    pub(crate) fn count_events(&self, client: &Client, kind: &str) -> usize {
        self.events(client)
            .iter()
            .filter(|event| is_of_kind(event, kind))
            .count()
    }
}

/// Whether an event is of a kind, whatever the member is called.
pub(crate) fn is_of_kind(event: &Value, kind: &str) -> bool {
    event
        .as_object()
        .is_some_and(|members| members.values().any(|value| value == kind))
}

/// The request that a proxy makes of the gate.
pub(crate) fn gate_request(method: &str, uri: &str, token: Option<&str>) -> Request {
    let request = Request::get("/oauth/verify")
        .header("X-Original-Method", method)
        .header("X-Original-URI", uri);
    match token {
        Some(token) => request.bearer(token),
        None => request,
    }
}
