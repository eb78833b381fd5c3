//! The route table: every endpoint, and the search for the row that a path belongs to.

use std::sync::LazyLock;

use actix_web::{http::Method, web};
use informer_oauth_web::{
    endpoint::{Endpoint, EndpointClass},
    metrics::NO_ROUTE,
};

use crate::{health, reference};

/// All rows, the most used ones first: the framework tries them in this order.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    use Endpoint as E;
    use EndpointClass as Class;
    let mut endpoints = informer_oauth_http_oauth::endpoints();
    endpoints.extend([
        E::documented(health::__path_live, Class::HEALTH, health::live),
        E::documented(health::__path_ready, Class::HEALTH, health::ready),
        E::documented(reference::__path_openapi, Class::INFORMER, reference::openapi),
        E::new(Method::GET, "/oauth/docs", Class::OAUTH, reference::show),
        E::new(Method::GET, "/oauth/docs.css", Class::OAUTH, reference::style),
    ]);
    endpoints.extend(informer_oauth_http_management::endpoints());
    endpoints.extend(informer_oauth_http_pages::endpoints());
    endpoints
}

/// Registers every row with the framework, which dispatches requests and answers 405 if a path has no row for the method.
pub(crate) fn configure(app: &mut web::ServiceConfig) {
    let mut endpoints = endpoints().into_iter().peekable();
    while let Some(first) = endpoints.next() {
        let pattern = first.pattern.clone();
        let mut resource = web::resource(&*pattern).route(first.into_route());
        while let Some(next) = endpoints.next_if(|next| next.pattern == pattern) {
            resource = resource.route(next.into_route());
        }
        app.service(resource);
    }
}

/// What is known of a request from its path alone, before it is dispatched and also if no row matches.
struct Row {
    pattern: String,
    class: EndpointClass,
}

/// One row for each pattern, in one search tree.
static ROWS: LazyLock<matchit::Router<Row>> = LazyLock::new(|| {
    let mut tree = matchit::Router::new();
    let mut insert = |route: String, Row { pattern, class }: Row| {
        tree.insert(route, Row { pattern, class })
            .expect("no two patterns of the table conflict");
    };
    let mut endpoints = endpoints();
    endpoints.dedup_by(|one, other| one.pattern == other.pattern);
    for Endpoint { pattern, class, .. } in endpoints {
        // `{rest:.*}` may be empty for the framework; `{*rest}` may not for the tree.
        if let Some((before, rest)) = pattern.strip_suffix(":.*}").and_then(|open| open.split_once('{')) {
            let (before, rest) = (before.to_owned(), format!("{before}{{*{rest}}}"));
            let row = |pattern: &str| Row {
                pattern: pattern.to_owned(),
                class,
            };
            insert(before, row(&pattern));
            insert(rest, row(&pattern));
        } else {
            insert(pattern.clone(), Row { pattern, class });
        }
    }
    tree
});

/// Returns the pattern and the class of a request for `path`.
pub(crate) fn find(path: &str) -> (&'static str, EndpointClass) {
    ROWS.at(path)
        .map_or((NO_ROUTE, EndpointClass::of_unknown(path)), |found| {
            (found.value.pattern.as_str(), found.value.class)
        })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use actix_web::dev::ResourceDef;
    use informer_oauth_web::endpoint::ErrorFamily;

    use super::*;

    #[test]
    fn rows_of_one_pattern_stand_together_and_have_one_class() {
        let mut classes = HashMap::new();
        let mut last = String::new();
        for Endpoint { pattern, class, .. } in endpoints() {
            let known = classes.insert(pattern.clone(), class);
            assert!(known.is_none() || last == pattern, "{pattern} is in two places");
            assert!(known.is_none_or(|known| known == class), "{pattern} has two classes");
            last = pattern;
        }
    }

    #[test]
    fn the_search_finds_the_pattern_that_the_framework_dispatches_to() {
        let endpoints = endpoints();
        let dispatched = |path: &str| {
            let mut patterns = endpoints.iter().map(|endpoint| endpoint.pattern.as_str());
            patterns
                .find(|pattern| ResourceDef::new(*pattern).is_match(path))
                .unwrap_or(NO_ROUTE)
        };
        let samples = endpoints.iter().flat_map(|endpoint| {
            let sample = |value: &str| {
                let (before, rest) = endpoint.pattern.split_once('{').unwrap_or((&endpoint.pattern, ""));
                match rest.split_once('}') {
                    Some((_, after)) => {
                        [before, value, &after.replace("{token}", "t").replace("{secret}", "s")].concat()
                    }
                    None => before.to_owned(),
                }
            };
            ["a", "a/b/c", "new", "", "icon"].map(sample)
        });
        let others = [
            "",
            "/x",
            "/oauth/x",
            "/api/oauth-clients/",
            "/oauth/admin/",
            "/oauth/verify/a/b?c",
        ];
        for path in samples.chain(others.map(str::to_owned)) {
            assert_eq!(find(&path).0, dispatched(&path), "{path}");
        }
    }

    #[test]
    fn paths_have_the_error_format_of_their_family() {
        for path in [
            "/oauth/token",
            "/oauth/nothing",
            "/oauth/verify/api/datasets",
            "/.well-known/x",
            "/api/oauth/access_token",
            "/api/oauth/device_token",
        ] {
            assert_eq!(find(path).1.family, ErrorFamily::Protocol, "{path}");
        }
        for path in [
            "/api/oauth-clients",
            "/api/oauth/authorize",
            "/api/oauth/scopes",
            "/",
            "/oauthish",
            "/health/live",
        ] {
            assert_eq!(find(path).1.family, ErrorFamily::Informer, "{path}");
        }
    }

    #[test]
    fn pages_of_other_origins_reach_only_endpoints_that_read_no_cookie() {
        let mut open: Vec<_> = endpoints()
            .into_iter()
            .filter(|endpoint| endpoint.class.cross_origin.is_some())
            .map(|endpoint| endpoint.pattern)
            .collect();
        open.sort();
        let expected = [
            "/.well-known/jwks.json",
            "/.well-known/oauth-authorization-server",
            "/.well-known/oauth-authorization-server/{issuer_path:.*}",
            "/api/oauth/access_token",
            "/api/oauth/device_access_token",
            "/api/oauth/device_token",
            "/oauth/device_authorization",
            "/oauth/revoke",
            "/oauth/token",
        ];
        assert_eq!(open, expected);
    }
}
