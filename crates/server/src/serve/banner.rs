//! What a start says to the person who made it.

use std::{fmt::Write as _, net::SocketAddr};

use super::first_start::Administrator;

/// The greeting. Its last line is the address: there the eye looks, and programs wait for it.
pub(super) fn banner(
    listen: SocketAddr,
    metrics: Option<SocketAddr>,
    issuer: &str,
    sign_in: &str,
    first: Option<&Administrator>,
) -> String {
    let mut text = format!("informer-oauth {}\n\n", env!("CARGO_PKG_VERSION"));
    // Writing to a String cannot fail.
    let mut line = |arguments: std::fmt::Arguments<'_>| {
        let _ = writeln!(text, "{arguments}");
    };
    if let Some(Administrator { username, drawn }) = first {
        match drawn {
            Some(password) => {
                line(format_args!(
                    "  The first administrator. This password is shown this once:"
                ));
                line(format_args!("    username: {username}"));
                line(format_args!("    password: {}", password.expose()));
            }
            None => line(format_args!(
                "  The first administrator is {username}, with the password of bootstrap.admin_password."
            )),
        }
        line(format_args!(""));
    }
    let local = format!("http://{}", reachable(listen));
    line(format_args!("  Sign in    {sign_in}"));
    line(format_args!("  API        {issuer}/oauth/docs"));
    line(format_args!(
        "  Try        curl -s {local}/.well-known/oauth-authorization-server"
    ));
    if let Some(metrics) = metrics {
        line(format_args!("  Metrics    http://{}/metrics", reachable(metrics)));
    }
    line(format_args!("  Next       register a client:"));
    line(format_args!(
        "             informer-oauth client create --name 'My app' --redirect-uri http://127.0.0.1/callback"
    ));
    line(format_args!("  Stop       Ctrl-C"));
    line(format_args!(""));
    line(format_args!("listening on http://{listen}"));
    text.truncate(text.trim_end().len());
    text
}

/// The address as this machine reaches it.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let mut address = listen;
    if listen.ip().is_unspecified() {
        address.set_ip(if listen.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    address
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use informer_oauth_domain::secret::Secret;

    use super::*;

    #[test]
    fn the_last_line_is_the_address_and_the_password_stands_on_its_own() {
        let first = Administrator {
            username: "admin".into(),
            drawn: Some(Secret::new("0123456789".into())),
        };
        let text = banner(
            "0.0.0.0:80".parse().unwrap(),
            None,
            "https://login.example.com",
            "https://login.example.com/oauth/sign-in",
            Some(&first),
        );
        assert_eq!(text.lines().last(), Some("listening on http://0.0.0.0:80"));
        assert!(text.lines().any(|line| line.trim() == "password: 0123456789"));
        assert!(text.contains("curl -s http://127.0.0.1:80/"));
        assert!(text.contains("https://login.example.com/oauth/sign-in"));
        assert!(!text.contains("metrics"));
        let (listen, metrics) = ("127.0.0.1:80".parse().unwrap(), "[::]:9787".parse().unwrap());
        let later = banner(listen, Some(metrics), "https://login.example.com", "/", None);
        assert!(!later.contains("password"));
        assert!(later.contains("http://[::1]:9787/metrics"));
    }
}
