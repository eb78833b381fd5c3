//! What the audit log records.
//!
//! ```
//! use informer_oauth_domain::audit::EventKind;
//!
//! assert_eq!(EventKind::RefreshReplayed.as_str(), "refresh.replayed");
//! assert_eq!(EventKind::from_stored("refresh.replayed"), Some(EventKind::RefreshReplayed));
//! ```

use std::net::IpAddr;

use crate::{
    id::{ClientUid, EventId},
    timestamp::Timestamp,
};

macro_rules! event_kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What happened.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum EventKind {
            $($(#[$doc])* $variant,)*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in stores and on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

event_kinds! {
    /// A client was registered.
    ClientCreated = "client.created",
    /// A client's profile changed.
    ClientUpdated = "client.updated",
    /// A client was deleted, with all that belonged to it.
    ClientDeleted = "client.deleted",
    /// A client's icon was set or removed.
    ClientIconChanged = "client.icon_changed",
    /// A secret was added.
    SecretCreated = "secret.created",
    /// A secret was removed.
    SecretDeleted = "secret.deleted",
    /// One token record was revoked.
    TokenRevoked = "token.revoked",
    /// Several token records were revoked at once.
    TokensRevoked = "tokens.revoked",
    /// A user allowed a client something.
    ConsentGranted = "consent.granted",
    /// A code was issued without a page, because what a user had allowed before covered it.
    ConsentReused = "consent.reused",
    /// A user refused a client.
    ConsentDenied = "consent.denied",
    /// A user took back what they had allowed a client.
    ConsentWithdrawn = "consent.withdrawn",
    /// A user allowed a device something.
    DeviceApproved = "device.approved",
    /// A user refused a device.
    DeviceDenied = "device.denied",
    /// A device authorization request exceeded a rate limit or a limit of pending requests.
    DeviceLimited = "device.limited",
    /// A user or address was refused after too many wrong user codes.
    UserCodeLimited = "device.user_code_limited",
    /// A device code was presented by another client than its own.
    DeviceCodeStolen = "device.presented_by_other_client",
    /// A client presented a wrong, unknown or expired secret.
    ClientAuthenticationFailed = "client.authentication_failed",
    /// A client or address was refused after too many wrong secrets.
    ClientAuthenticationLimited = "client.authentication_limited",
    /// A code was presented a second time; its token record ended.
    CodeReplayed = "code.replayed",
    /// A code was presented a second time without proof: no client authentication and no right verifier. Nothing ended.
    CodeReplayUnproven = "code.replay_unproven",
    /// A code was presented by another client than its own.
    CodeStolen = "code.presented_by_other_client",
    /// A rotated refresh token was presented again; its token record ended.
    RefreshReplayed = "refresh.replayed",
    /// A rotated refresh token was presented inside the retry window after its successor had been used.
    RefreshSuperseded = "refresh.superseded",
    /// A refresh token was presented by another client than its own.
    RefreshStolen = "refresh.presented_by_other_client",
    /// Somebody signed in.
    SignedIn = "sign_in.succeeded",
    /// A sign-in failed.
    SignInFailed = "sign_in.failed",
    /// A username or address was refused after too many failed sign-ins.
    SignInLimited = "sign_in.limited",
    /// Somebody who acts for a user in that user's session tried to change something: the actor is that somebody, the
    /// target the user.
    ImpersonatorRefused = "impersonation.refused",
    /// A local user was added.
    UserCreated = "user.created",
    /// A local user's password changed.
    UserPasswordChanged = "user.password_changed",
    /// A local user was locked.
    UserLocked = "user.locked",
    /// A local user was unlocked.
    UserUnlocked = "user.unlocked",
    /// Signing keys advanced: next became current.
    KeysRotated = "keys.rotated",
}

impl EventKind {
    /// Reads back [`EventKind::as_str`].
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

/// One line of the audit log. It never holds a secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditEvent {
    /// Its id.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// Who did it: a username, or `None` when nobody was signed in.
    pub actor: Option<String>,
    /// The client concerned.
    pub client: Option<ClientUid>,
    /// What else it was done to: a secret's id (and its label in brackets), a token record's id, a username, a count.
    pub target: Option<String>,
    /// From which address.
    pub address: Option<IpAddr>,
    /// The id of the request that caused it, as its answer's `X-Request-Id` says; `None` at the command line.
    pub request_id: Option<String>,
}
