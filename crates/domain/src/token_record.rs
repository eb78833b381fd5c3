//! The token record: one per grant of access, with its rotation and its end.
//!
//! A grant with refresh tokens has exactly one live refresh token at any time. Refreshing replaces it; presenting a
//! replaced one means that two parties hold the family, and ends it (RFC 9700 §4.14.2).
//!
//! ```
//! use std::time::Duration;
//! use informer_oauth_domain::{
//!     resource::Resource, timestamp::Timestamp,
//!     token_record::{RefreshState, RevocationReason, Rotation, RotationRequest, TokenRecord},
//! };
//!
//! let now = Timestamp::from_seconds(1_800_000_000);
//! let first = "0199c2d4-1111-7abc-8def-000000000001".parse()?;
//! let record = TokenRecord {
//!     id: "0199c2d4-1111-7abc-8def-0123456789ac".parse()?,
//!     client: "0199c2d4-1111-7abc-8def-0123456789ab".parse()?,
//!     client_id: "a6bd8f0f72b2c3275ff6".parse()?,
//!     username: "ada".into(),
//!     scope: "read:dataset".parse()?,
//!     audience: Resource::parse("https://bi.example.com")?,
//!     created_at: now,
//!     expires_at: Some(now + Duration::from_secs(30 * 24 * 3600)),
//!     refresh: Some(RefreshState { generation: 0, current: first, current_issued_at: now, previous: None }),
//!     last_used_at: None,
//!     revoked: None,
//! };
//! let request = RotationRequest {
//!     record: record.id,
//!     presented: first,
//!     presented_issued_at: now,
//!     presented_generation: 0,
//!     successor: "0199c2d4-1111-7abc-8def-000000000002".parse()?,
//!     asked: record.scope,
//!     now: now + Duration::from_secs(60),
//!     retry_window: Duration::ZERO,
//! };
//! let (record, answer) = record.rotate(&request);
//! assert!(matches!(answer, Rotation::Rotated(_)));
//!
//! // The same token once more: two parties hold it.
//! let (record, answer) = record.rotate(&request);
//! assert_eq!(answer, Rotation::Reused { first: true });
//! assert_eq!(record.revoked.map(|end| end.reason), Some(RevocationReason::RefreshReplay));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::time::Duration;

use crate::{
    id::{ClientId, ClientUid, TokenId, TokenRecordId},
    resource::Resource,
    scope::ScopeSet,
    timestamp::Timestamp,
};

/// One grant of access and everything minted from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenRecord {
    /// The `tid` claim.
    pub id: TokenRecordId,
    /// The client it was granted to.
    pub client: ClientUid,
    /// That client's public id.
    pub client_id: ClientId,
    /// Who granted it.
    pub username: String,
    /// What was granted.
    pub scope: ScopeSet,
    /// What its access tokens are for.
    pub audience: Resource,
    /// Time of the user's consent, up to the lifetime of a code or device code before the record is made.
    pub created_at: Timestamp,
    /// When it ends; `None` for a grant without refresh tokens, which lives until revoked.
    pub expires_at: Option<Timestamp>,
    /// Its refresh token, where it has one.
    pub refresh: Option<RefreshState>,
    /// When it was last refreshed or, without refresh tokens, used, to the minute or so.
    pub last_used_at: Option<Timestamp>,
    /// When and why it ended.
    pub revoked: Option<Revocation>,
}

/// The live refresh token of a record and its predecessor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefreshState {
    /// How many rotations there were.
    pub generation: u32,
    /// The `jti` of the live refresh token.
    pub current: TokenId,
    /// When it was minted.
    pub current_issued_at: Timestamp,
    /// The one before it.
    pub previous: Option<RotatedToken>,
}

/// The refresh token that was rotated last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RotatedToken {
    /// Its `jti`.
    pub token_id: TokenId,
    /// When it was minted: the moment its own predecessor was rotated.
    pub issued_at: Timestamp,
    /// The scope that the rotation asked for: a retry must ask for the same.
    pub asked: ScopeSet,
}

/// The end of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
}

/// Why a record ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RevocationReason {
    /// The client gave it back (RFC 7009).
    Client,
    /// An administrator ended it.
    Administrator,
    /// The user ended it.
    User,
    /// Its authorization code was used twice.
    CodeReplay,
    /// A rotated refresh token was presented again.
    RefreshReplay,
    /// The client was deleted.
    ClientDeleted,
}

impl RevocationReason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::Client,
        Self::Administrator,
        Self::User,
        Self::CodeReplay,
        Self::RefreshReplay,
        Self::ClientDeleted,
    ];

    /// The word in stores and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Administrator => "administrator",
            Self::User => "user",
            Self::CodeReplay => "code_replay",
            Self::RefreshReplay => "refresh_replay",
            Self::ClientDeleted => "client_deleted",
        }
    }

    /// Reads back [`RevocationReason::as_str`].
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// A request to rotate, after the presented token's signature and claims were judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RotationRequest {
    /// `tid` of the presented token.
    pub record: TokenRecordId,
    /// Its `jti`.
    pub presented: TokenId,
    /// Its `iat`.
    pub presented_issued_at: Timestamp,
    /// How many rotations came before it.
    pub presented_generation: u32,
    /// The `jti` that its successor gets.
    pub successor: TokenId,
    /// The scope asked for.
    pub asked: ScopeSet,
    /// The time of the request.
    pub now: Timestamp,
    /// How long after a rotation the same successor is given out again; zero is never.
    pub retry_window: Duration,
}

