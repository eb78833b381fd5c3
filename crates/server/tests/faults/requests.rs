//! What is asked of the replicas.

use url::Url;

use crate::{
    history::{Deed, Family, Grant, Outcome},
    support::{Answer, Ask, Browser, Client, Code, Redirected, Request, Value, credentials, json},
    talk::{Format, Talk},
};

impl Talk {
    /// Whose a family is.
    pub(crate) fn owner(&self, family: Family) -> Client {
        self.owners.lock().unwrap()[&family].clone()
    }

    /// The client with this secret.
    pub(crate) fn holder(&self, secret: &str) -> Client {
        self.holders.lock().unwrap()[secret].clone()
    }

    /// Fills in the sign-in page and does something with the session.
    pub(crate) fn sign_in_and_look(&self, replica: usize) {
        let http = self.http(replica);
        let visit = Request::get("/oauth/sign-in").header("Accept", "text/html");
        let Some(page) = http.try_send(visit).ok().filter(|page| page.status == 200) else {
            return;
        };
        let form = credentials(&page, "admin", &self.password);
        let request = Request::post("/oauth/sign-in")
            .header("Accept", "text/html")
            .header("Origin", &http.base().origin().ascii_serialization())
            .header("Cookie", &cookies_of(&page))
            .form(&form.fields);
        let mut session = String::new();
        let read = |answer: &Answer| match answer.status {
            302 | 303 => {
                session = cookies_of(answer);
                Some(Outcome::Given(()))
            }
            401 | 403 => Some(Outcome::Refused),
            _ => None,
        };
        let signed_in = self.ask(replica, Format::Page, request, read, |outcome| Deed::SignIn { outcome });
        if signed_in.is_given() {
            let request = Browser::scripted("GET", "/api/oauth-clients-list", None).header("Cookie", &session);
            let read = |answer: &Answer| read_managed(answer, 200, drop);
            self.ask(replica + 1, Format::Informer, request, read, |outcome| {
                Deed::UseSession { outcome }
            });
        }
    }

    /// Registers a client that asks for codes; the client itself, when it was acknowledged.
    pub(crate) fn register(&self, replica: usize) -> Option<Client> {
        let fields = json!({
            "name": "An app", "redirect_uri": ["https://app.example/cb"], "pkce": true, "enableRefreshTokens": true
        });
        let request = self.manage("POST", "/api/oauth-clients", Some(&fields));
        let mut made = None;
        let read = |answer: &Answer| {
            read_managed(answer, 201, |body| {
                let text = |name: &str| body[name].as_str().unwrap().to_owned();
                made = Some(Client {
                    id: text("id"),
                    client_id: text("client_id"),
                    secret: None,
                    redirect_uri: "https://app.example/cb".to_owned(),
                });
                text("id")
            })
        };
        self.ask(replica, Format::Informer, request, read, |outcome| Deed::Register {
            outcome,
        });
        made
    }

    pub(crate) fn read_client(&self, replica: usize, client: &str) {
        let request = self.manage("GET", &format!("/api/oauth-clients/{client}"), None);
        let read = |answer: &Answer| read_managed(answer, 200, drop);
        self.ask(replica, Format::Informer, request, read, |outcome| Deed::ReadClient {
            client: client.to_owned(),
            outcome,
        });
    }

    /// Makes a secret: where it is and what it is.
    pub(crate) fn add_secret(&self, replica: usize, client: &Client) -> Option<(String, Client)> {
        let path = format!("/api/oauth-clients/{}/secrets", client.id);
        let request = self.manage("POST", &path, Some(&json!({})));
        let mut made = None;
        let read = |answer: &Answer| {
            read_managed(answer, 201, |body| {
                let secret = body["secret"].as_str().unwrap().to_owned();
                let path = format!("{path}/{}", body["id"].as_str().unwrap());
                made = Some((path, client.with_secret(&secret)));
                secret
            })
        };
        self.ask(replica, Format::Informer, request, read, |outcome| Deed::AddSecret {
            outcome,
        });
        if let Some((_, client)) = &made {
            let secret = client.secret.clone().unwrap();
            self.holders.lock().unwrap().insert(secret, client.clone());
        }
        made
    }

    pub(crate) fn remove_secret(&self, replica: usize, path: &str, client: &Client) -> Outcome<()> {
        let secret = client.secret.clone().unwrap();
        let request = self.manage("DELETE", path, None);
        let read = |answer: &Answer| read_managed(answer, 204, drop);
        self.ask(replica, Format::Informer, request, read, |outcome| Deed::RemoveSecret {
            secret,
            outcome,
        })
    }

    /// Uses a secret for what only needs one.
    pub(crate) fn authenticate(&self, replica: usize, client: &Client) -> Outcome<()> {
        let secret = client.secret.clone().unwrap();
        let request = client.post("/oauth/introspect", &[("token", "none")]);
        let read = |answer: &Answer| match answer.status {
            200 => Some(Outcome::Given(())),
            401 => Some(Outcome::Refused),
            _ => None,
        };
        self.ask(replica, Format::OAuth, request, read, |outcome| Deed::Authenticate {
            secret,
            outcome,
        })
    }

