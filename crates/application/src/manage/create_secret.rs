use std::time::Duration;

use informer_oauth_domain::{
    audit::EventKind,
    client::Registration,
    client_secret::{ClientSecret, ClientSecretText, SECRET_CHARACTERS, SECRETS_PER_CLIENT, SecretLabel},
    id::ClientRef,
    timestamp::Timestamp,
    user::ClientAdministrator,
};
use informer_oauth_ports::SecretInsertion;

use super::{Act, Manage};
use crate::{
    context::RequestContext,
    error::{Fault, ManagementError},
    ids,
};

/// The longest deadline that older secrets can be given: ten years.
pub const LONGEST_DEADLINE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// How often a secret is drawn before something must be wrong: its lookup id has 47 random bits.
const DRAWS: usize = 4;

const FULL: ManagementError = ManagementError::Conflict("a client may have at most 10 secrets: delete one first");

const BEGINS_ALIKE: ManagementError = ManagementError::Conflict(
    "the client has another secret whose first eight characters after cs_ are the same: draw a new one",
);

const EXPIRED: ManagementError =
    ManagementError::Conflict("the client had this secret, and it has expired: draw a new one");

/// A request for a new secret.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NewSecret {
    /// What people call it.
    pub label: Option<SecretLabel>,
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

/// What came of asking for a secret whose text is given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SecretAddition {
    /// It was added.
    Added(ClientSecret),
    /// The client had it already, and nothing was changed.
    Present(ClientSecret),
}

impl Manage {
    /// Adds a secret to a client and, if asked to, gives the older ones a deadline: rotation in one step.
    pub async fn create_secret(
        &self,
        admin: &ClientAdministrator,
        client: ClientRef,
        new: NewSecret,
        context: &RequestContext,
    ) -> Result<CreatedSecret, ManagementError> {
        new.check(context.now)?;
        let registration = self.known(client).await?;
        let act = Act {
            actor: admin.username(),
            context,
        };
        for _ in 0..DRAWS {
            let text = ClientSecretText::from_base62(&self.0.entropy.base62(SECRET_CHARACTERS))
                .ok_or_else(|| Fault::Internal("the entropy port drew something other than base62".into()))?;
            if let Some(secret) = self.insert_secret(&registration, &text, &new, act).await? {
                return Ok(CreatedSecret { secret, text });
            }
        }
        Err(Fault::Internal("every lookup id that was drawn is taken: is the randomness random?".into()).into())
    }

    /// Which of a client's secrets has this text; `None` when none has. At most one bcrypt. One that was given a deadline
    /// and is past it is a `Conflict`: it was taken out of use, and the same text does not come back.
    pub async fn find_secret(
        &self,
        _admin: &ClientAdministrator,
        client: ClientRef,
        text: &ClientSecretText,
        now: Timestamp,
    ) -> Result<Option<ClientSecret>, ManagementError> {
        let registration = self.known(client).await?;
        let Some(known) = registration.secrets.iter().find(|known| known.lookup == text.lookup()) else {
            return Ok(None);
        };
        if !self.0.hasher.verify(known.uid, &known.hash, text.secret()).await? {
            return Err(BEGINS_ALIKE);
        }
        if known.is_live(now) {
            Ok(Some(known.clone()))
        } else {
            Err(EXPIRED)
        }
    }

    /// Adds a secret whose text was drawn elsewhere, unless the client has it: doing so again changes nothing. `new` says
    /// what [`Manage::create_secret`] is told, and counts only when the secret is added.
    pub async fn add_secret(
        &self,
        admin: &ClientAdministrator,
        client: ClientRef,
        text: &ClientSecretText,
        new: NewSecret,
        context: &RequestContext,
    ) -> Result<SecretAddition, ManagementError> {
        new.check(context.now)?;
        if let Some(known) = self.find_secret(admin, client, text, context.now).await? {
            return Ok(SecretAddition::Present(known));
        }
        let registration = self.known(client).await?;
        let act = Act {
            actor: admin.username(),
            context,
        };
        if let Some(secret) = self.insert_secret(&registration, text, &new, act).await? {
            return Ok(SecretAddition::Added(secret));
        }
        // Another was quicker, perhaps with the very same: by its uid, a client is never remembered from before.
        let client = ClientRef::Uid(registration.client.uid);
        let present = self.find_secret(admin, client, text, context.now).await?;
        present.map(SecretAddition::Present).ok_or(BEGINS_ALIKE)
    }

    /// Hashes and stores a secret; `None` when its lookup id is taken.
    async fn insert_secret(
        &self,
        registration: &Registration,
        text: &ClientSecretText,
        new: &NewSecret,
        act: Act<'_>,
    ) -> Result<Option<ClientSecret>, ManagementError> {
        // Spares the hashing only; the store's own check is the one that counts.
        if registration.secrets.len() >= SECRETS_PER_CLIENT {
            return Err(FULL);
        }
        let secret = ClientSecret {
            uid: ids::secret_uid(&*self.0.entropy, act.context.now),
            client: registration.client.uid,
            lookup: text.lookup(),
            hash: self.0.hasher.hash(text).await?,
            hint: text.hint(),
            label: new.label.clone(),
            created_at: act.context.now,
            updated_at: act.context.now,
            expires_at: new.expires_at,
            last_used_at: None,
        };
        let others_expire_at = new.expire_others_in.map(|deadline| act.context.now + deadline);
        match self.0.clients.insert_secret(&secret, others_expire_at).await? {
            SecretInsertion::Inserted => {}
            SecretInsertion::Full => return Err(FULL),
            SecretInsertion::Unknown => return Err(ManagementError::NotFound("Client")),
            SecretInsertion::LookupTaken => return Ok(None),
        }
        if others_expire_at.is_some_and(|at| at <= act.context.now) {
            for other in &registration.secrets {
                self.0.hasher.forget(other.uid);
            }
        }
        let target = match &secret.label {
            Some(label) => format!("{} ({label})", secret.uid),
            None => secret.uid.to_string(),
        };
        self.client_changed(EventKind::SecretCreated, registration.client.uid, Some(target), act)
            .await;
        Ok(Some(secret))
    }
}

impl NewSecret {
    fn check(&self, now: Timestamp) -> Result<(), ManagementError> {
        if self.expires_at.is_some_and(|at| at <= now) {
            return Err(ManagementError::InvalidValue {
                field: "expiresAt",
                message: "expiresAt must be in the future",
            });
        }
        if self
            .expire_others_in
            .is_some_and(|deadline| deadline > LONGEST_DEADLINE)
        {
            return Err(ManagementError::InvalidValue {
                field: "expireOthersIn",
                message: "expireOthersIn must be at most 315360000 seconds",
            });
        }
        Ok(())
    }
}
