use std::time::Duration;

use informer_oauth_domain::attempts::AttemptLimit;

/// The cookie's name over http, where the `__Host-` prefix is not allowed.
const PLAIN_COOKIE: &str = "informer_oauth_session";

/// Over https the prefix keeps other hosts of the domain from setting the cookie (RFC 6265bis §4.1.3.2).
const HOST_COOKIE: &str = "__Host-informer_oauth_session";

/// The device cookie's name over http.
const PLAIN_DEVICE_COOKIE: &str = "informer_oauth_device";

/// The device cookie's name over https.
const HOST_DEVICE_COOKIE: &str = "__Host-informer_oauth_device";

/// How many addresses' worth of failures a username bears.
pub const EVERYWHERE: u32 = 20;

/// How the directory signs people in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DirectorySettings {
    /// The session cookie's name.
    pub cookie: String,
    /// The name of the device cookie, which proves that a browser has signed in before.
    pub device_cookie: String,
    /// How long a session lasts.
    pub session_lifetime: Duration,
    /// Attempts at one username from one address, right ones not counted. From all addresses together it is
    /// [`EVERYWHERE`] times as many: enough that nobody locks a user out by guessing from afar, and few enough that
    /// guessing from many addresses leads nowhere. A browser with a device cookie of the name has as many for itself, and
    /// none of the other limits concerns it.
    pub per_username: AttemptLimit,
    /// Failures from one address. A success does not forgive them.
    pub per_address: AttemptLimit,
    /// Whether superusers may manage clients ("token API").
    pub token_api: bool,
}

impl DirectorySettings {
    /// Sessions of twelve hours; ten wrong passwords for a name from an address and fifty from an address in fifteen minutes; the token
    /// API is on. `https` says whether browsers come over https.
    pub fn new(https: bool) -> Self {
        let window = Duration::from_secs(15 * 60);
        Self {
            device_cookie: if https { HOST_DEVICE_COOKIE } else { PLAIN_DEVICE_COOKIE }.to_owned(),
            cookie: if https { HOST_COOKIE } else { PLAIN_COOKIE }.to_owned(),
            session_lifetime: Duration::from_secs(12 * 3600),
            per_username: AttemptLimit { attempts: 10, window },
            per_address: AttemptLimit { attempts: 50, window },
            token_api: true,
        }
    }
}
