//! The eight scopes and the sets of them that tokens carry (RFC 6749 §3.3).

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::error::{ErrorCode, OAuthError};

/// One of the eight scopes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Scope {
    /// `read:dataset`
    ReadDataset = 0,
    /// `write:dataset`
    WriteDataset = 1,
    /// `read:report`
    ReadReport = 2,
    /// `write:report`
    WriteReport = 3,
    /// `read:profile`
    ReadProfile = 4,
    /// `write:profile`
    WriteProfile = 5,
    /// `read:global`
    ReadGlobal = 6,
    /// `write:global`
    WriteGlobal = 7,
}

impl Scope {
    /// Every scope, in the order in which they are listed and written.
    pub const ALL: [Self; 8] = [
        Self::ReadDataset,
        Self::WriteDataset,
        Self::ReadReport,
        Self::WriteReport,
        Self::ReadProfile,
        Self::WriteProfile,
        Self::ReadGlobal,
        Self::WriteGlobal,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadDataset => "read:dataset",
            Self::WriteDataset => "write:dataset",
            Self::ReadReport => "read:report",
            Self::WriteReport => "write:report",
            Self::ReadProfile => "read:profile",
            Self::WriteProfile => "write:profile",
            Self::ReadGlobal => "read:global",
            Self::WriteGlobal => "write:global",
        }
    }

    /// The scope in words, as a consent page shows it.
    pub const fn description(self) -> &'static str {
        match self {
            Self::ReadDataset => "See your datasets and search them",
            Self::WriteDataset => "See, change, load and delete your datasets",
            Self::ReadReport => "See your reports",
            Self::WriteReport => "See, run, change and delete your reports and queries",
            Self::ReadProfile => "See your profile: name, e-mail address and preferences",
            Self::WriteProfile => "See and change your profile and preferences",
            Self::ReadGlobal => "See everything that you can see in Informer",
            Self::WriteGlobal => "Do everything that you can do in Informer",
        }
    }

    /// Whether this scope lets its holder change things.
    pub const fn is_write(self) -> bool {
        (self as u8) % 2 == 1
    }

    /// Whether a token with this scope may do what `other` allows: `write:x` includes `read:x`, `read:global` includes
    /// every read, `write:global` includes everything.
    pub const fn includes(self, other: Self) -> bool {
        match self {
            Self::WriteGlobal => true,
            Self::ReadGlobal => !other.is_write(),
            _ => self as u8 == other as u8 || (self.is_write() && other as u8 + 1 == self as u8),
        }
    }

    /// The same area without changing anything: `read:x` of `write:x`.
    pub const fn read_only(self) -> Self {
        match self {
            Self::ReadDataset | Self::WriteDataset => Self::ReadDataset,
            Self::ReadReport | Self::WriteReport => Self::ReadReport,
            Self::ReadProfile | Self::WriteProfile => Self::ReadProfile,
            Self::ReadGlobal | Self::WriteGlobal => Self::ReadGlobal,
        }
    }

    const fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(name: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == name)
            .ok_or(UnknownScope)
    }
}

/// Names of OpenID Connect that many clients send by habit (OpenID Connect Core §5.4, §11). They are accepted and grant
/// nothing.
const WITHOUT_EFFECT: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// A scope name that is none of the eight. It carries no text, so that nothing is echoed by accident.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the scope is unknown or malformed")]
pub struct UnknownScope;

/// A set of scopes: the `scope` parameter and claim.
///
/// ```
/// use informer_oauth_domain::scope::{Scope, ScopeSet};
///
/// let granted: ScopeSet = "write:dataset read:report".parse()?;
/// assert!(granted.allows(Scope::ReadDataset), "writing includes reading");
/// assert!(!granted.contains(Scope::ReadDataset), "though it was not named");
/// assert_eq!(granted.to_string(), "write:dataset read:report");
/// # Ok::<(), informer_oauth_domain::scope::UnknownScope>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ScopeSet(u8);

impl ScopeSet {
    /// No scope.
    pub const EMPTY: Self = Self(0);
    /// All eight.
    pub const ALL: Self = Self(u8::MAX);

