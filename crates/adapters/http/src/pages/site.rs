//! Addresses within the service, as browsers see them.

use url::Url;

use super::assets;

/// Where the service lives: the issuer's path goes before every link, and its host is shown on every page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Site {
    /// The issuer's path without a slash at its end; mostly empty.
    base: String,
    /// The issuer's host, with the port where it is not the usual one.
    pub(super) host: String,
}

impl Site {
    /// Reads the issuer.
    pub(super) fn of_issuer(issuer: &str) -> Self {
        let Ok(url) = Url::parse(issuer) else {
            return Self {
                base: String::new(),
                host: String::new(),
            };
        };
        let host = url.host_str().unwrap_or_default();
        Self {
            base: url.path().trim_end_matches('/').to_owned(),
            host: url
                .port()
                .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
        }
    }

    /// The address of one of the service's own paths.
    pub(super) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The address of an asset, which changes with its content so that browsers may keep it for good.
    pub(super) fn asset(&self, name: &str) -> String {
        let version = assets::find(name).map_or("", assets::Asset::version);
        self.path(&format!("/oauth/assets/{name}?v={version}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_start_with_the_issuers_path() {
        let site = Site::of_issuer("https://bi.example.com:8443/auth/");
        assert_eq!(site.path("/oauth"), "/auth/oauth");
        assert_eq!(site.host, "bi.example.com:8443");
        assert!(site.asset("pages.css").starts_with("/auth/oauth/assets/pages.css?v="));
        assert_eq!(Site::of_issuer("http://127.0.0.1:8787").path("/oauth"), "/oauth");
        assert_eq!(Site::of_issuer("https://bi.example.com:443").host, "bi.example.com");
    }
}
