//! Which scope a request to Informer's API needs: the scope table, and the routes it applies to.
//!
//! Both are data. [`RouteTable::informer`] lists the routes, [`Requirement::sufficient_scopes`] the scopes; judging a request is
//! looking up one in each. Rows are read from the top, and the first whose pattern and method fit decides. What
//! no row fits is global: a route nobody thought of needs a global scope.

use std::borrow::Cow;
use std::fmt;

use crate::path::NormalPath;
use crate::scope::{Scope, ScopeSet};

mod row;
#[cfg(test)]
mod tests;

pub use row::{Access, Area, Method, Route, RouteError, UnknownName};

use row::{Fit, literal_length};

const fn row(
    pattern: &'static str,
    methods: &'static [Method],
    area: Area,
    access: Option<Access>,
    write_scope_only: bool,
) -> Route {
    Route {
        pattern: Cow::Borrowed(pattern),
        literal: literal_length(pattern),
        methods: Cow::Borrowed(methods),
        area,
        access,
        write_scope_only,
    }
}

/// Whatever is below a path; the method says whether it reads or writes.
const fn all(pattern: &'static str, area: Area) -> Route {
    row(pattern, &[], area, None, false)
}

/// A POST that reads.
const fn read(pattern: &'static str, area: Area) -> Route {
    row(pattern, &[Method::Post], area, Some(Access::Read), false)
}

/// `read:report` is for reports; queries belong to `write:report` alone, their reads included.
const fn all_queries(pattern: &'static str) -> Route {
    row(pattern, &[], Area::Report, None, true)
}

/// A POST that reads a query.
const fn read_query(pattern: &'static str) -> Route {
    row(pattern, &[Method::Post], Area::Report, Some(Access::Read), true)
}

/// Informer's API, searches and runs before the trees they are part of. Of sessions only the own one is of the profile: the
/// list of them takes a username, and whose another id is cannot be told here.
static INFORMER: [Route; 26] = [
    read("/api/datasets/{id}/_search", Area::Dataset),
    read("/api/datasets/{id}/_execute", Area::Dataset),
    read("/api/datasets/{id}/_run", Area::Dataset),
    read("/api/datasets/{id}/_export", Area::Dataset),
    all("/api/datasets/**", Area::Dataset),
    all("/api/datasets-list/**", Area::Dataset),
    all("/api/dataset-id/**", Area::Dataset),
    read("/api/reports/{id}/_search", Area::Report),
    read("/api/reports/{id}/_execute", Area::Report),
    read("/api/reports/{id}/_run", Area::Report),
    read("/api/reports/{id}/_export", Area::Report),
    all("/api/reports/**", Area::Report),
    all("/api/reports-list/**", Area::Report),
    read_query("/api/queries/{id}/_search"),
    read_query("/api/queries/{id}/_execute"),
    read_query("/api/queries/{id}/_run"),
    read_query("/api/queries/{id}/_export"),
    all_queries("/api/queries/**"),
    all_queries("/api/queries-list/**"),
    all("/api/me/**", Area::Profile),
    all("/api/users/{me}/**", Area::Profile),
    all("/api/sessions/current/**", Area::Profile),
    all("/api/profile/**", Area::Profile),
    all("/api/**", Area::Global),
    all("/oauth/**", Area::Global),
    all("/**", Area::Global),
];

/// Decides where no row does; the last row of [`INFORMER`] fits every path, so this is for the compiler.
static ANYTHING: Route = all("/**", Area::Global);

/// The routes the gate knows, in the order in which they are tried.
///
/// ```
/// use informer_oauth_domain::path::NormalPath;
/// use informer_oauth_domain::route::{RouteTable, Verdict};
/// use informer_oauth_domain::scope::{Scope, ScopeSet};
///
/// let routes = RouteTable::informer();
/// let granted: ScopeSet = [Scope::ReadDataset].into_iter().collect();
///
/// let search = NormalPath::parse("/api/datasets/sales/_search")?;
/// assert!(routes.judge("POST", &search, "ada", granted).is_allowed());
///
/// let dataset = NormalPath::parse("/api/datasets/sales")?;
/// let verdict = routes.judge("DELETE", &dataset, "ada", granted);
/// assert!(matches!(verdict, Verdict::Insufficient { needed: Scope::WriteDataset, .. }));
/// assert_eq!(
///     verdict.to_string(),
///     "insufficient: needs write:dataset, because this is a write in the area dataset (row `* /api/datasets/**`)",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct RouteTable {
    extra: Vec<Route>,
}