    /// Allows a client what it asks for, for a code. A session that was lost with Redis is a refusal.
    pub(crate) fn consent(&self, replica: usize, client: &Client) -> Outcome<(Family, Code)> {
        let ask = Ask::of(client);
        let request = self.manage("POST", "/api/oauth/authorize", Some(&ask.decision(true)));
        let family = self.history.new_family();
        let mut code = None;
        let read = |answer: &Answer| {
            read_managed(answer, 200, |body| {
                let target = Url::parse(body["redirect_uri"].as_str().unwrap()).unwrap();
                code = Some(Code {
                    code: Redirected(target).code(),
                    redirect_uri: ask.get("redirect_uri").map(str::to_owned),
                    verifier: ask.verifier.clone(),
                });
                family
            })
        };
        let outcome = self.ask(replica, Format::Informer, request, read, |outcome| Deed::Consent {
            client: client.client_id.clone(),
            outcome,
        });
        self.owners.lock().unwrap().insert(family, client.clone());
        match outcome {
            Outcome::Given(family) => Outcome::Given((family, code.unwrap())),
            Outcome::Refused => Outcome::Refused,
            Outcome::Unavailable => Outcome::Unavailable,
            Outcome::Lost => Outcome::Lost,
        }
    }

    /// Whether consent is on record.
    pub(crate) fn ask_consent(&self, replica: usize, client_id: &str) {
        let client = Client {
            id: String::new(),
            client_id: client_id.to_owned(),
            secret: None,
            redirect_uri: "https://app.example/cb".to_owned(),
        };
        let request = self.manage("GET", &Ask::of(&client).api(), None);
        let read = |answer: &Answer| read_managed(answer, 200, |body| body["consent"].as_bool().unwrap());
        self.ask(replica, Format::Informer, request, read, |outcome| Deed::AskConsent {
            client: client_id.to_owned(),
            outcome,
        });
    }

    pub(crate) fn redeem(&self, replica: usize, client: &Client, family: Family, code: &Code) -> Outcome<Grant> {
        let request = client.redemption(code);
        self.ask(replica, Format::OAuth, request, read_grant, |outcome| Deed::Redeem {
            family,
            outcome,
        })
    }

    pub(crate) fn refresh(&self, replica: usize, client: &Client, family: Family, token: &str) -> Outcome<Grant> {
        let request = client.refreshment(token);
        self.ask(replica, Format::OAuth, request, read_grant, |outcome| Deed::Refresh {
            family,
            presented: token.to_owned(),
            outcome,
        })
    }

    pub(crate) fn revoke(&self, replica: usize, client: &Client, family: Family, token: &str) -> Outcome<()> {
        let request = client.post("/oauth/revoke", &[("token", token)]);
        let read = |answer: &Answer| (answer.status == 200).then_some(Outcome::Given(()));
        self.ask(replica, Format::OAuth, request, read, |outcome| Deed::Revoke {
            family,
            outcome,
        })
    }

    pub(crate) fn inspect_access(&self, replica: usize, by: &Client, family: Family, token: &str) -> Outcome<bool> {
        let request = by.post("/oauth/introspect", &[("token", token)]);
        self.ask(replica, Format::OAuth, request, read_active, |outcome| {
            Deed::InspectAccess { family, outcome }
        })
    }

    pub(crate) fn inspect_refresh(&self, replica: usize, by: &Client, family: Family, token: &str) -> Outcome<bool> {
        let request = by.post("/oauth/introspect", &[("token", token)]);
        self.ask(replica, Format::OAuth, request, read_active, |outcome| {
            Deed::InspectRefresh {
                family,
                token: token.to_owned(),
                outcome,
            }
        })
    }
}

/// The cookies that an answer sets, as they are sent back.
fn cookies_of(answer: &Answer) -> String {
    let pairs = answer.headers("set-cookie").into_iter();
    let pairs: Vec<&str> = pairs.filter_map(|cookie| cookie.split(';').next()).collect();
    pairs.join("; ")
}

/// An answer of the Informer API; refused also when nobody is signed in, or what is meant is not there.
fn read_managed<T>(answer: &Answer, expected: u16, read: impl FnOnce(Value) -> T) -> Option<Outcome<T>> {
    match answer.status {
        status if status == expected => {
            let body = serde_json::from_slice(&answer.body).unwrap_or_default();
            Some(Outcome::Given(read(body)))
        }
        401 | 404 => Some(Outcome::Refused),
        _ => None,
    }
}

fn read_grant(answer: &Answer) -> Option<Outcome<Grant>> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    match answer.status {
        200 => Some(Outcome::Given(Grant {
            access: text("access_token")?,
            refresh: text("refresh_token")?,
        })),
        400 if body["error"] == "invalid_grant" => Some(Outcome::Refused),
        _ => None,
    }
}

fn read_active(answer: &Answer) -> Option<Outcome<bool>> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    (answer.status == 200).then_some(())?;
    body["active"].as_bool().map(Outcome::Given)
}
