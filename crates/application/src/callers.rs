//! Who calls: the user behind a session cookie or a bearer token.

use std::sync::Arc;

use informer_oauth_domain::{
    audit::EventKind,
    authorization::OwnResources,
    scope::Scope,
    secret::Secret,
    timestamp::Timestamp,
    user::{Forbidden, InPerson, User},
};
use informer_oauth_ports::{Identity, SignInPage, SignedIn};

use crate::{
    access_tokens::AccessTokens,
    audit_trail::{About, AuditTrail},
    context::RequestContext,
    error::Fault,
};

/// The user behind a bearer token at the management API.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BearerCaller {
    /// The token's user, with the permissions that they have now.
    User(User),
    /// The token is no good, or its user is not active any more.
    InvalidToken,
    /// The token does not reach that far; this scope would.
    Insufficient(Scope),
}

/// Finds out who calls.
pub struct Callers {
    pub(crate) identity: Arc<dyn Identity>,
    pub(crate) access: AccessTokens,
    pub(crate) resources: OwnResources,
    pub(crate) audit: AuditTrail,
}

impl Callers {
    /// The name of the session cookie.
    pub fn session_cookie(&self) -> &str {
        self.identity.session_cookie()
    }

    /// Where the signed-out go.
    pub fn sign_in_page(&self) -> SignInPage {
        self.identity.sign_in_page()
    }

    /// The user behind a session cookie's value.
    pub async fn by_session(&self, cookie: &Secret, now: Timestamp) -> Result<Option<SignedIn>, Fault> {
        Ok(self.identity.session_user(cookie, now).await?)
    }

    /// Proof that a caller acts in person: what every change in a session needs. Refusing somebody who acts for the user is
    /// an event that names both.
    pub async fn in_person(
        &self,
        user: &User,
        impersonator: Option<&str>,
        context: &RequestContext,
    ) -> Result<InPerson, Forbidden> {
        let checked = InPerson::check(user, impersonator);
        if checked.is_err() {
            let about = About {
                actor: impersonator.map(str::to_owned),
                target: Some(user.username.clone()),
                client: None,
            };
            self.audit.record(EventKind::ImpersonatorRefused, about, context).await;
        }
        checked
    }

    /// The user behind a bearer token. Reading needs `read:global`, changing `write:global`; what the user may do
    /// besides is judged by their rank now, not at the time of the grant.
    pub async fn by_bearer(&self, token: &str, reads_only: bool, now: Timestamp) -> Result<BearerCaller, Fault> {
        let Some((claims, record)) = self.access.verify(token, now).await? else {
            return Ok(BearerCaller::InvalidToken);
        };
        if claims.audience != self.resources.audience && claims.audience != self.resources.issuer {
            return Ok(BearerCaller::InvalidToken);
        }
        let needed = if reads_only {
            Scope::ReadGlobal
        } else {
            Scope::WriteGlobal
        };
        if !claims.scope.allows(needed) {
            return Ok(BearerCaller::Insufficient(needed));
        }
        let user = self.identity.active_user(&claims.subject, now).await?;
        if user.is_some() && self.access.is_use_due(&record, now) {
            self.access.note_use(record.id, now).await;
        }
        Ok(user.map_or(BearerCaller::InvalidToken, BearerCaller::User))
    }
}
