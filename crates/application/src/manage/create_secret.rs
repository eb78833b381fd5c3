use std::{net::IpAddr, time::Duration};

use informer_oauth_domain::{
    audit::EventKind,
    client::Registration,
    client_secret::{ClientSecret, ClientSecretText, SECRET_CHARACTERS, SECRETS_PER_CLIENT},
    id::ClientRef,
    timestamp::Timestamp,
    user::ClientAdministrator,
};
use informer_oauth_ports::SecretInsertion;

use super::{Act, Manage};
use crate::{
    error::{Fault, ManagementError},
    ids,
};

/// The longest deadline that older secrets can be given: ten years.
pub const LONGEST_DEADLINE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// How often a secret is drawn before something must be wrong: its lookup id has 47 random bits.
const DRAWS: usize = 4;

const FULL: ManagementError = ManagementError::Conflict("a client may have at most 10 secrets: delete one first");

/// A request for a new secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NewSecret {
    /// From when on it is refused; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// How long every older secret goes on working, at most [`LONGEST_DEADLINE`]; `None` leaves them as they are.
    pub expire_others_in: Option<Duration>,
}

/// A new secret, with the only copy of its text.
#[derive(Clone, Debug)]
pub struct CreatedSecret {
    /// What the store keeps.
    pub secret: ClientSecret,
    /// What the client must present: to be shown once.
    pub text: ClientSecretText,
}

impl Manage {
    /// Adds a secret to a client and, if asked to, gives the older ones a deadline: rotation in one step.
    pub async fn create_secret(
        &self,
        admin: &ClientAdministrator,
        client: ClientRef,
        new: NewSecret,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<CreatedSecret, ManagementError> {
        if new.expires_at.is_some_and(|at| at <= now) {
            return Err(ManagementError::InvalidValue {
                field: "expiresAt",
                message: "expiresAt must be in the future",
            });
        }
        if new.expire_others_in.is_some_and(|deadline| deadline > LONGEST_DEADLINE) {
            return Err(ManagementError::InvalidValue {
                field: "expireOthersIn",
                message: "expireOthersIn must be at most 315360000 seconds",
            });
        }
        let registration = self.known(client).await?;
        // Spares the hashing only; the store's own check is the one that counts.
        if registration.secrets.len() >= SECRETS_PER_CLIENT {
            return Err(FULL);
        }
        let others_expire_at = new.expire_others_in.map(|deadline| now + deadline);
        for _ in 0..DRAWS {
            let created = self.draw_secret(&registration, new.expires_at, now).await?;
            match self.0.clients.insert_secret(&created.secret, others_expire_at).await? {
                SecretInsertion::Inserted => {
                    if others_expire_at.is_some_and(|at| at <= now) {
                        for other in &registration.secrets {
                            self.0.hasher.forget(other.uid);
                        }
                    }
                    let act = Act {
                        actor: admin.username(),
                        address,
                        now,
                    };
                    self.client_changed(
                        EventKind::SecretCreated,
                        registration.client.uid,
                        Some(created.secret.uid.to_string()),
                        act,
                    )
                    .await;
                    return Ok(created);
                }
                SecretInsertion::Full => return Err(FULL),
                SecretInsertion::Unknown => return Err(ManagementError::NotFound("Client")),
                SecretInsertion::LookupTaken => {}
            }
        }
        Err(Fault::Internal("every lookup id that was drawn is taken: is the randomness random?".into()).into())
    }

    async fn draw_secret(
        &self,
        registration: &Registration,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<CreatedSecret, ManagementError> {
        let text = ClientSecretText::from_base62(&self.0.entropy.base62(SECRET_CHARACTERS))
            .ok_or_else(|| Fault::Internal("the entropy port drew something other than base62".into()))?;
        let secret = ClientSecret {
            uid: ids::secret_uid(&*self.0.entropy, now),
            client: registration.client.uid,
            lookup: text.lookup(),
            hash: self.0.hasher.hash(&text).await?,
            hint: text.hint(),
            created_at: now,
            updated_at: now,
            expires_at,
            last_used_at: None,
        };
        Ok(CreatedSecret { secret, text })
    }
}
