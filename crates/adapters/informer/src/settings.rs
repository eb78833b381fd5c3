//! What the operator decides about Informer, and whether it can be.

use std::{
    collections::{BTreeMap, HashSet},
    net::IpAddr,
    time::Duration,
};

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use informer_oauth_domain::secret::Secret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use thiserror::Error;
use url::{Host, Url};

/// The place of the session cookie's value in a path.
const SID: &str = "{sid}";
/// The place of a user's name in a path.
const USERNAME: &str = "{username}";

/// The longest a call may be given: a caller that is refused hears so within two seconds.
pub(crate) const LONGEST_TIMEOUT: Duration = Duration::from_millis(1900);
/// The longest an answer may be remembered.
pub(crate) const LONGEST_CACHING: Duration = Duration::from_secs(300);

/// Escaped in a path's segment: all but what RFC 3986 §2.3 calls unreserved.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Hosts whose names end so are not the public Internet's (RFC 6761, RFC 6762, RFC 8375, ICANN's reserved `internal`, and
/// the names of services in a cluster).
const PRIVATE_SUFFIXES: [&str; 7] = [
    ".localhost",
    ".local",
    ".internal",
    ".home.arpa",
    ".svc",
    ".lan",
    ".test",
];

/// How Informer is asked.
#[derive(Clone, Debug)]
pub struct InformerSettings {
    /// Informer's base URL, as this service reaches it. Over http only where nobody else listens: see
    /// [`InformerSettings::problems`].
    pub url: String,
    /// The name of Informer's session cookie.
    pub session_cookie: String,
    /// Where a session is read; `{sid}` stands for the cookie's value.
    pub session_path: String,
    /// Where a user is read; `{username}` stands for the name.
    pub user_path: String,
    /// An API token of Informer's, with which users are read when no browser is there.
    pub api_token: Option<Secret>,
    /// Where in the user's JSON it says whether they are a superuser: a JSON pointer (RFC 6901).
    pub superuser_pointer: String,
    /// Where it says whether they have the token API feature. Without it, [`InformerSettings::token_api`] counts.
    pub token_api_pointer: Option<String>,
    /// Whether superusers may manage clients ("token API"), where no pointer says so for each.
    pub token_api: bool,
    /// The tenant whose sessions count; those of another one are signed out. `None` accepts every session.
    pub tenant: Option<String>,
    /// Headers of every call, by name. `Host` replaces the one of the URL.
    pub headers: BTreeMap<String, Secret>,
    /// Where a signed-out browser goes: a path of the site, or an absolute URL.
    pub login_url: String,
    /// How long finding out one thing may take in all, retries included.
    pub timeout: Duration,
    /// How old a remembered answer may be.
    pub cached_for: Duration,
    /// How many sessions, and how many users, are remembered.
    pub remembered: u64,
}

/// A setting that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{field}: {message}")]
pub struct InvalidSetting {
    /// The field of [`InformerSettings`]; of the two times, as configuration names them: `timeout_ms`, `cache_seconds`.
    pub field: &'static str,
    /// What it must be.
    pub message: String,
}

impl InformerSettings {
    /// Everything as Informer has it by default.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            session_cookie: "sid".into(),
            session_path: format!("/api/sessions/{SID}"),
            user_path: format!("/api/users/{USERNAME}"),
            api_token: None,
            superuser_pointer: "/superuser".into(),
            token_api_pointer: None,
            token_api: true,
            tenant: None,
            headers: BTreeMap::new(),
            login_url: "/".into(),
            timeout: Duration::from_millis(1500),
            cached_for: Duration::from_secs(5),
            remembered: 10_000,
        }
    }

    /// Everything that is wrong. A session cookie is as good as a password: plain http is taken only to a loopback or
    /// private address, or to a name that the public DNS does not know (without a dot, or of `.local`, `.internal`, `.svc`
    /// and the like).
    pub fn problems(&self) -> Vec<InvalidSetting> {
        let mut problems = Vec::new();
        let mut check = |field, result: Result<(), &str>| {
            if let Err(message) = result {
                problems.push(InvalidSetting {
                    field,
                    message: message.to_owned(),
                });
            }
        };
        check("url", base(&self.url).map(|_| ()));
        check("session_cookie", cookie_name(&self.session_cookie));
        check("session_path", path(&self.session_path, SID));
        check("user_path", path(&self.user_path, USERNAME));
        check("api_token", self.api_token.as_ref().map_or(Ok(()), bearer_token));
        check("superuser_pointer", pointer(&self.superuser_pointer));
        check(
            "token_api_pointer",
            self.token_api_pointer.as_deref().map_or(Ok(()), pointer),
        );
        check("tenant", self.tenant.as_deref().map_or(Ok(()), tenant));
        check("headers", headers(&self.headers));
        check("login_url", login_url(&self.login_url));
        let in_time = (Duration::from_millis(50)..=LONGEST_TIMEOUT).contains(&self.timeout);
        check("timeout_ms", in_time.then_some(()).ok_or("must be 50 to 1900"));
        let fresh = self.cached_for <= LONGEST_CACHING;
        check("cache_seconds", fresh.then_some(()).ok_or("must be at most 300"));
        problems
    }

    /// The headers of every call. `Debug` does not show their values.
    pub(crate) fn header_map(&self) -> HeaderMap {
        let parsed = |(name, value): (&String, &Secret)| Some((header_name(name)?, header_value(value)?));
        self.headers.iter().filter_map(parsed).collect()
    }

    /// The path of a session.
    pub(crate) fn path_of_session(&self, sid: &str) -> String {
        filled_in(&self.session_path, SID, sid)
    }

    /// The path of a user.
    pub(crate) fn path_of_user(&self, username: &str) -> String {
        filled_in(&self.user_path, USERNAME, username)
    }
}