    /// Whether the set names `scope` itself.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether any member includes `scope`.
    pub fn allows(self, scope: Scope) -> bool {
        self.iter().any(|held| held.includes(scope))
    }

    /// Whether every member is also a member of `other`, by name.
    pub const fn is_subset_of(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether some member of `limit` includes each member: a grant of reading is within a list that names only writing.
    pub fn is_within(self, limit: Self) -> bool {
        self.limited_to(limit) == self
    }

    /// The members that both sets name.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The members that some member of `limit` includes: what somebody may hand on who holds `limit`.
    pub fn limited_to(self, limit: Self) -> Self {
        self.iter().filter(|scope| limit.allows(*scope)).collect()
    }

    /// What becomes of `asked` when a person allows `self` of it: the scopes that were asked for by name, and a narrower one
    /// in place of a wider one that they left out. Never more than was asked for; what another member includes anyway is
    /// not named besides it, so that a yes to everything yields what was asked for, word for word.
    ///
    /// ```
    /// use informer_oauth_domain::scope::ScopeSet;
    ///
    /// let asked: ScopeSet = "write:dataset read:profile".parse()?;
    /// assert_eq!(ScopeSet::ALL.granted_of(asked), asked);
    /// assert_eq!("read:dataset".parse::<ScopeSet>()?.granted_of(asked).to_string(), "read:dataset");
    /// assert!("write:report".parse::<ScopeSet>()?.granted_of(asked).is_empty());
    /// # Ok::<(), informer_oauth_domain::scope::UnknownScope>(())
    /// ```
    pub fn granted_of(self, asked: Self) -> Self {
        let allowed = self.limited_to(asked);
        let included = |scope: Scope| allowed.iter().any(|other| other != scope && other.includes(scope));
        allowed
            .iter()
            .filter(|scope| asked.contains(*scope) || !included(*scope))
            .collect()
    }

    /// Reads the `scope` parameter of a request (RFC 6749 §3.3). `openid`, `profile`, `email` and `offline_access` grant
    /// nothing; alone they ask for `read:profile`. `invalid_scope` names the first unknown name.
    ///
    /// ```
    /// use informer_oauth_domain::scope::{Scope, ScopeSet};
    ///
    /// assert_eq!(ScopeSet::requested("openid write:dataset")?, Scope::WriteDataset.into());
    /// assert_eq!(ScopeSet::requested("openid profile")?, Scope::ReadProfile.into());
    /// let unknown = ScopeSet::requested("read:all").map_err(|error| error.description.into_owned());
    /// assert_eq!(unknown, Err("Unknown scope: read:all".to_owned()));
    /// # Ok::<(), informer_oauth_domain::error::OAuthError>(())
    /// ```
    pub fn requested(text: &str) -> Result<Self, OAuthError> {
        let names = || text.split(' ').filter(|name| !name.is_empty());
        let mut scope = Self::EMPTY;
        for name in names().filter(|name| !WITHOUT_EFFECT.contains(name)) {
            let known = Scope::from_str(name).map_err(|_| ErrorCode::InvalidScope.naming("Unknown scope", name))?;
            scope = scope.union(known.into());
        }
        if names().next().is_none() {
            return Err(ErrorCode::InvalidScope.because("The scope is empty."));
        }
        Ok(if scope.is_empty() {
            Scope::ReadProfile.into()
        } else {
            scope
        })
    }

    /// The first member that no member of `limit` includes.
    pub fn beyond(self, limit: Self) -> Option<Scope> {
        self.iter().find(|scope| !limit.allows(*scope))
    }

    /// The members of either set.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether there is no member.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes
            .into_iter()
            .fold(Self::EMPTY, |set, scope| Self(set.0 | scope.bit()))
    }
}

impl From<Scope> for ScopeSet {
    fn from(scope: Scope) -> Self {
        Self(scope.bit())
    }
}

impl FromStr for ScopeSet {
    type Err = UnknownScope;

