//! The operations of the budget, and what each must cost.

use crate::report::Budget;

/// What is asked of the service and of those that it is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Refresh,
    Code,
    Confidential,
    Introspect,
    Gate,
    Device,
    Jwks,
    Metadata,
}

/// With what an operation's rate is compared, and how it must compare.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Rival {
    Peer(f64),
    Hello(f64),
}

/// The least that a service could do for the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ceiling {
    Get,
    Post,
}

impl Operation {
    pub(crate) const ALL: [Self; 8] = [
        Self::Refresh,
        Self::Code,
        Self::Confidential,
        Self::Introspect,
        Self::Gate,
        Self::Device,
        Self::Jwks,
        Self::Metadata,
    ];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Refresh => "Refresh with rotation, public client",
            Self::Code => "Code and PKCE exchange",
            Self::Confidential => "Refresh with rotation, confidential client",
            Self::Introspect => "Introspection",
            Self::Gate => "The gate, tokens seen before",
            Self::Device => "Device poll, pending",
            Self::Jwks => "JWKS",
            Self::Metadata => "Metadata",
        }
    }

    /// What the budget compares its rate with.
    pub(crate) const fn rival(self) -> Rival {
        match self {
            Self::Refresh | Self::Code | Self::Confidential => Rival::Peer(2.5),
            Self::Introspect | Self::Device => Rival::Peer(5.0),
            Self::Gate => Rival::Hello(0.7),
            Self::Jwks | Self::Metadata => Rival::Hello(0.85),
        }
    }

    /// Microseconds of the server's processor that one may take.
    pub(crate) const fn cpu(self) -> Budget {
        Budget::AtMost(match self {
            Self::Refresh => 120.0,
            Self::Code | Self::Confidential => 130.0,
            Self::Introspect => 40.0,
            Self::Gate => 14.0,
            Self::Device => 35.0,
            Self::Jwks | Self::Metadata => 10.0,
        })
    }

    pub(crate) const fn ceiling(self) -> Ceiling {
        match self {
            Self::Refresh | Self::Code | Self::Confidential | Self::Introspect | Self::Device => Ceiling::Post,
            Self::Gate | Self::Jwks | Self::Metadata => Ceiling::Get,
        }
    }

    /// Whether the ceiling is measured beside it; for the slower ones once is enough.
    pub(crate) const fn shows_ceiling(self) -> bool {
        matches!(self.rival(), Rival::Hello(_)) || matches!(self, Self::Refresh)
    }
}
