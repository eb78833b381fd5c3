//! Asking the replicas, and writing down what they answer, and how soon.

use std::{
    collections::BTreeMap,
    sync::{Mutex, RwLock},
    time::{Duration, Instant},
};

use crate::{
    common::Service,
    history::{Call, Deed, Family, History, Outcome},
    support::{Answer, Browser, Client, Http, Request, Value},
};

/// How long any answer may take: two seconds, and a moment because the machine that runs the tests has other things to do.
pub(crate) const IN_TIME: Duration = Duration::from_millis(2500);

/// How soon what needs no store is answered, whatever else is asked and missing.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(1);

/// Speaks to the replicas and writes down what it hears. An answer that the contract does not know is a complaint.
pub(crate) struct Talk {
    replicas: [Http; 2],
    session: RwLock<String>,
    /// The administrator's.
    pub(crate) password: String,
    pub(crate) history: History,
    complaints: Mutex<Vec<String>>,
    calm: Mutex<bool>,
    delays: Mutex<Delays>,
    /// Whose the families are.
    pub(crate) owners: Mutex<BTreeMap<Family, Client>>,
    /// Whose the secrets are, each with its own.
    pub(crate) holders: Mutex<BTreeMap<String, Client>>,
}

/// How long answers took.
#[derive(Default)]
struct Delays {
    /// The longest of what needs no store: as far as the machine, not the service, was busy.
    pulse: Duration,
    /// Answers that took longer than [`IN_TIME`].
    late: Vec<(Duration, String)>,
}

/// In which format an endpoint says that it is unavailable.
#[derive(Clone, Copy)]
pub(crate) enum Format {
    OAuth,
    Informer,
    Page,
}

impl Format {
    fn is_unavailable(self, answer: &Answer) -> bool {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let says = match self {
            Self::OAuth => body["error"] == "temporarily_unavailable",
            Self::Informer => body["statusCode"] == 503 && body["error"] == "Service Unavailable",
            Self::Page => answer
                .header("content-type")
                .is_some_and(|kind| kind.starts_with("text/html")),
        };
        let wait = answer.header("retry-after").and_then(|wait| wait.parse::<u32>().ok());
        says && wait.is_some_and(|wait| wait > 0)
    }
}

impl Talk {
    /// With these two, as their administrator.
    pub(crate) fn with(replicas: [&Service; 2]) -> Self {
        let talk = Self {
            replicas: replicas.map(|service| Http::to(service.base())),
            session: RwLock::default(),
            password: replicas[0].admin_password().to_owned(),
            history: History::new(),
            complaints: Mutex::default(),
            calm: Mutex::new(true),
            delays: Mutex::default(),
            owners: Mutex::default(),
            holders: Mutex::default(),
        };
        talk.sign_in(replicas[0]);
        talk
    }

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
    pub(crate) fn ask<T: Clone>(
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
        let took = end.saturating_sub(start);
        if took > IN_TIME {
            let what = answer.map_or_else(|error| format!("{error:?}"), |answer| answer.to_string());
            self.delays.lock().unwrap().late.push((took, what));
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

    /// A request of the administrator's.
    pub(crate) fn manage(&self, method: &str, path: &str, body: Option<&Value>) -> Request {
        Browser::scripted(method, path, body).header("Cookie", &self.session.read().unwrap())
    }

    /// Fails when something was answered that the contract does not know, or too late.
    #[track_caller]
    pub(crate) fn has_no_complaint(&self) {
        let complaints = self.complaints.lock().unwrap();
        assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
        let Delays { pulse, late } = std::mem::take(&mut *self.delays.lock().unwrap());
        assert!(pulse < AT_ONCE, "what needs no store took {pulse:?}");
        if let Some((took, what)) = late.iter().max()
            && *took > IN_TIME + pulse
        {
            panic!("after {took:?}, when what needs no store took {pulse:?}: {what}");
        }
    }
}

fn cookies(browser: &Browser) -> String {
    let pairs = browser.cookies().into_iter();
    let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("; ")
}
