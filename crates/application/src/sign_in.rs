//! Signing in and out where the users are local.

use std::sync::Arc;

use informer_oauth_domain::{audit::EventKind, secret::Secret};
use informer_oauth_ports::{PasswordSignIn, SignIn};

use crate::{
    audit_trail::{About, AuditTrail},
    context::RequestContext,
    error::Fault,
};

/// The longest name written to the audit log: what is longer is nobody's.
const NAME_LIMIT: usize = 64;

/// Password sign-in with its audit events. There is none where users sign in elsewhere.
pub struct SignInWithPassword {
    pub(crate) passwords: Option<Arc<dyn PasswordSignIn>>,
    pub(crate) audit: AuditTrail,
}

impl SignInWithPassword {
    /// Whether this service signs users in itself.
    pub const fn is_available(&self) -> bool {
        self.passwords.is_some()
    }

    /// Checks a password and opens a session.
    pub async fn sign_in(
        &self,
        username: &str,
        password: &Secret,
        replaces: Option<&Secret>,
        context: &RequestContext,
    ) -> Result<SignIn, Fault> {
        let Some(passwords) = &self.passwords else {
            return Ok(SignIn::Refused);
        };
        let outcome = passwords
            .sign_in(username, password, context.address, replaces, context.now)
            .await?;
        let name: String = username.chars().take(NAME_LIMIT).collect();
        let (kind, actor, target) = match &outcome {
            SignIn::SignedIn { user, .. } => (EventKind::SignedIn, Some(user.username.clone()), None),
            SignIn::Refused => (EventKind::SignInFailed, None, Some(name)),
            SignIn::Limited { .. } => (EventKind::SignInLimited, None, Some(name)),
        };
        self.audit
            .record(
                kind,
                About {
                    actor,
                    target,
                    client: None,
                },
                context,
            )
            .await;
        Ok(outcome)
    }

    /// Ends the session behind a cookie.
    pub async fn sign_out(&self, cookie: &Secret) -> Result<(), Fault> {
        match &self.passwords {
            Some(passwords) => Ok(passwords.sign_out(cookie).await?),
            None => Ok(()),
        }
    }
}
