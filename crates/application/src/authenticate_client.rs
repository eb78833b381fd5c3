//! Client authentication (RFC 6749 §2.3, §3.2.1).

use std::{net::IpAddr, sync::Arc, time::Duration};

use informer_oauth_domain::{
    attempts::{AttemptLimit, address_group},
    audit::EventKind,
    client::{Client, Registration},
    client_secret::{ClientSecret, ClientSecretText},
    error::{ErrorCode, OAuthError, Reason},
    id::{ClientId, ClientRef},
    secret::Secret,
    timestamp::Timestamp,
};
use informer_oauth_ports::{AttemptCounter, ClientStore, SecretHasher, StoreError};

use crate::{
    audit_trail::{About, AuditTrail},
    client_credentials::ClientCredentials,
    context::RequestContext,
    error::ProtocolError,
};

/// How often a secret's last use is written down at most.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

/// Proof that a client is who it says: made only by [`AuthenticateClient`].
#[derive(Clone, Debug)]
pub struct AuthenticatedClient {
    registration: Arc<Registration>,
    confidential: bool,
}

impl AuthenticatedClient {
    /// The client.
    pub fn client(&self) -> &Client {
        &self.registration.client
    }

    /// Whether it proved itself with a secret.
    pub const fn is_confidential(&self) -> bool {
        self.confidential
    }
}

/// How many wrong secrets are borne.
#[derive(Clone, Copy, Debug)]
pub struct ClientAuthenticationLimits {
    /// For one client from one address.
    pub per_client_and_address: AttemptLimit,
    /// From one address, whatever the client.
    pub per_address: AttemptLimit,
}

/// Authenticates clients at the token, revocation and introspection endpoints.
///
/// Whether the client is unknown or its secret wrong is not told apart, in answer or in time. Failures are counted for
/// the client at that address and for the address, never for the client alone: nobody can lock a client out from afar.
pub struct AuthenticateClient {
    pub(crate) clients: Arc<dyn ClientStore>,
    pub(crate) hasher: Arc<dyn SecretHasher>,
    pub(crate) attempts: Arc<dyn AttemptCounter>,
    pub(crate) audit: AuditTrail,
    pub(crate) limits: ClientAuthenticationLimits,
}

const REFUSED: OAuthError = ErrorCode::InvalidClient.because("Client authentication failed.");

impl AuthenticateClient {
    /// Checks the credentials.
    pub async fn run(
        &self,
        credentials: &ClientCredentials,
        context: &RequestContext,
    ) -> Result<AuthenticatedClient, ProtocolError> {
        let registration = self.lookup(credentials.client_id()).await?;
        match credentials {
            ClientCredentials::Public { .. } => Self::public(registration, context.now),
            ClientCredentials::Secret { client_id, secret } => {
                self.confidential(registration, client_id, secret, context).await
            }
        }
    }

    async fn lookup(&self, client_id: &str) -> Result<Option<Arc<Registration>>, StoreError> {
        match client_id.parse::<ClientId>() {
            Ok(id) => self.clients.registration(ClientRef::ClientId(id)).await,
            Err(_) => Ok(None),
        }
    }

    fn public(registration: Option<Arc<Registration>>, now: Timestamp) -> Result<AuthenticatedClient, ProtocolError> {
        let registration = registration.ok_or(REFUSED.for_reason(Reason::ClientUnknown))?;
        if registration.is_confidential(now) {
            return Err(REFUSED.for_reason(Reason::SecretMissing).into());
        }
        if !registration.client.profile.pkce {
            return Err(ProtocolError::refused(
                ErrorCode::UnauthorizedClient,
                "A client without a secret may act only if it uses PKCE.",
            ));
        }
        Ok(AuthenticatedClient {
            registration,
            confidential: false,
        })
    }

