//! What an operator wants to know of an Informer before users do.

use informer_oauth_domain::{secret::Secret, timestamp::Timestamp};
use informer_oauth_ports::StoreError;
use serde_json::Value;

use crate::{calls::unavailable, cookie::Sid, informer::Informer, wire::Ask};

/// What Informer answers when nobody in particular asks for a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reached {
    /// That there is none, or not for everybody: as it should be.
    Refuses(u16),
    /// One, though no cookie was sent: the path leads to something that is the same for everybody.
    Shows,
    /// Something else, which will be taken for a failure.
    Answers(u16),
}

/// What Informer answers when this service asks for a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Look {
    /// It does not take the API token.
    Refused(u16),
    /// The token is good; there is no user of this name.
    Unknown,
    /// The token is good, and this is in the user's JSON.
    User {
        /// What is at [`InformerSettings::superuser_pointer`](crate::InformerSettings::superuser_pointer).
        superuser: Pointed,
        /// What is at [`InformerSettings::token_api_pointer`](crate::InformerSettings::token_api_pointer), if there is one.
        token_api: Option<Pointed>,
        /// Why the user could not be used all the same.
        problem: Option<String>,
    },
    /// Something else, which will be taken for a failure.
    Answers(u16),
}

/// What Informer answers about a browser's session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SessionLook {
    /// There is no such session, or not for this cookie.
    Missing(u16),
    /// The session's document.
    Document {
        /// Members that it lacks and that this service needs.
        missing: Vec<&'static str>,
        /// `tenant`, where it is a text.
        tenant: Option<String>,
        /// Why the session could not be used.
        problem: Option<String>,
    },
    /// Something else, which will be taken for a failure.
    Answers(u16),
}

/// What a JSON pointer leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pointed {
    /// `true` or `false`.
    Flag,
    /// Nothing, which is taken for `false`.
    Nothing,
    /// Something else, which is taken for a failure.
    Other,
}

impl Pointed {
    fn at(user: &Value, pointer: &str) -> Self {
        match user.pointer(pointer) {
            None | Some(Value::Null) => Self::Nothing,
            Some(Value::Bool(_)) => Self::Flag,
            Some(_) => Self::Other,
        }
    }
}

impl Informer {
    /// Whether Informer is there and refuses a session to nobody.
    pub async fn reach(&self) -> Result<Reached, StoreError> {
        Ok(match self.ask_nobodys_session(self.deadline()).await?.status {
            200 => Reached::Shows,
            status @ (401 | 403 | 404) => Reached::Refuses(status),
            status => Reached::Answers(status),
        })
    }

    /// How Informer describes a browser's session to this service; `None` for a value that no cookie can have.
    pub async fn look_at_session(&self, cookie: &Secret, now: Timestamp) -> Result<Option<SessionLook>, StoreError> {
        let Some(sid) = Sid::parse(cookie) else {
            return Ok(None);
        };
        let ask = self.session_question(&sid)?;
        let answer = self.calls.get("Identity.look_at", ask, self.deadline()).await?;
        Ok(Some(match answer.status {
            200 => {
                let document: Value =
                    serde_json::from_slice(&answer.body).map_err(|_| unavailable("the session is no JSON"))?;
                let absent = |name: &&str| document.get(name).is_none_or(Value::is_null);
                let read = crate::answers::session(&answer.body, None, now);
                SessionLook::Document {
                    missing: ["username", "active", "expiresAt"].into_iter().filter(absent).collect(),
                    tenant: document.get("tenant").and_then(Value::as_str).map(str::to_owned),
                    problem: match read {
                        Ok(Some(_)) => None,
                        Ok(None) => Some("it has ended".to_owned()),
                        Err(problem) => Some(problem),
                    },
                }
            }
            status @ (401 | 403 | 404) => SessionLook::Missing(status),
            status => SessionLook::Answers(status),
        }))
    }

    /// How Informer describes a user to this service; `None` when there is no API token to ask with. Remembers nothing.
    pub async fn look_at(&self, username: &str) -> Result<Option<Look>, StoreError> {
        let Some(credential) = self.own_credential()? else {
            return Ok(None);
        };
        let ask = Ask {
            path: self.settings.path_of_user(username),
            credential,
        };
        let answer = self.calls.get("Identity.look_at", ask, self.deadline()).await?;
        Ok(Some(match answer.status {
            200 => {
                let user: Value =
                    serde_json::from_slice(&answer.body).map_err(|_| unavailable("the user is no JSON"))?;
                let settings = &self.settings;
                Look::User {
                    superuser: Pointed::at(&user, &settings.superuser_pointer),
                    token_api: settings
                        .token_api_pointer
                        .as_ref()
                        .map(|pointer| Pointed::at(&user, pointer)),
                    problem: crate::answers::user(&answer.body, username, settings).err(),
                }
            }
            404 => Look::Unknown,
            status @ (401 | 403) => Look::Refused(status),
            status => Look::Answers(status),
        }))
    }
}