fn filled_in(path: &str, place: &str, value: &str) -> String {
    path.replace(place, &utf8_percent_encode(value, SEGMENT).to_string())
}

/// Whether a text can be a segment of a path, when it is escaped: dots alone would be read as another path.
pub(crate) fn fits_a_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
}

/// The base URL, if it is one that a cookie may be sent to.
pub(crate) fn base(text: &str) -> Result<Url, &'static str> {
    const FORM: &str = "must be an absolute URL, http:// or https://, such as http://127.0.0.1:3000";
    let url = Url::parse(text).map_err(|_| FORM)?;
    let Some(host) = url.host() else {
        return Err(FORM);
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(FORM);
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("must have no user name, no password, no query and no fragment");
    }
    if url.scheme() == "http" && !is_private(&host) {
        return Err(
            "must be https: over http, anybody on the way would read the users' session cookies. http is for a loopback or \
             private address, and for names without a dot or of .local, .internal, .svc, .localhost, .home.arpa, .lan, .test",
        );
    }
    Ok(url)
}

fn is_private(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        Host::Ipv6(address) => {
            address.is_loopback()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || matches!(address.to_canonical(), IpAddr::V4(v4) if is_private(&Host::Ipv4(v4)))
        }
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            !name.contains('.')
                || name.ends_with(".svc.cluster.local")
                || PRIVATE_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
        }
    }
}

/// A cookie's name is a token (RFC 6265 §4.1.1, RFC 9110 §5.6.2).
fn cookie_name(name: &str) -> Result<(), &'static str> {
    let fits = !name.is_empty()
        && name.len() <= 64
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    fits.then_some(())
        .ok_or("must be a cookie's name: letters, digits, - and _")
}

fn path(path: &str, place: &str) -> Result<(), &'static str> {
    let around = path.replace(place, "x");
    let plain = around
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"{}\\#\"<>".contains(&byte));
    if !path.starts_with('/') || path.starts_with("//") || !plain {
        return Err(
            "must be a path such as /api/sessions/{sid} or /api/users/{username}, of visible ASCII without a fragment",
        );
    }
    let alone = around.split(['/', '?']).any(|segment| matches!(segment, "." | ".."));
    // A session is told by the cookie, too; a user only by the name.
    if alone || (place == USERNAME && !path.contains(place)) {
        return Err("must have {username} in it, and no . or .. as a segment");
    }
    Ok(())
}

/// What may stand after `Bearer` (RFC 6750 §2.1), and a little more, since it is Informer's to define.
fn bearer_token(token: &Secret) -> Result<(), &'static str> {
    let text = token.expose();
    let fits = !text.is_empty() && text.len() <= 8192 && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then_some(())
        .ok_or("must be visible ASCII without spaces, as it is sent after `Authorization: Bearer`")
}

fn tenant(text: &str) -> Result<(), &'static str> {
    let fits = !text.trim().is_empty() && text.len() <= 256 && !text.chars().any(char::is_control);
    fits.then_some(())
        .ok_or("must be the tenant's name, as Informer's sessions have it")
}

/// Headers that this service sets itself, or that frame a message or belong to one connection (RFC 9110 §7.6.1).
const RESERVED_HEADERS: [&str; 14] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

fn headers(headers: &BTreeMap<String, Secret>) -> Result<(), &'static str> {
    let mut names = HashSet::new();
    for (name, value) in headers {
        let name = header_name(name).ok_or("must have names of HTTP headers, such as X-INF-TENANT or Host")?;
        if RESERVED_HEADERS.contains(&name.as_str()) {
            return Err(
                "must not have credentials, or what this service writes itself: Cookie, Authorization, Accept, \
                 Content-Length, Connection and the like",
            );
        }
        header_value(value).ok_or("must have values of visible ASCII and spaces")?;
        if !names.insert(name) {
            return Err("has one name twice, written differently");
        }
    }
    Ok(())
}

fn header_name(name: &str) -> Option<HeaderName> {
    HeaderName::from_bytes(name.as_bytes()).ok()
}

fn header_value(value: &Secret) -> Option<HeaderValue> {
    let text = value.expose();
    let visible = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    let fits = !text.trim().is_empty() && text.bytes().all(visible);
    let mut value = HeaderValue::from_str(text).ok().filter(|_| fits)?;
    value.set_sensitive(true);
    Some(value)
}

/// A JSON pointer that points at something in a document (RFC 6901 §3).
fn pointer(text: &str) -> Result<(), &'static str> {
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    (text.starts_with('/') && escapes)
        .then_some(())
        .ok_or("must be a JSON pointer such as /superuser or /features/tokenApi")
}

/// A path of this site, or an absolute http or https URL.
fn login_url(text: &str) -> Result<(), &'static str> {
    const FORM: &str = "must be a path such as /login, or an absolute URL on the same site, without a fragment";
    let visible = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\\#\"<>".contains(&byte));
    if !visible {
        return Err(FORM);
    }
    if text.starts_with('/') {
        return (!text.starts_with("//")).then_some(()).ok_or(FORM);
    }
    let url = Url::parse(text).map_err(|_| FORM)?;
    let fits = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    fits.then_some(()).ok_or(FORM)
}

#[cfg(test)]
mod tests;
