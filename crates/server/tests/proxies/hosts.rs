//! The `Host` header: what is none is refused, and Informer gets the name of the site whatever the caller says.

use crate::{behind_each, site::Site};

fn head(target: &str, host: &str, more: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n")
}

fn odd_hosts_are_400_and_a_fixed_one_is_handed_on(site: &Site) {
    let token = format!("Authorization: Bearer {}\r\n", site.token("read:dataset"));
    for host in [
        "x\\api\\users\\admin#",
        "x/api/users/admin",
        "x?y",
        "x#y",
        "a@b",
        "a b",
        "a,b",
        "x;y",
        "%2e",
        "<x>",
        "x:y:z",
        "",
    ] {
        for more in ["", token.as_str()] {
            for target in ["/api/datasets", "/oauth/docs", "/.well-known/jwks.json"] {
                let (answer, seen) = site.send_bytes(head(target, host, more));
                assert!(seen.is_empty(), "{host}: {seen:?}");
                let status = answer.map(|answer| answer.status);
                assert_eq!(status, Some(400), "{host}: {target}");
            }
        }
    }
    for host in [
        "bi.example",
        "BI.example:8443",
        "127.0.0.1:8080",
        "[::1]:8080",
        "localhost",
        "elsewhere.example",
    ] {
        for more in ["", token.as_str()] {
            let (answer, seen) = site.send_bytes(head("/api/datasets", host, more));
            assert_eq!(seen.len(), 1, "{host}: {answer:?}");
            assert_eq!(seen[0].header("host"), Some("bi.example.com"), "{host}: {seen:?}");
        }
    }
    // Nor by an absolute URI, which stands above the header (RFC 9112 section 3.2.2).
    for authority in ["elsewhere.example", "x\\api\\users"] {
        let target = format!("http://{authority}/api/datasets");
        let (_, seen) = site.send_bytes(head(&target, "bi.example", &token));
        for request in &seen {
            assert_eq!(request.header("host"), Some("bi.example.com"), "{authority}: {seen:?}");
        }
    }
}

behind_each!(odd_hosts_are_400_and_a_fixed_one_is_handed_on);
