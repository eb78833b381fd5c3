//! Two replicas on stores of their own, and how their users speak to them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, RwLock},
    time::{Duration, Instant},
};

use informer_oauth_testkit::servers::{ThrowawayPostgres, redis::RedisServer};
use url::Url;

use crate::{
    common::{Service, stores::ProductionStores},
    history::{Call, Deed, Family, Grant, History, Outcome},
    support::{Answer, Ask, Browser, Client, Code, Http, Redirected, Request, Value, World, json},
};

/// How long any answer may take: two seconds, and a moment because the machine that runs the tests has other things to do.
pub(crate) const IN_TIME: Duration = Duration::from_millis(2500);

/// How soon what needs no store is answered, whatever else is asked and missing.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(1);

/// Nobody is locked out for what the virtual users get wrong on purpose.
const LENIENT: [(&str, &str); 2] = [
    ("INFORMER_OAUTH__LIMITS__CLIENT_ATTEMPTS", "1000000"),
    ("INFORMER_OAUTH__LIMITS__CLIENT_ADDRESS_ATTEMPTS", "1000000"),
];

/// For as long as a retry window can be.
const RETRY_WINDOW: (&str, &str) = ("INFORMER_OAUTH__TOKENS__REFRESH_RETRY_WINDOW", "600");

/// Two replicas, their stores, and what was asked of them.
pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) second: Service,
    pub(crate) postgres: ThrowawayPostgres,
    pub(crate) redis: RedisServer,
    pub(crate) talk: Talk,
    /// What every virtual user uses.
    pub(crate) public: Client,
    /// A resource server.
    pub(crate) inspector: Client,
}

/// Speaks to the replicas and writes down what it hears. An answer that the contract does not know is a complaint.
pub(crate) struct Talk {
    replicas: [Http; 2],
    session: RwLock<String>,
    pub(crate) history: History,
    complaints: Mutex<Vec<String>>,
    calm: Mutex<bool>,
    delays: Mutex<Delays>,
    /// Whose the families are.
    owners: Mutex<BTreeMap<Family, Client>>,
    /// Whose the secrets are, each with its own.
    holders: Mutex<BTreeMap<String, Client>>,
}

/// How long answers took.
#[derive(Default)]
struct Delays {
    /// The longest of what needs no store: as far as the machine, not the service, was busy.
    pulse: Duration,
    /// Answers that took longer than [`IN_TIME`].
    late: Vec<(Duration, String)>,
}

impl Site {
    /// A site whose Redis has further arguments.
    pub(crate) fn start(redis: &[&str]) -> Self {
        let postgres = ThrowawayPostgres::start();
        let redis = RedisServer::start_with(redis);
        let stores = Arc::new(ProductionStores::on(&postgres, (redis.url(), None)));
        let world = World::around(Service::start_on(&stores, &LENIENT));
        let second = world.service.replica();
        let public = world.public_client();
        let inspector = world.confidential(json!({ "introspect": true }));
        let talk = Talk {
            replicas: [Http::to(world.base()), Http::to(second.base())],
            session: RwLock::new(cookies(&world.admin)),
            history: History::new(),
            complaints: Mutex::default(),
            calm: Mutex::new(true),
            delays: Mutex::default(),
            owners: Mutex::default(),
            holders: Mutex::default(),
        };
        Self {
            world,
            second,
            postgres,
            redis,
            talk,
            public,
            inspector,
        }
    }

    /// From now on a retry gets the same successor; the history begins anew.
    pub(crate) fn open_retry_window(&mut self) {
        let [world, second] = [&mut self.world.service, &mut self.second];
        for service in [world, second] {
            service.set(RETRY_WINDOW.0, RETRY_WINDOW.1);
            service.restart();
        }
        self.talk.replicas = [Http::to(self.world.base()), Http::to(self.second.base())];
        self.talk.history = History::new();
    }