    /// Reads names separated by spaces (RFC 6749 §3.3); order and repetition do not matter, and an empty text is the
    /// empty set.
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        text.split(' ')
            .filter(|name| !name.is_empty())
            .map(Scope::from_str)
            .collect()
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, scope) in self.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeSet({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_is_within_writing_and_not_the_other_way_round() {
        let within = |scope: &str, limit: &str| {
            let [scope, limit] = [scope, limit].map(|names| names.parse::<ScopeSet>().expect("scopes"));
            scope.is_within(limit)
        };
        assert!(within("read:report", "write:report"));
        assert!(within("read:report write:dataset", "write:global"));
        assert!(within("", "read:report"));
        assert!(!within("write:report", "read:report"));
        assert!(!within("read:report read:dataset", "write:report"));
    }

    #[test]
    fn global_write_includes_everything_and_global_read_every_read() {
        for scope in Scope::ALL {
            assert!(Scope::WriteGlobal.includes(scope));
            assert_eq!(Scope::ReadGlobal.includes(scope), !scope.is_write(), "{scope}");
        }
    }

    #[test]
    fn writing_includes_reading_of_the_same_area_only() {
        assert!(Scope::WriteReport.includes(Scope::ReadReport));
        assert!(!Scope::WriteReport.includes(Scope::ReadDataset));
        assert!(!Scope::ReadReport.includes(Scope::WriteReport));
        assert!(!Scope::WriteDataset.includes(Scope::ReadReport));
        assert!(!Scope::ReadReport.includes(Scope::WriteDataset));
    }

    #[test]
    fn a_person_never_grants_more_than_was_asked_for_and_all_of_it_word_for_word() {
        for asked in (1..=u8::MAX).map(ScopeSet) {
            assert_eq!(ScopeSet::ALL.granted_of(asked), asked);
            assert_eq!(asked.granted_of(asked), asked);
            for allowed in (0..=u8::MAX).map(ScopeSet) {
                let granted = allowed.granted_of(asked);
                assert!(granted.is_subset_of(allowed) && granted.iter().all(|scope| asked.allows(scope)));
                assert!(
                    allowed.intersection(asked).is_subset_of(granted),
                    "what was asked for by name stays"
                );
            }
        }
    }

    #[test]
    fn reading_only_is_the_reading_half_of_writing() {
        for scope in Scope::ALL {
            let read = scope.read_only();
            assert!(!read.is_write() && scope.includes(read), "{scope}");
        }
    }

    #[test]
    fn names_of_openid_connect_grant_nothing() {
        let requested = |text: &str| ScopeSet::requested(text).map(|scope| scope.to_string());
        assert_eq!(requested("read:dataset offline_access"), Ok("read:dataset".to_owned()));
        assert_eq!(requested("openid read:profile email"), Ok("read:profile".to_owned()));
        for alone in ["openid", "offline_access", " openid  profile email offline_access "] {
            assert_eq!(requested(alone), Ok("read:profile".to_owned()), "{alone}");
        }
    }

    #[test]
    fn unknown_names_of_a_request_are_named() {
        let described = |text: &str| ScopeSet::requested(text).map_err(|error| error.description.into_owned());
        for (text, named) in [
            ("read:dataset read:everything x", "Unknown scope: read:everything"),
            ("openid Profile", "Unknown scope: Profile"),
            ("read:dataset\tread:report", "Unknown scope: read:dataset?read:report"),
            ("address", "Unknown scope: address"),
            (" ", "The scope is empty."),
        ] {
            assert_eq!(described(text), Err(named.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_set_reads_back_what_it_writes() {
        for bits in 0..=u8::MAX {
            let set = ScopeSet(bits);
            assert_eq!(set.to_string().parse(), Ok(set));
        }
    }

    #[test]
    fn unknown_names_other_case_and_tabs_are_refused() {
        for text in [
            "read:dataset read:everything",
            "Read:dataset",
            "read:dataset\tread:report",
            "openid",
        ] {
            assert_eq!(text.parse::<ScopeSet>(), Err(UnknownScope), "{text}");
        }
    }
}
