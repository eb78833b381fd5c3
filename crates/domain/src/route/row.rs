//! One row of the route table: a pattern, the methods it is for, and what it says about them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use crate::path::NormalPath;

/// A name of an area or access that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnknownName {
    /// Not one of the four areas.
    #[error("an area is dataset, report, profile or global")]
    Area,
    /// Neither read nor write.
    #[error("an access is read or write")]
    Access,
}

/// The part of the API a scope is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Area {
    /// Datasets.
    Dataset,
    /// Reports and queries.
    Report,
    /// The user's own profile.
    Profile,
    /// Everything, known or not.
    Global,
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dataset => "dataset",
            Self::Report => "report",
            Self::Profile => "profile",
            Self::Global => "global",
        })
    }
}

impl FromStr for Area {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "dataset" => Ok(Self::Dataset),
            "report" => Ok(Self::Report),
            "profile" => Ok(Self::Profile),
            "global" => Ok(Self::Global),
            _ => Err(UnknownName::Area),
        }
    }
}

/// Whether a request may change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "lowercase")
)]
pub enum Access {
    /// It changes nothing.
    Read,
    /// It may.
    Write,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
        })
    }
}

impl FromStr for Access {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "read" => Ok(Self::Read),
            "write" => Ok(Self::Write),
            _ => Err(UnknownName::Access),
        }
    }
}

/// A request method (RFC 9110 §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// GET
    Get,
    /// HEAD
    Head,
    /// OPTIONS
    Options,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
    /// Any other, `get` in lower case included: methods are case-sensitive (RFC 9110 §9.1).
    Other,
}

impl Method {
    /// Reads a method; an unknown one is [`Method::Other`].
    pub fn parse(text: &str) -> Self {
        match text {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "OPTIONS" => Self::Options,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            _ => Self::Other,
        }
    }

    /// GET, HEAD and OPTIONS read; every other method, known or not, is taken for a write.
    pub const fn access(self) -> Access {
        match self {
            Self::Get | Self::Head | Self::Options => Access::Read,
            Self::Post | Self::Put | Self::Patch | Self::Delete | Self::Other => Access::Write,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Other => "other",
        })
    }
}

/// Why a row cannot be added to the route table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RouteError {
    /// The pattern is not an absolute path in normal form.
    #[error(
        "the pattern {0:?} must start with '/' and be written in normal form: no '//', no trailing '/', no needless escapes"
    )]
    NotNormal(String),
    /// `**` elsewhere than at the end.
    #[error("the pattern {0:?} may have '**' only as its last segment")]
    Tail(String),
    /// A `{`, `}` or `*` that is not a whole `{name}` or a closing `**`.
    #[error("the pattern {0:?} must use placeholders for whole segments, such as {{id}}")]
    Placeholder(String),
    /// A method this service does not know by name.
    #[error("the method {0:?} is none of GET, HEAD, OPTIONS, POST, PUT, PATCH and DELETE")]
    Method(String),
}

/// One row: which requests it is about, and what it says about them.
///
/// In a pattern, `{name}` stands for any one segment, `{me}` for the name of the token's user, and a closing `**` for
/// any number of segments, none included.
///
/// ```
/// use informer_oauth_domain::route::{Access, Area, Route, RouteError};
///
/// let route = Route::new("/api/dashboards/{id}/_preview", &["POST"], Area::Report)?.with_access(Access::Read);
/// assert_eq!(route.to_string(), "POST /api/dashboards/{id}/_preview");
/// assert!(Route::new("/api/**/secret", &[], Area::Global).is_err());
/// # Ok::<(), RouteError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub(super) pattern: Cow<'static, str>,
    /// [`literal_length`]
    pub(super) literal: usize,
    /// Empty for all of them.
    pub(super) methods: Cow<'static, [Method]>,
    pub(super) area: Area,
    /// `None`: the method says.
    pub(super) access: Option<Access>,
    pub(super) write_scope_only: bool,
}

/// How a request relates to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    No,
    Exact,
    /// Only when upper and lower case are confused.
    ButForCase,
}

impl Route {
    /// A row of one's own. No methods means all of them; whether a request reads or writes follows from its method.
    pub fn new(pattern: &str, methods: &[&str], area: Area) -> Result<Self, RouteError> {
        check_pattern(pattern)?;
        let methods = methods
            .iter()
            .map(|name| match Method::parse(name) {
                Method::Other => Err(RouteError::Method((*name).to_owned())),
                known => Ok(known),
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            literal: literal_length(pattern),
            pattern: Cow::Owned(pattern.to_owned()),
            methods: Cow::Owned(methods),
            area,
            access: None,
            write_scope_only: false,
        })
    }

    /// Says whether the row's requests read or write, whatever their method.
    pub fn with_access(self, access: Access) -> Self {
        Self {
            access: Some(access),
            ..self
        }
    }

