//! What the envelope knows of an endpoint from its path alone, so that it also holds where no route matches.

/// Who the error format is made for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Family {
    /// OAuth clients: RFC 6749 §5.2.
    Protocol,
    /// Informer's own front end and scripts against its API.
    Informer,
}

/// The standing of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Standing {
    /// The error format.
    pub(crate) family: Family,
    /// The methods that pages of any origin may use; `None` where only our own pages call. Only endpoints that look at no
    /// cookie are here, so that another site's page gains nothing that its own server would not.
    pub(crate) cross_origin: Option<&'static str>,
    /// Whether a success is too ordinary for the log's `info` level: machines call it all the time.
    pub(crate) quiet: bool,
    /// Whether a proxy asks, which keeps the headers of a yes to itself.
    pub(crate) to_proxy: bool,
}

impl Standing {
    pub(crate) fn of(path: &str) -> Self {
        let (family, cross_origin, quiet) = match path {
            "/oauth/verify" => (Family::Protocol, None, true),
            _ if path.starts_with("/oauth/verify/") => (Family::Protocol, None, true),
            "/oauth/token"
            | "/oauth/revoke"
            | "/oauth/device_authorization"
            | "/api/oauth/access_token"
            | "/api/oauth/device_token"
            | "/api/oauth/device_access_token" => (Family::Protocol, Some("POST"), false),
            "/health/live" | "/health/ready" => (Family::Informer, None, true),
            _ if path.starts_with("/.well-known/") => (Family::Protocol, Some("GET, HEAD"), true),
            _ if path.starts_with("/oauth/") => (Family::Protocol, None, false),
            _ => (Family::Informer, None, false),
        };
        Self {
            family,
            cross_origin,
            quiet,
            to_proxy: path.starts_with("/oauth/verify") && quiet,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_issuing_paths_under_api_speak_the_protocols_format() {
        for path in [
            "/oauth/token",
            "/oauth/nothing",
            "/oauth/verify/api/datasets",
            "/.well-known/x",
            "/api/oauth/access_token",
            "/api/oauth/device_token",
        ] {
            assert_eq!(Standing::of(path).family, Family::Protocol, "{path}");
        }
        for path in [
            "/api/oauth-clients",
            "/api/oauth/authorize",
            "/api/oauth/scopes",
            "/",
            "/oauthish",
            "/health/live",
        ] {
            assert_eq!(Standing::of(path).family, Family::Informer, "{path}");
        }
    }

    #[test]
    fn pages_of_other_origins_reach_only_what_looks_at_no_cookie() {
        assert!(Standing::of("/oauth/token").cross_origin.is_some());
        assert!(Standing::of("/.well-known/jwks.json").cross_origin.is_some());
        for path in [
            "/oauth/authorize",
            "/oauth/introspect",
            "/oauth/verify",
            "/api/oauth-clients",
            "/api/oauth/authorize",
        ] {
            assert_eq!(Standing::of(path).cross_origin, None, "{path}");
        }
    }
}