/// What a store answers to a [`RotationRequest`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rotation {
    /// The presented token was the live one; now `successor` is. This call and no other rotated it.
    Rotated(TokenRecord),
    /// The presented token was rotated within the window, and its successor is unused: the record as that rotation left
    /// it, from which the same successor follows.
    Retried(TokenRecord),
    /// The presented token was rotated within the window, but its successor is used already, or the retry asks for
    /// something else. Nothing changed.
    Superseded,
    /// The presented token was rotated before: the record is now revoked. `first` is true for the one call that ended it.
    Reused {
        /// Whether this call revoked the record.
        first: bool,
    },
    /// The record has ended or expired, and the presented token was its live one.
    Ended,
    /// There is no such record.
    Unknown,
}

impl TokenRecord {
    /// Whether tokens of this record are good at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires_at.is_none_or(|at| now < at)
    }

    /// The state after the first call to revoke; later calls change nothing.
    pub fn revoked(mut self, at: Timestamp, reason: RevocationReason) -> Self {
        self.revoked.get_or_insert(Revocation { at, reason });
        self
    }

    /// What a store keeps that is told to end a record before it came: one that ended the moment it was made, which tells it
    /// from a record that was inserted.
    pub fn barred(self, at: Timestamp, reason: RevocationReason) -> Self {
        Self { created_at: at, ..self }.revoked(at, reason)
    }

    /// What a store answers to inserting a record whose id this one has.
    pub fn in_the_way(&self) -> Insertion {
        if self.revoked.is_some_and(|end| end.at == self.created_at) {
            Insertion::Barred
        } else {
            Insertion::Exists
        }
    }

    /// The rotation rule: what a store must do and answer, as one atomic step. Stores with a query language express the
    /// first arm as a conditional update and fall back to this for the rest.
    pub fn rotate(self, request: &RotationRequest) -> (Self, Rotation) {
        let Some(refresh) = &self.refresh else {
            return (self, Rotation::Unknown);
        };
        let is_current = refresh.current == request.presented;
        if is_current && self.is_live(request.now) {
            let refresh = RefreshState {
                generation: refresh.generation.saturating_add(1),
                current: request.successor,
                current_issued_at: request.now,
                previous: Some(RotatedToken {
                    token_id: refresh.current,
                    issued_at: refresh.current_issued_at,
                    asked: request.asked,
                }),
            };
            let rotated = Self {
                refresh: Some(refresh),
                last_used_at: Some(request.now),
                ..self
            };
            return (rotated.clone(), Rotation::Rotated(rotated));
        }
        if is_current {
            return (self, Rotation::Ended);
        }
        match refresh.judge_rotated(request) {
            RotatedUse::Retry if self.is_live(request.now) => (self.clone(), Rotation::Retried(self)),
            RotatedUse::Retry => (self, Rotation::Ended),
            RotatedUse::Superseded => (self, Rotation::Superseded),
            RotatedUse::Replay => {
                let first = self.revoked.is_none();
                (
                    self.revoked(request.now, RevocationReason::RefreshReplay),
                    Rotation::Reused { first },
                )
            }
        }
    }
}

enum RotatedUse {
    Retry,
    Superseded,
    Replay,
}

impl RefreshState {
    /// Judges a token that is not the live one.
    fn judge_rotated(&self, request: &RotationRequest) -> RotatedUse {
        let within =
            |rotated_at: Timestamp| !request.retry_window.is_zero() && request.now < rotated_at + request.retry_window;
        match &self.previous {
            // The previous token was rotated when the current one was minted.
            Some(previous) if previous.token_id == request.presented => {
                match (within(self.current_issued_at), previous.asked == request.asked) {
                    (true, true) => RotatedUse::Retry,
                    (true, false) => RotatedUse::Superseded,
                    (false, _) => RotatedUse::Replay,
                }
            }
            // The one before that was rotated when the previous one was minted. Of older ones it is only known that they
            // were rotated after they were minted: what was minted inside the window was certainly rotated inside it.
            Some(previous)
                if within(previous.issued_at)
                    && (request.presented_generation.saturating_add(2) == self.generation
                        || within(request.presented_issued_at)) =>
            {
                RotatedUse::Superseded
            }
            _ => RotatedUse::Replay,
        }
    }
}

/// What a store answers to inserting a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Insertion {
    /// The record is there now.
    Inserted,
    /// Its id was barred before it came: a replay of its code was faster. Nothing changed, and no token of it lives.
    Barred,
    /// A record was inserted under its id before, live or ended since: its code was redeemed twice. Nothing changed.
    Exists,
    /// The user or an administrator revoked the grant before it was redeemed. Nothing changed.
    Revoked,
}

/// What a store answers to revoking one record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The record was live; this call ended it.
    Ended,
    /// It had ended before.
    EndedBefore,
    /// There is no such record.
    Unknown,
}

#[cfg(test)]
mod tests;
