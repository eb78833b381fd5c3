use informer_oauth_application::users::{PASSWORD_LIMIT, PASSWORD_MINIMUM};
use informer_oauth_domain::user::check_username;
use serde::{Deserialize, Serialize};

use super::{Hidden, Problems};

/// `bootstrap.*`: what the first start makes, which is a start with no user in the directory.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Bootstrap {
    /// The first administrator's name.
    pub(crate) admin_username: String,
    /// The first administrator's password; without one, it is drawn and printed once.
    pub(crate) admin_password: Option<Hidden>,
    /// Whether Informer CLI and Informer GO are registered; unset, it follows the database.
    pub(crate) builtin_clients: Option<bool>,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            admin_username: "admin".into(),
            admin_password: None,
            builtin_clients: None,
        }
    }
}

impl Bootstrap {
    pub(super) fn validate(&self, problems: &mut Problems) {
        if let Err(error) = check_username(&self.admin_username) {
            problems.add("bootstrap.admin_username", error);
        }
        let password = self.admin_password.as_ref().map(Hidden::secret);
        if password.is_some_and(|text| text.expose().chars().count() < PASSWORD_MINIMUM || text.len() > PASSWORD_LIMIT)
        {
            let range =
                format_args!("must have at least {PASSWORD_MINIMUM} characters and at most {PASSWORD_LIMIT} bytes");
            problems.add("bootstrap.admin_password", range);
        }
    }
}
