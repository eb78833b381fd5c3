//! Signing in and out where the users are local.

use std::sync::Arc;

use informer_oauth_domain::{audit::EventKind, secret::Secret};
use informer_oauth_ports::{PasswordSignIn, SignIn, SignInAttempt};

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

    /// The name of the device cookie; `None` where users sign in elsewhere.
    pub fn device_cookie(&self) -> Option<&str> {
        self.passwords.as_ref().map(|passwords| passwords.device_cookie())
    }

    /// Checks a password and opens a session. Of the refusals by one limit, one is an event.
    pub async fn sign_in(&self, attempt: SignInAttempt<'_>, context: &RequestContext) -> Result<SignIn, Fault> {
        let Some(passwords) = &self.passwords else {
            return Ok(SignIn::Refused);
        };
        let outcome = passwords.sign_in(attempt, context.now).await?;
        let name: String = attempt.username.chars().take(NAME_LIMIT).collect();
        let (kind, actor, target) = match &outcome {
            SignIn::SignedIn { user, .. } => (EventKind::SignedIn, Some(user.username.clone()), None),
            SignIn::Refused => (EventKind::SignInFailed, None, Some(name)),
            SignIn::Limited { .. } => (EventKind::SignInLimited, None, Some(name)),
        };
        let about = About {
            actor,
            target,
            client: None,
        };
        if let SignIn::Limited { retry_after, counter } = &outcome {
            self.audit
                .record_once(kind, counter, *retry_after, about, context)
                .await;
        } else {
            self.audit.record(kind, about, context).await;
        }
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
