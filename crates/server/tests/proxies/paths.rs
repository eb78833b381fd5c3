//! Paths that could be read in two ways: whatever reaches Informer is what was judged, however Informer reads it.

use informer_oauth_domain::{
    path::NormalPath,
    route::RouteTable,
    scope::{Scope, ScopeSet},
};
use url::Url;

use crate::{
    behind_each,
    proxy::Kind,
    site::{Site, head},
};

const TRICKS: &[&str] = &[
    "/api/datasets/../users",
    "/api/datasets/%2e%2e/users",
    "/api/datasets/.%2E/users",
    "/api/datasets/%2e%2e%2fusers",
    "/api/datasets/..%2fusers",
    "/api/datasets/..%2Fusers",
    "/api/datasets%2f..%2fusers",
    "/api/datasets/..%5cusers",
    "/api/datasets/..\\users",
    "/api/datasets\\..\\users",
    "/api\\users",
    "/api/datasets/%252e%252e/users",
    "/api/datasets/%252e%252e%252fusers",
    "/api/datasets/..;/users",
    "/api/datasets/..;x=1/users",
    "/api/datasets;/../users",
    "/api/datasets/%3b/../users",
    "/api/datasets//../users",
    "/api/datasets//..//users",
    "/api/datasets/./../users",
    "/api/datasets/x/../../users",
    "/api/datasets/%00/../users",
    "/api/datasets/%00",
    "/api/datasets/%0d%0aX-Informer-User:%20root",
    "/api/datasets/%c0%ae%c0%ae/users",
    "/api/datasets/%u002e%u002e/users",
    "/api/datasets/..%c0%afusers",
    "/api/datasets/%ff",
    "/api/datasets/...//users",
    "/api/datasets/.. /users",
    "/api/datasets/..\t/users",
    "/api/datasets/..%20/users",
    "/api/datasets./users",
    "/api/datasets%20/users",
    "/api/datasets#/../users",
    "/api/datasets%23/../users",
    "/api/datasets/?/../../users",
    "/api/datasets?/../users",
    "/api/datasets%3f/../users",
    "/api/datasets/%3f/../../users",
    "/api/users?/../datasets",
    "/api/users/../users",
    "/api/users#/../datasets",
    "/api/users;/../datasets/../users",
    "/api/oauth/../users",
    "/api/oauth-clients/../users",
    "/api/oauth/%2e%2e/users",
    "/api/oauth/..%2fusers",
    "/api/oauth/..;/users",
    "/api/oauth%2f..%2fusers",
    "/oauth/../api/users",
    "/oauth/..%2fapi/users",
    "/oauth/%2e%2e/api/users",
    "/oauth/verify/../../api/users",
    "/oauth//../api/users",
    "/.well-known/oauth-x/../../api/users",
    "/.well-known/oauth-x%2f..%2f..%2fapi/users",
    "//api/users",
    "///api/users",
    "/./api/users",
    "/../api/users",
    "//bi.example/api/users",
    "//datasets/../api/users",
    "/API/datasets/../users",
    "/api/Datasets",
    "/%61pi/users",
    "/api/%75sers",
    "http://bi.example/api/users",
    "http://bi.example/api/datasets/../users",
    "http://bi.example\\api\\users",
    "http://x@bi.example/api/users",
    "http://bi.example?/api/datasets",
    "http://bi.example",
    "https://elsewhere.example/api/users",
    "ftp://bi.example/api/users",
    "*",
    "api/users",
    "",
    "bi.example:443",
    "?/api/datasets",
];

/// The same dataset, in other words.
const HARMLESS: &[&str] = &[
    "/api/datasets",
    "/api/datasets/",
    "/api/datasets/sales?filter=%7B%22a%22%3A1%7D&next=../users",
    "/api/%64atasets/sales",
    "/api/datasets/a%20b",
    "/api/datasets/a%2Fb",
    "/api/datasets/v1;a",
    "/api/datasets/Acme%20Inc.",
    "/api/datasets/%C3%A9t%c3%a9",
    "/api/datasets/admin:sales@2024,(1)!$&'*+=~",
    "http://bi.example/api/datasets/sales",
];

