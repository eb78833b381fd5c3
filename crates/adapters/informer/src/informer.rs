use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use hyper::header::HeaderValue;
use informer_oauth_domain::{
    secret::{Digest, Secret},
    timestamp::Timestamp,
    user::User,
};
use informer_oauth_ports::{
    Entropy, Identity, IdentityError, Probe, SignInPage, SignedIn, StatusSource, StoreError, UserStatus,
};
use moka::sync::Cache;
use tokio::time::{Instant, timeout_at};

use crate::{
    answers::{self, is_a_name},
    breaker::{self, Breaker},
    calls::{Calls, STORE, unavailable},
    cookie::Sid,
    remembered::{Remembered, told},
    settings::{InformerSettings, InvalidSetting, base},
    wire::{Answer, Ask, Credential, Wire},
};

/// For how long a user who was seen signed in counts as active, where there is no API token to ask with: as long as an
/// authorization code lives by default, so that what was just allowed can be redeemed.
pub const SHOWN_FOR: Duration = Duration::from_secs(60);

/// An Informer, as the one who knows the users.
pub struct Informer {
    pub(crate) settings: InformerSettings,
    pub(crate) calls: Calls,
    sessions: Remembered<Digest, Shown>,
    users: Remembered<String, User>,
    /// Who was seen signed in lately; used only without an API token.
    seen: Cache<String, User>,
    /// The last thing that Informer said of each user.
    last_known: Cache<String, LastKnown>,
}

/// Whether a user was active, and when Informer said so.
#[derive(Clone, Copy)]
struct LastKnown {
    active: bool,
    at: Timestamp,
}

/// A live session's user.
#[derive(Clone)]
struct Shown {
    user: User,
    expires_at: Timestamp,
    impersonator: Option<String>,
}

impl Informer {
    /// An Informer at these settings. Nothing is asked of it yet. Connections belong to the runtime that this is called in.
    pub fn new(settings: InformerSettings, entropy: Arc<dyn Entropy>) -> Result<Self, InvalidSetting> {
        if let Some(problem) = settings.problems().into_iter().next() {
            return Err(problem);
        }
        let of_url = |message: String| InvalidSetting { field: "url", message };
        let base = base(&settings.url).map_err(|message| of_url(message.to_owned()))?;
        let wire = Wire::new(&base, settings.header_map()).map_err(of_url)?;
        let breaker = Breaker::new(breaker::FAILURES, breaker::PAUSE);
        Ok(Self {
            calls: Calls::new(wire, breaker, entropy),
            sessions: Remembered::new(settings.remembered, settings.cached_for),
            users: Remembered::new(settings.remembered, settings.cached_for),
            seen: Cache::builder()
                .max_capacity(settings.remembered)
                .time_to_live(SHOWN_FOR)
                .build(),
            last_known: Cache::new(settings.remembered),
            settings,
        })
    }

    /// When a call that begins now must be over.
    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.settings.timeout
    }

    /// The API token as a credential, if there is one.
    pub(crate) fn own_credential(&self) -> Result<Option<Credential>, StoreError> {
        let Some(token) = &self.settings.api_token else {
            return Ok(None);
        };
        let text = Secret::new(format!("Bearer {}", token.expose()));
        Ok(Some(Credential::Bearer(header(&text)?)))
    }

    /// The request for a session, with its own cookie.
    pub(crate) fn session_question(&self, sid: &Sid) -> Result<Ask, StoreError> {
        let cookie = Secret::new(format!("{}={}", self.settings.session_cookie, sid.expose()));
        Ok(Ask {
            path: self.settings.path_of_session(sid.expose()),
            credential: Credential::Cookie(header(&cookie)?),
        })
    }

    async fn ask_session(&self, sid: &Sid, now: Timestamp, deadline: Instant) -> Result<Option<Shown>, StoreError> {
        let ask = self.session_question(sid)?;
        let credential = ask.credential.clone();
        let answer = self.calls.get("Identity.session", ask, deadline).await?;
        let session = match answer.status {
            200 => answers::session(&answer.body, self.settings.tenant.as_deref(), now).map_err(unavailable)?,
            401 | 403 | 404 => None,
            status => return Err(unexpected("a session", status)),
        };
        let Some(session) = session else {
            return Ok(None);
        };
        let ask = Ask {
            path: self.settings.path_of_user(&session.username),
            credential,
        };
        let answer = self.calls.get("Identity.session_user", ask, deadline).await?;
        let user = match answer.status {
            200 | 404 => self.read_user(&answer, &session.username)?,
            status => return Err(unexpected("the user of a live session", status)),
        };
        match &user {
            Some(user) => self.seen.insert(session.username.clone(), user.clone()),
            None => self.seen.invalidate(&session.username),
        }
        self.note_status(&session.username, user.is_some(), now);
        // A code that was just allowed is redeemed at once: its user need not be asked for again.
        self.users.remember(session.username, user.clone()).await;
        Ok(user.map(|user| Shown {
            user,
            expires_at: session.expires_at,
            impersonator: session.impersonator,
        }))
    }

    async fn ask_user(
        &self,
        username: &str,
        credential: Credential,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Option<User>, StoreError> {
        let ask = Ask {
            path: self.settings.path_of_user(username),
            credential,
        };
        let answer = self.calls.get("Identity.active_user", ask, deadline).await?;
        match answer.status {
            200 | 404 => {
                let user = self.read_user(&answer, username)?;
                self.note_status(username, user.is_some(), now);
                Ok(user)
            }
            status @ (401 | 403) => Err(unavailable(format_args!(
                "it refuses the API token ({status}): check identity.informer.api_token"
            ))),
            status => Err(unexpected("a user", status)),
        }
    }

    fn note_status(&self, username: &str, active: bool, now: Timestamp) {
        self.last_known
            .insert(username.to_owned(), LastKnown { active, at: now });
    }

    /// A user who is there and neither locked nor disabled.
    fn read_user(&self, answer: &Answer, username: &str) -> Result<Option<User>, StoreError> {
        if answer.status == 404 {
            return Ok(None);
        }
        answers::user(&answer.body, username, &self.settings).map_err(unavailable)
    }
}