    async fn confidential(
        &self,
        registration: Option<Arc<Registration>>,
        client_id: &str,
        presented: &Secret,
        context: &RequestContext,
    ) -> Result<AuthenticatedClient, ProtocolError> {
        let text = ClientSecretText::parse(presented.expose());
        let claimed = registration
            .as_deref()
            .zip(text.as_ref())
            .and_then(|(registration, text)| registration.live_secret(text.lookup(), context.now));
        // What was verified before needs neither bcrypt nor the attempt counter: no store is asked.
        if let (Some(registration), Some(secret)) = (&registration, claimed)
            && self.hasher.remembers(secret.uid, &secret.hash, presented)
        {
            self.note_use(secret, context.now).await;
            return Ok(AuthenticatedClient {
                registration: Arc::clone(registration),
                confidential: true,
            });
        }

        let counted = CountedFailure::new(client_id, context.address);
        self.check_limits(&counted, registration.as_deref(), context).await?;
        let verified = if let Some(secret) = claimed {
            self.hasher.verify(secret.uid, &secret.hash, presented).await?
        } else {
            // The work of a wrong secret, so that time does not tell an unknown client from a known one. What is no
            // secret at all (longer than bcrypt reads, say) is replaced by something of the right length.
            let stand_in = Secret::new("cs_".repeat(11));
            self.hasher
                .verify_nothing(text.as_ref().map_or(&stand_in, ClientSecretText::secret))
                .await?;
            false
        };
        let (true, Some(secret)) = (verified, claimed) else {
            self.count_failure(&counted, registration.as_deref(), context).await?;
            let reason = if registration.is_some() {
                Reason::SecretWrong
            } else {
                Reason::ClientUnknown
            };
            return Err(REFUSED.for_reason(reason).into());
        };
        self.note_use(secret, context.now).await;
        registration
            .map(|registration| AuthenticatedClient {
                registration,
                confidential: true,
            })
            .ok_or_else(|| REFUSED.into())
    }

    async fn note_use(&self, secret: &ClientSecret, now: Timestamp) {
        let due = secret
            .last_used_at
            .is_none_or(|last| now.since(last) >= USE_NOTED_EVERY);
        if due && let Err(error) = self.clients.touch_secret(secret.uid, now).await {
            tracing::warn!(%error, "a secret's last use could not be noted");
        }
    }

    async fn check_limits(
        &self,
        counted: &CountedFailure,
        registration: Option<&Registration>,
        context: &RequestContext,
    ) -> Result<(), ProtocolError> {
        let by_client = self.attempts.peek(&counted.client_and_address, context.now).await?;
        let by_address = self.attempts.peek(&counted.address, context.now).await?;
        let waits = [
            self.limits.per_client_and_address.wait(by_client, context.now),
            self.limits.per_address.wait(by_address, context.now),
        ];
        let Some(retry_after) = waits.into_iter().flatten().max() else {
            return Ok(());
        };
        tracing::warn!(
            address = context.address.map(tracing::field::display),
            client = registration.map(|known| tracing::field::display(known.client.uid)),
            "client authentication refused: too many failures"
        );
        Err(ProtocolError::Limited { retry_after })
    }

    async fn count_failure(
        &self,
        counted: &CountedFailure,
        registration: Option<&Registration>,
        context: &RequestContext,
    ) -> Result<(), ProtocolError> {
        let by_client = self
            .attempts
            .record(
                &counted.client_and_address,
                self.limits.per_client_and_address.window,
                context.now,
            )
            .await?;
        let by_address = self
            .attempts
            .record(&counted.address, self.limits.per_address.window, context.now)
            .await?;
        let about = About {
            client: registration.map(|known| known.client.uid),
            ..About::default()
        };
        self.audit
            .record(EventKind::ClientAuthenticationFailed, about.clone(), context)
            .await;
        // Once a window, at the failure that closes the door: the audit log cannot be flooded from outside.
        let closes = by_client.count == self.limits.per_client_and_address.attempts
            || by_address.count == self.limits.per_address.attempts;
        if closes {
            self.audit
                .record(EventKind::ClientAuthenticationLimited, about, context)
                .await;
        }
        Ok(())
    }
}

struct CountedFailure {
    client_and_address: String,
    address: String,
}

impl CountedFailure {
    fn new(client_id: &str, address: Option<IpAddr>) -> Self {
        let address = address_group(address);
        // An id that cannot be one is counted under one name, so that keys stay few and short.
        let client = client_id
            .parse::<ClientId>()
            .map_or_else(|_| "malformed".to_owned(), |id| id.to_string());
        Self {
            client_and_address: format!("client:{client}:{address}"),
            address: format!("client-address:{address}"),
        }
    }
}