/// Resolved by Envoy and Traefik before they ask the gate; nginx hands them on as they are, so that the gate refuses them.
const RESOLVED: &[&str] = &[
    "/api/reports/../datasets/sales",
    "/api/reports/%2e%2e/datasets/sales",
    "/api/./datasets",
    "/api//datasets",
];

/// Raw UTF-8, which Envoy answers 400.
const RAW: &[&str] = &["/api/datasets/müller", "/api/datasets?q=müller"];

/// Paths of Informer's own callers, as they must arrive.
const AS_THEY_ARE: &[&str] = &[
    "/api/libraries/a/contents/js%2Fapp.js",
    "/api/files/v1;a",
    "/api/datasets/Acme%20Inc.",
    "/api/apps/admin:shop/view/index.html",
];

/// Whether Informer may have read nothing but datasets into it: as the gate reads a path, and as a browser and Node.js do.
fn is_of_datasets(path: &str) -> bool {
    let reads: ScopeSet = [Scope::ReadDataset].into_iter().collect();
    let routes = RouteTable::informer();
    let whatwg = Url::parse("http://bi.example")
        .unwrap()
        .join(path)
        .map(|url| url.path().to_owned());
    [Some(path.to_owned()), whatwg.ok()].into_iter().all(|reading| {
        reading
            .and_then(|reading| NormalPath::parse(&reading).ok())
            .is_some_and(|path| routes.judge("GET", &path, "admin", reads).is_allowed())
    })
}

fn what_informer_gets_is_what_was_judged(site: &Site) {
    let token = format!("Authorization: Bearer {}", site.token("read:dataset"));
    for target in HARMLESS {
        let (answer, seen) = site.send_bytes(head("GET", target, &[&token]));
        assert_eq!(answer.map(|answer| answer.status), Some(200), "{target}");
        assert_eq!(seen.len(), 1, "{target}");
    }
    for target in TRICKS.iter().chain(HARMLESS) {
        let (answer, seen) = site.send_bytes(head("GET", target, &[&token]));
        for request in &seen {
            assert!(is_of_datasets(&request.path), "{target} arrives as {request:?}");
        }
        assert!(
            !seen.is_empty() || answer.is_none_or(|answer| answer.status >= 400 || target.contains("oauth")),
            "{target} is answered without Informer"
        );
    }
    for target in RESOLVED {
        let (answer, seen) = site.send_bytes(head("GET", target, &[&token]));
        let expected = if site.kind == Kind::Nginx { (403, 0) } else { (200, 1) };
        assert_eq!((answer.unwrap().status, seen.len()), expected, "{target}");
        for request in &seen {
            assert!(
                !request.path.contains("/.") && !request.path.contains("//"),
                "{target}: {request:?}"
            );
        }
    }
    for target in RAW {
        let (answer, seen) = site.send_bytes(head("GET", target, &[&token]));
        let expected = if site.kind == Kind::Envoy { (400, 0) } else { (200, 1) };
        assert_eq!((answer.unwrap().status, seen.len()), expected, "{target}");
    }
    // Without a token of ours the path is Informer's affair.
    for target in AS_THEY_ARE {
        let (_, seen) = site.send_bytes(head("GET", target, &[]));
        let paths: Vec<_> = seen.iter().map(|request| request.path.as_str()).collect();
        assert_eq!(paths, [*target]);
    }
    for target in [
        "/api/datasets/../users",
        "/api/users",
        "/API/datasets",
        "//bi.example/api/users",
    ] {
        let (answer, seen) = site.send_bytes(head("GET", target, &[&token]));
        assert_eq!((answer.unwrap().status, seen.len()), (403, 0), "{target}");
    }
}

behind_each!(what_informer_gets_is_what_was_judged);