    /// Fails when a replica has panicked, or something was answered that the contract does not know.
    pub(crate) fn has_no_complaint(&self) {
        let complaints = self.talk.complaints.lock().unwrap();
        assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
        let Delays { pulse, late } = std::mem::take(&mut *self.talk.delays.lock().unwrap());
        assert!(pulse < AT_ONCE, "what needs no store took {pulse:?}");
        if let Some((took, what)) = late.iter().max()
            && *took > IN_TIME + pulse
        {
            panic!("after {took:?}, when what needs no store took {pulse:?}: {what}");
        }
        for service in [&self.world.service, &self.second] {
            let log = service.log();
            let panicked = log.lines().find(|line| line.contains("panicked"));
            assert_eq!(panicked, None);
        }
    }
}

fn cookies(browser: &Browser) -> String {
    let pairs = browser.cookies().into_iter();
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("; ")
}

/// In which format an endpoint says that it is unavailable.
#[derive(Clone, Copy)]
enum Format {
    OAuth,
    Informer,
}

impl Format {
    fn is_unavailable(self, answer: &Answer) -> bool {
        let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
            return false;
        };
        let says = match self {
            Self::OAuth => body["error"] == "temporarily_unavailable",
            Self::Informer => body["statusCode"] == 503 && body["error"] == "Service Unavailable",
        };
        let wait = answer.header("retry-after").and_then(|wait| wait.parse::<u32>().ok());
        says && wait.is_some_and(|wait| wait > 0)
    }
}

impl Talk {
    /// Whether there is no fault and no load.
    pub(crate) fn set_calm(&self, calm: bool) {
        *self.calm.lock().unwrap() = calm;
    }

    pub(crate) fn http(&self, replica: usize) -> &Http {
        &self.replicas[replica % 2]
    }

    /// Asks for what needs no store, and notes how long it took.
    pub(crate) fn feel_pulse(&self, replica: usize) {
        let asked = Instant::now();
        // A replica that was killed has none.
        if let Ok(answer) = self.http(replica).try_send(Request::get("/health/live")) {
            assert_eq!(answer.status, 200, "{answer}");
            let mut delays = self.delays.lock().unwrap();
            delays.pulse = delays.pulse.max(asked.elapsed());
        }
    }

    /// Asks, reads and writes down. `read` knows the answers that the contract has, 503 aside.
    fn ask<T: Clone>(
        &self,
        replica: usize,
        format: Format,
        request: Request,
        read: impl FnOnce(&Answer) -> Option<Outcome<T>>,
        deed: impl FnOnce(Outcome<T>) -> Deed,
    ) -> Outcome<T> {
        let calm = *self.calm.lock().unwrap();
        let start = self.history.now();
        let answer = self.http(replica).try_send(request);
        let end = self.history.now();
        let complain = |what: String| self.complaints.lock().unwrap().push(what);
        let outcome = match &answer {
            Ok(answer) if answer.status == 503 => {
                if !format.is_unavailable(answer) {
                    complain(format!("not as unavailability is said: {answer}"));
                }
                Outcome::Unavailable
            }
            Ok(answer) => read(answer).unwrap_or_else(|| {
                complain(format!("unexpected: {answer}"));
                Outcome::Lost
            }),
            Err(error) => {
                if error.is_timeout() {
                    complain(format!("no answer: {error:?}"));
                }
                Outcome::Lost
            }
        };
        if end - start > IN_TIME {
            let what = answer.map_or_else(|error| format!("{error:?}"), |answer| answer.to_string());
            self.delays.lock().unwrap().late.push((end - start, what));
        }
        let deed = deed(outcome.clone());
        self.history.add(Call { start, end, calm, deed });
        outcome
    }

    /// Signs in again, when Redis has forgotten the session.
    pub(crate) fn sign_in(&self, service: &Service) {
        let admin = Browser::signed_in(service.base(), service.admin_username(), service.admin_password());
        *self.session.write().unwrap() = cookies(&admin);
    }

    /// Whose a family is.
    pub(crate) fn owner(&self, family: Family) -> Client {
        self.owners.lock().unwrap()[&family].clone()
    }

    /// The client with this secret.
    pub(crate) fn holder(&self, secret: &str) -> Client {
        self.holders.lock().unwrap()[secret].clone()
    }

    fn manage(&self, method: &str, path: &str, body: Option<&Value>) -> Request {
        Browser::scripted(method, path, body).header("Cookie", &self.session.read().unwrap())
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