#[async_trait]
impl Identity for Informer {
    fn session_cookie(&self) -> &str {
        &self.settings.session_cookie
    }

    fn sign_in_page(&self) -> SignInPage {
        SignInPage::Elsewhere(self.settings.login_url.clone())
    }

    async fn session_user(&self, cookie: &Secret, now: Timestamp) -> Result<Option<SignedIn>, IdentityError> {
        let Some(sid) = Sid::parse(cookie) else {
            return Ok(None);
        };
        let deadline = self.deadline();
        let ask = self.ask_session(&sid, now, deadline);
        let shown = in_time(deadline, self.sessions.or_ask(sid.key(), ask)).await?;
        // What is remembered may have ended meanwhile.
        let shown = shown.filter(|shown| shown.expires_at > now);
        Ok(shown.map(|shown| SignedIn {
            user: shown.user,
            session: sid.form_digest(),
            impersonator: shown.impersonator,
        }))
    }

    async fn active_user(&self, username: &str, now: Timestamp) -> Result<Option<User>, IdentityError> {
        if !is_a_name(username) {
            return Ok(None);
        }
        let Some(credential) = self.own_credential()? else {
            return self.seen.get(username).map(Some).ok_or_else(|| {
                IdentityError::Unavailable(
                    "identity.informer.api_token is not set, and the user's browser was not here within the last minute"
                        .into(),
                )
            });
        };
        let deadline = self.deadline();
        let ask = self.ask_user(username, credential, now, deadline);
        in_time(deadline, self.users.or_ask(username.to_owned(), ask)).await
    }

    async fn user_status(&self, username: &str, now: Timestamp) -> Result<UserStatus, IdentityError> {
        let (error, source): (_, fn(LastKnown) -> StatusSource) = if self.settings.api_token.is_some() {
            match self.active_user(username, now).await {
                Ok(user) => {
                    return Ok(UserStatus {
                        active: user.is_some(),
                        source: StatusSource::Current,
                    });
                }
                Err(error) => (error, |known| StatusSource::LastKnown(known.at)),
            }
        } else {
            let never = "identity.informer.api_token is not set, and the user's browser has not been here";
            (IdentityError::Unavailable(never.into()), |_| StatusSource::LastVisit)
        };
        let known = self.last_known.get(username).ok_or(error)?;
        Ok(UserStatus {
            active: known.active,
            source: source(known),
        })
    }

    /// It is, if it has answered within a second, or does so now, within a quarter of the time that a question may take: the
    /// question follows.
    async fn ready(&self) -> Result<(), IdentityError> {
        if self.calls.answered_within(ANSWERS_STILL) {
            return Ok(());
        }
        let deadline = Instant::now() + self.settings.timeout / 4;
        self.answers(deadline).await.map_err(|error| told(&error))
    }
}

/// For how long an answer is taken as a sign that the next one will come, too.
const ANSWERS_STILL: Duration = Duration::from_secs(1);

/// Whether Informer answers at all: asked for a session without a cookie, which it refuses.
#[async_trait]
impl Probe for Informer {
    fn name(&self) -> &'static str {
        STORE
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.answers(self.deadline()).await
    }
}

impl Informer {
    async fn answers(&self, deadline: Instant) -> Result<(), StoreError> {
        match self.ask_nobodys_session(deadline).await?.status {
            status @ 500.. => Err(unexpected("a session", status)),
            _ => Ok(()),
        }
    }

    /// Asks for a session in nobody's name.
    pub(crate) async fn ask_nobodys_session(&self, deadline: Instant) -> Result<Answer, StoreError> {
        let ask = Ask {
            path: self.settings.path_of_session("none"),
            credential: Credential::Nobody,
        };
        self.calls.get("Probe.check", ask, deadline).await
    }
}

/// Whoever waits for what another one asked has a time of their own.
async fn in_time<T>(
    deadline: Instant,
    asked: impl Future<Output = Result<T, IdentityError>>,
) -> Result<T, IdentityError> {
    timeout_at(deadline, asked)
        .await
        .unwrap_or_else(|_| Err(IdentityError::Unavailable("no answer in time".into())))
}

fn unexpected(asked: &str, status: u16) -> StoreError {
    unavailable(format_args!("asked for {asked}, it answers {status}"))
}

/// A header that does not show itself. What is in it was checked before.
fn header(value: &Secret) -> Result<HeaderValue, StoreError> {
    let mut header =
        HeaderValue::from_str(value.expose()).map_err(|_| unavailable("a credential is not fit for a header"))?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
