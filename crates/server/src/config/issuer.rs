use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

use super::Problems;

/// The issuer of a service that was not told one: where it listens, as this machine reaches it.
pub(super) fn following(listen: SocketAddr) -> String {
    format!("http://{}", reachable(listen))
}

/// An address listened on, as this machine reaches it.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    let address = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    };
    SocketAddr::new(address, listen.port())
}

/// An issuer is an https URL without query and fragment (RFC 8414 §2). Every endpoint is the issuer and a path, and
/// clients compare it byte for byte, so it must be in the one form in which it will be written.
pub(super) fn validate(issuer: Option<&str>, listen: SocketAddr, problems: &mut Problems) {
    let Some(issuer) = issuer else {
        if !listen.ip().is_loopback() && !listen.ip().is_unspecified() {
            problems.add(
                "issuer",
                format_args!("must be set when http.listen ({listen}) is not a loopback address"),
            );
        }
        return;
    };
    if let Err(message) = check(issuer) {
        problems.add("issuer", message);
    }
}

fn check(issuer: &str) -> Result<(), String> {
    let url = Url::parse(issuer).map_err(|_| "must be an absolute URL such as https://login.example.com".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("must be an https URL".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must have no query and no fragment".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must have no user name and no password".into());
    }
    if issuer.ends_with('/') {
        return Err(format!(
            "must not end with a slash: write {}",
            issuer.trim_end_matches('/')
        ));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err("must be https, unless its host is a loopback address".into());
    }
    let normal = url.as_str().trim_end_matches('/');
    if issuer != normal || url.path().contains("//") {
        return Err(format!("must be written in its normal form, {normal}"));
    }
    Ok(())
}

/// Scheme, host and port of an absolute http or https URL, as browsers compare them.
pub(super) fn origin(url: &str) -> Option<String> {
    let origin = Url::parse(url).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_https_or_loopback_and_in_normal_form() {
        for good in [
            "https://login.example.com",
            "https://bi.example.com/auth",
            "https://bi.example.com:8443",
            "http://127.0.0.1:8787",
            "http://[::1]:8787",
            "http://localhost",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "login.example.com",
            "http://login.example.com",
            "https://login.example.com/",
            "https://bi.example.com/auth/",
            "https://bi.example.com?x=1",
            "https://bi.example.com#x",
            "https://ada@bi.example.com",
            "https://BI.example.com",
            "https://bi.example.com:443",
            "https://bi.example.com//auth",
            "https://bi.example.com/a/../b",
            "ftp://bi.example.com",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn without_one_the_address_is_the_issuer() {
        let follows = |listen: &str| following(listen.parse().unwrap());
        assert_eq!(follows("127.0.0.1:9000"), "http://127.0.0.1:9000");
        assert_eq!(follows("0.0.0.0:9000"), "http://127.0.0.1:9000");
        assert_eq!(follows("[::]:9000"), "http://[::1]:9000");
        let mut problems = Problems::default();
        validate(None, "192.0.2.1:80".parse().unwrap(), &mut problems);
        assert_eq!(problems.sentences().len(), 1, "others could not reach it by https");
    }
}