impl RouteTable {
    /// Informer's API.
    pub const fn informer() -> Self {
        Self { extra: Vec::new() }
    }

    /// Informer's API, preceded by rows of one's own: they win over the built-in ones, in their own order.
    pub const fn extended(rows: Vec<Route>) -> Self {
        Self { extra: rows }
    }

    /// The rows, in the order in which they are tried.
    pub fn rows(&self) -> impl Iterator<Item = &Route> {
        self.extra.iter().chain(&INFORMER)
    }

    /// What the request asks for. `method` is read case-sensitively (RFC 9110 §9.1), and an unknown one is a write;
    /// `user` is whose profile counts as the own one.
    ///
    /// A path that fits a row only when upper and lower case are confused is global: the service behind the gate
    /// might confuse them.
    pub fn required(&self, method: &str, path: &NormalPath, user: &str) -> Requirement<'_> {
        self.requirement(Method::parse(method), false, path.as_str(), user)
    }

    fn requirement(&self, method: Method, upgrade: bool, path: &str, user: &str) -> Requirement<'_> {
        let access = |laid_down: Option<Access>| match laid_down {
            // Both sides may send anything on a connection that has left HTTP.
            _ if upgrade => Access::Write,
            Some(access) => access,
            None => method.access(),
        };
        let required = |area, access, route, case_differs| Requirement {
            area,
            access,
            route,
            case_differs,
            upgrade,
        };
        for route in self.rows() {
            match route.fit(method, path, user) {
                Fit::No => {}
                Fit::Exact => return required(route.area, access(route.access), route, false),
                Fit::ButForCase => return required(Area::Global, access(None), route, true),
            }
        }
        required(Area::Global, access(None), &ANYTHING, false)
    }

    /// Whether a token of `user` with the scopes `granted` may make the request.
    pub fn judge(&self, method: &str, path: &NormalPath, user: &str, granted: ScopeSet) -> Verdict<'_> {
        self.verdict(method, false, path, user, granted)
    }

    /// The same for a request that switches to another protocol, such as a WebSocket (RFC 9110 §7.8): it needs a write scope
    /// of its area, since what is sent on the connection afterwards is not judged.
    pub fn judge_upgrade(&self, method: &str, path: &NormalPath, user: &str, granted: ScopeSet) -> Verdict<'_> {
        self.verdict(method, true, path, user, granted)
    }

    fn verdict(&self, method: &str, upgrade: bool, path: &NormalPath, user: &str, granted: ScopeSet) -> Verdict<'_> {
        let method = Method::parse(method);
        let required = self.requirement(method, upgrade, path.as_str(), user);
        let readings = path.other_readings().iter();
        let mut others = readings.map(|reading| self.requirement(method, upgrade, reading, user));
        if let Some(other) = others.find(|other| *other != required) {
            return Verdict::Ambiguous { required, other };
        }
        match required
            .sufficient_scopes()
            .iter()
            .find(|scope| granted.contains(**scope))
        {
            Some(&by) => Verdict::Allowed { by, required },
            None => Verdict::Insufficient {
                needed: required.least_scope(),
                required,
            },
        }
    }
}

/// What a request asks for, and the row that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement<'t> {
    /// The part of the API.
    pub area: Area,
    /// Whether something may change.
    pub access: Access,
    /// The row that decided.
    pub route: &'t Route,
    /// The row fits only when upper and lower case are confused, so `area` is global whatever the row says.
    pub case_differs: bool,
    /// The request switches to another protocol, so that `access` is a write whatever row and method say.
    pub upgrade: bool,
}

