use informer_oauth_domain::route::{Access, Area, Route, RouteError, RouteTable};
use serde::{Deserialize, Serialize};

use super::Problems;

/// `gate.*`
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Gate {
    /// Whether a request without a bearer token is refused rather than left to Informer's session rules.
    pub(crate) require_token: bool,
    /// Rows that come before the built-in ones.
    pub(crate) routes: Vec<Row>,
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

    /// The gate's table; rows that are none were refused before.
    pub(crate) fn table(&self) -> RouteTable {
        RouteTable::extended(self.routes.iter().filter_map(|row| row.route().ok()).collect())
    }
}
