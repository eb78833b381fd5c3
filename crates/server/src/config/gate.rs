use informer_oauth_application::gate::GatePolicy;
use informer_oauth_domain::route::{Access, Area, Route, RouteError, RouteTable};
use serde::{Deserialize, Serialize};

use super::Problems;

/// `gate.*`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Gate {
    /// What becomes of bearer tokens that this service did not issue. Without it, they pass beside Informer, and are refused
    /// with the local directory.
    pub(crate) foreign_tokens: Option<ForeignTokens>,
    /// Whether a request without a token of this service is refused rather than left to Informer's own rules.
    pub(crate) require_token: bool,
    /// Rows that come before the built-in ones.
    pub(crate) routes: Vec<Row>,
}

/// What becomes of bearer tokens that this service did not issue.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ForeignTokens {
    /// Passed on, for Informer to judge.
    Pass,
    /// Refused with 401.
    Refuse,
}

/// One row of the gate's table.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// A path such as `/api/dashboards/{id}/**`.
    pattern: String,
    /// For which methods; none means all.
    #[serde(default)]
    methods: Vec<String>,
    /// What it is about.
    area: Area,
    /// Whether it reads or writes; without it, the method says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access: Option<Access>,
    /// Whether the area's read scope does not reach it.
    #[serde(default)]
    write_scope_only: bool,
}

impl Row {
    fn route(&self) -> Result<Route, RouteError> {
        let methods: Vec<&str> = self.methods.iter().map(String::as_str).collect();
        let mut route = Route::new(&self.pattern, &methods, self.area)?;
        if let Some(access) = self.access {
            route = route.with_access(access);
        }
        Ok(if self.write_scope_only {
            route.with_write_scope_only()
        } else {
            route
        })
    }
}

impl Gate {
    pub(super) fn validate(&self, problems: &mut Problems) {
        for (position, row) in self.routes.iter().enumerate() {
            if let Err(error) = row.route() {
                problems.add(&format!("gate.routes[{position}]"), error);
            }
        }
    }

    /// What becomes of requests without a token of ours.
    pub(crate) fn policy(&self, beside_informer: bool) -> GatePolicy {
        let by_default = if beside_informer {
            ForeignTokens::Pass
        } else {
            ForeignTokens::Refuse
        };
        GatePolicy {
            require_token: self.require_token,
            refuse_foreign_tokens: self.foreign_tokens.unwrap_or(by_default) == ForeignTokens::Refuse,
        }
    }

    /// The gate's table; rows that are none were refused before.
    pub(crate) fn table(&self) -> RouteTable {
        RouteTable::extended(self.routes.iter().filter_map(|row| row.route().ok()).collect())
    }
}
