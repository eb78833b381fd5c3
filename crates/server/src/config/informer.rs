use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use informer_oauth_domain::secret::Secret;
use informer_oauth_informer::InformerSettings;
use serde::{Deserialize, Serialize};

use super::{Hidden, Problems, issuer};
use crate::text;

/// `identity.informer.*`: the Informer beside this service, which knows the users when `identity.kind` says so.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Informer {
    /// Its base URL, as this service reaches it.
    pub(crate) url: Option<String>,
    /// The name of its session cookie.
    pub(crate) session_cookie: String,
    /// Where a session is read.
    pub(crate) session_path: String,
    /// Where a user is read.
    pub(crate) user_path: String,
    /// An API token of Informer's, with which users are read when no browser is there.
    pub(crate) api_token: Option<Hidden>,
    /// A file that holds it.
    pub(crate) api_token_file: Option<PathBuf>,
    /// Where in a user's JSON it says whether they are a superuser.
    pub(crate) superuser_pointer: String,
    /// Where it says whether they have the token API feature; without it, `features.token_api` decides.
    pub(crate) token_api_pointer: Option<String>,
    /// The tenant whose sessions count.
    pub(crate) tenant: Option<String>,
    /// Headers that are sent with every call, by name.
    pub(crate) headers: BTreeMap<String, Hidden>,
    /// Where a signed-out browser is sent.
    pub(crate) login_url: String,
    /// How long finding out one thing may take in all.
    pub(crate) timeout_ms: u64,
    /// How old an answer may be.
    pub(crate) cache_seconds: u64,
}

impl Default for Informer {
    fn default() -> Self {
        let settings = InformerSettings::new("");
        Self {
            url: None,
            session_cookie: settings.session_cookie,
            session_path: settings.session_path,
            user_path: settings.user_path,
            api_token: None,
            api_token_file: None,
            superuser_pointer: settings.superuser_pointer,
            token_api_pointer: settings.token_api_pointer,
            tenant: None,
            headers: BTreeMap::new(),
            login_url: settings.login_url,
            timeout_ms: 1500,
            cache_seconds: 5,
        }
    }
}

/// The key of a setting of this section.
fn key(field: &str) -> String {
    format!("identity.informer.{field}")
}

impl Informer {
    pub(super) fn validate(&self, origin: Option<&str>, problems: &mut Problems) {
        if self.url.is_none() {
            let message = "must be set when identity.kind is informer: where this service reaches Informer, such as http://127.0.0.1:3000";
            problems.add(&key("url"), message);
        }
        if self.api_token.is_some() && self.api_token_file.is_some() {
            let message = "is set, and so is identity.informer.api_token_file: use one of them";
            problems.add(&key("api_token"), message);
        }
        match self.settings(true, 0) {
            Ok(settings) => {
                let found = settings.problems();
                // That there is none was said before.
                let found = found
                    .iter()
                    .filter(|problem| self.url.is_some() || problem.field != "url");
                for problem in found {
                    problems.add(&key(problem.field), &problem.message);
                }
            }
            Err(problem) => problems.add_sentence(problem),
        }
        // The way back is a path: it leads here from this very origin only.
        if !self.login_url.starts_with('/') && issuer::origin(&self.login_url).as_deref() != origin {
            let message = match origin {
                Some(origin) => {
                    format!(
                        "must be a path or begin with {origin}, so that the way back from there leads to this service"
                    )
                }
                None => "must be a path, or issuer must be set and have the same origin".to_owned(),
            };
            problems.add(&key("login_url"), message);
        }
    }

    /// How to ask Informer; or which file cannot be read.
    pub(crate) fn settings(&self, token_api: bool, remembered: u64) -> Result<InformerSettings, String> {
        Ok(InformerSettings {
            url: self.url.clone().unwrap_or_default(),
            session_cookie: self.session_cookie.clone(),
            session_path: self.session_path.clone(),
            user_path: self.user_path.clone(),
            api_token: self.api_token()?,
            superuser_pointer: self.superuser_pointer.clone(),
            token_api_pointer: self.token_api_pointer.clone(),
            token_api,
            tenant: self.tenant.clone(),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), value.secret().clone()))
                .collect(),
            login_url: self.login_url.clone(),
            timeout: Duration::from_millis(self.timeout_ms),
            cached_for: Duration::from_secs(self.cache_seconds),
            remembered,
        })
    }

    fn api_token(&self) -> Result<Option<Secret>, String> {
        let Some(path) = &self.api_token_file else {
            return Ok(self.api_token.as_ref().map(|token| token.secret().clone()));
        };
        let text = text::read(path).map(Secret::new).map_err(|error| {
            let key = key("api_token_file");
            format!("{key}: cannot read {}: {error}", path.display())
        })?;
        Ok(Some(Secret::new(text.expose().trim().to_owned())))
    }
}