impl Requirement<'_> {
    /// The scopes of which one is enough, the least first: the scope table.
    pub fn sufficient_scopes(&self) -> &'static [Scope] {
        use Scope::{
            ReadDataset, ReadGlobal, ReadProfile, ReadReport, WriteDataset, WriteGlobal, WriteProfile, WriteReport,
        };
        let write_scope_only = self.route.write_scope_only && !self.case_differs;
        match (self.area, self.access) {
            (Area::Dataset, Access::Read) if write_scope_only => &[WriteDataset, ReadGlobal, WriteGlobal],
            (Area::Dataset, Access::Read) => &[ReadDataset, WriteDataset, ReadGlobal, WriteGlobal],
            (Area::Dataset, Access::Write) => &[WriteDataset, WriteGlobal],
            (Area::Report, Access::Read) if write_scope_only => &[WriteReport, ReadGlobal, WriteGlobal],
            (Area::Report, Access::Read) => &[ReadReport, WriteReport, ReadGlobal, WriteGlobal],
            (Area::Report, Access::Write) => &[WriteReport, WriteGlobal],
            (Area::Profile, Access::Read) if write_scope_only => &[WriteProfile, ReadGlobal, WriteGlobal],
            (Area::Profile, Access::Read) => &[ReadProfile, WriteProfile, ReadGlobal, WriteGlobal],
            (Area::Profile, Access::Write) => &[WriteProfile, WriteGlobal],
            (Area::Global, Access::Read) if write_scope_only => &[WriteGlobal],
            (Area::Global, Access::Read) => &[ReadGlobal, WriteGlobal],
            (Area::Global, Access::Write) => &[WriteGlobal],
        }
    }

    /// The scope to name in `insufficient_scope` (RFC 6750 §3.1): the narrowest that would do.
    pub fn least_scope(&self) -> Scope {
        self.sufficient_scopes().first().copied().unwrap_or(Scope::WriteGlobal)
    }
}

impl fmt::Display for Requirement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "this is a {} in the area {} (row `{}`",
            self.access, self.area, self.route
        )?;
        if self.case_differs {
            f.write_str(" fits only when upper and lower case are confused")?;
        }
        if self.upgrade {
            f.write_str(", a write since the connection leaves HTTP")?;
        } else if self.case_differs {
            // The row's own rules do not apply.
        } else if self.route.write_scope_only && self.access == Access::Read {
            f.write_str(", which a read scope of the area does not reach")?;
        } else if self.route.access == Some(Access::Read) {
            f.write_str(", a read whatever the method")?;
        }
        f.write_str(")")
    }
}

/// What the gate says about a request. `Display` explains it in one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'t> {
    /// The token may pass.
    Allowed {
        /// The least of the token's scopes that is enough.
        by: Scope,
        /// What was asked for.
        required: Requirement<'t>,
    },
    /// The token may not pass.
    Insufficient {
        /// The least scope that would be enough.
        needed: Scope,
        /// What was asked for.
        required: Requirement<'t>,
    },
    /// Servers read the path differently, and not all readings are the same row.
    Ambiguous {
        /// What was asked for, if escaped slashes, semicolons and trailing dots are data.
        required: Requirement<'t>,
        /// What was asked for in another reading.
        other: Requirement<'t>,
    },
}

impl<'t> Verdict<'t> {
    /// Whether the token may pass.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }

    /// What was asked for.
    pub const fn required(&self) -> &Requirement<'t> {
        match self {
            Self::Allowed { required, .. } | Self::Insufficient { required, .. } | Self::Ambiguous { required, .. } => {
                required
            }
        }
    }
}

impl fmt::Display for Verdict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed { by, required } => {
                write!(f, "allowed: by {}, because {required}", by.as_str())
            }
            Self::Insufficient { needed, required } => {
                write!(f, "insufficient: needs {}, because {required}", needed.as_str())
            }
            Self::Ambiguous { required, other } => write!(
                f,
                "refused: servers read the path differently, as row `{}` or as row `{}`",
                required.route, other.route
            ),
        }
    }
}
