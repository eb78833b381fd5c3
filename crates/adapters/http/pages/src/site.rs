//! Addresses within the service, as browsers see them.

use std::sync::Arc;

use actix_web::{HttpRequest, web};
use informer_oauth_web::state::HttpState;
use url::Url;

use super::assets::Asset;
use crate::brand::Brand;

/// Where the service lives and whose it is: the issuer's path goes before every link, and its host and the brand are shown
/// on every page.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// The issuer's path without a slash at its end; mostly empty.
    base: String,
    /// The issuer's host, with the port where it is not the usual one.
    pub(super) host: String,
    brand: Arc<Brand>,
}

impl Site {
    /// Reads the issuer.
    pub(super) fn new(issuer: &str, brand: Arc<Brand>) -> Self {
        let Ok(url) = Url::parse(issuer) else {
            return Self {
                base: String::new(),
                host: String::new(),
                brand,
            };
        };
        let host = url.host_str().unwrap_or_default();
        Self {
            base: url.path().trim_end_matches('/').to_owned(),
            host: url
                .port()
                .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
            brand,
        }
    }

    /// Returns the site that a request was sent to.
    pub(super) fn of(request: &HttpRequest) -> Self {
        let brand = request
            .app_data::<web::Data<Brand>>()
            .expect("the application is configured with a brand");
        Self::new(HttpState::of(request).issuer(), brand.clone().into_inner())
    }

    /// With the usual brand.
    #[cfg(test)]
    pub(super) fn of_issuer(issuer: &str) -> Self {
        Self::new(issuer, Arc::default())
    }

    /// What the service is called whose accounts people have.
    pub(super) fn brand(&self) -> &str {
        self.brand.name()
    }

    /// The address of one of the service's own paths.
    pub(super) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The address of an asset, which changes with its content so that browsers may keep it for good.
    pub(super) fn asset(&self, name: &str) -> String {
        let version = self.brand.assets().find(name).map_or("", Asset::version);
        self.path(&format!("/oauth/assets/{name}?v={version}"))
    }

    /// The address of the brand's logo.
    pub(super) fn logo(&self) -> String {
        self.asset(self.brand.assets().logo().name())
    }

    /// The logo's media type.
    pub(super) fn logo_type(&self) -> &'static str {
        self.brand.assets().logo().content_type()
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