    /// Keeps the row out of reach of its area's read scope, so that reads need the write scope too, as for queries.
    /// `read:global` still reads it, being about any endpoint, unless the area itself is global.
    pub fn with_write_scope_only(self) -> Self {
        Self {
            write_scope_only: true,
            ..self
        }
    }

    /// The pattern.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The methods; none means all.
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// The area.
    pub const fn area(&self) -> Area {
        self.area
    }

    /// The access the row lays down; `None` when the method says.
    pub const fn access(&self) -> Option<Access> {
        self.access
    }

    /// Whether the area's read scope does not reach the row.
    pub const fn is_write_scope_only(&self) -> bool {
        self.write_scope_only
    }

    /// Whether a path may fit as far as the pattern is literal: most rows are ruled out by that alone. Normal forms are ASCII.
    fn may_begin(&self, path: &str) -> bool {
        let literal = self.pattern.as_bytes().get(..self.literal).unwrap_or_default();
        let beginning = path.as_bytes().get(..literal.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(literal))
    }

    /// Whether the pattern is `/literal/**` and the path is that literal or below it, letter for letter: so fits nearly all that
    /// fits, and it is said without taking either apart.
    fn is_tree_around(&self, path: &str) -> bool {
        self.pattern
            .split_at_checked(self.literal)
            .is_some_and(|(literal, rest)| {
                let below = path.strip_prefix(literal);
                rest == "/**" && below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
            })
    }

    pub(super) fn fit(&self, method: Method, path: &str, user: &str) -> Fit {
        if !self.methods.is_empty() && !self.methods.contains(&method) {
            return Fit::No;
        }
        if !self.may_begin(path) {
            return Fit::No;
        }
        if self.is_tree_around(path) {
            return Fit::Exact;
        }
        let mut fit = Fit::Exact;
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        for wanted in self.pattern.split('/').filter(|wanted| !wanted.is_empty()) {
            if wanted == "**" {
                return fit;
            }
            let Some(segment) = segments.next() else {
                return Fit::No;
            };
            match fit_segment(wanted, segment, user) {
                Fit::Exact => {}
                Fit::ButForCase => fit = Fit::ButForCase,
                Fit::No => return Fit::No,
            }
        }
        if segments.next().is_none() { fit } else { Fit::No }
    }
}

/// How many bytes of a pattern stand before its first placeholder and the slash before that.
pub(super) const fn literal_length(pattern: &str) -> usize {
    let bytes = pattern.as_bytes();
    let (mut length, mut position) = (0, 0);
    while position < bytes.len() {
        if matches!(bytes[position], b'{' | b'*') {
            return length;
        }
        if bytes[position] != b'/' {
            length = position + 1;
        }
        position += 1;
    }
    length
}

fn fit_segment(wanted: &str, segment: &str, user: &str) -> Fit {
    if wanted == "{me}" {
        // `NormalPath` has no segments that are not UTF-8.
        let name = percent_decode_str(segment).decode_utf8_lossy();
        return fit_text(user, &name);
    }
    if wanted.starts_with('{') {
        return Fit::Exact;
    }
    fit_text(wanted, segment)
}

fn fit_text(wanted: &str, given: &str) -> Fit {
    if wanted == given {
        Fit::Exact
    } else if same_but_for_case(wanted, given) {
        Fit::ButForCase
    } else {
        Fit::No
    }
}

fn same_but_for_case(wanted: &str, given: &str) -> bool {
    // Nearly always ASCII, which needs no copies.
    let ascii = || wanted.is_ascii() && given.is_ascii();
    wanted.eq_ignore_ascii_case(given) || (!ascii() && wanted.to_lowercase() == given.to_lowercase())
}

fn check_pattern(pattern: &str) -> Result<(), RouteError> {
    let refuse = |why: fn(String) -> RouteError| Err(why(pattern.to_owned()));
    let Some(rest) = pattern.strip_prefix('/') else {
        return refuse(RouteError::NotNormal);
    };
    if rest.is_empty() {
        return Ok(());
    }
    let mut segments = rest.split('/').peekable();
    while let Some(segment) = segments.next() {
        if segment == "**" {
            if segments.peek().is_some() {
                return refuse(RouteError::Tail);
            }
            continue;
        }
        let name = segment.strip_prefix('{').and_then(|open| open.strip_suffix('}'));
        let literal = name.unwrap_or(segment);
        if literal.contains(['{', '}', '*']) {
            return refuse(RouteError::Placeholder);
        }
        // A literal that is not in normal form would never fit a path that is.
        let normal = NormalPath::parse(format!("/{literal}")).is_ok_and(|path| path.as_str().get(1..) == Some(literal));
        if literal.is_empty() || !normal {
            return refuse(if name.is_some() {
                RouteError::Placeholder
            } else {
                RouteError::NotNormal
            });
        }
    }
    Ok(())
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.methods.is_empty() {
            f.write_str("*")?;
        }
        for (position, method) in self.methods.iter().enumerate() {
            let separator = if position == 0 { "" } else { "|" };
            write!(f, "{separator}{method}")?;
        }
        write!(f, " {}", self.pattern)
    }
}
