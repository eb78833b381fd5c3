//! The operations of the budget, and what each must cost.

use crate::report::Budget;

/// Microseconds of processor time of a "hello" on the machine that the budget was made for. Machines differ, and the speed of
/// one drifts: what an operation takes is held against what a "hello" takes beside it.
pub(crate) const HELLO: f64 = 8.0;

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
            Self::Refresh | Self::Confidential => Rival::Peer(4.5),
            Self::Code => Rival::Peer(3.0),
            Self::Introspect => Rival::Peer(8.0),
            Self::Device => Rival::Peer(5.0),
            Self::Gate => Rival::Hello(0.6),
            Self::Jwks | Self::Metadata => Rival::Hello(0.75),
        }
    }

    /// Microseconds of the server's processor that one may take, where [`HELLO`] is what a "hello" takes.
    pub(crate) const fn cpu(self) -> Budget {
        Budget::AtMost(match self {
            Self::Refresh | Self::Confidential => 110.0,
            Self::Code => 115.0,
            Self::Introspect | Self::Device => 35.0,
            Self::Gate => 14.0,
            Self::Jwks | Self::Metadata => 11.0,
        })
    }
}
