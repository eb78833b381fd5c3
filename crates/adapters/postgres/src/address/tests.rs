#![expect(clippy::unwrap_used, reason = "tests")]

use informer_oauth_domain::secret::Secret;

use super::*;

fn refused(url: &str) -> String {
    let options = PostgresOptions::new(Secret::new(url.to_owned()));
    Address::new(&options).err().unwrap().to_string()
}

#[test]
fn what_only_libpq_knows_is_taken_out_of_the_url_and_the_rest_stays() {
    let (plain, mode, roots) = split(
        "postgres://ada:p%3Fss@db.example.com/oauth?sslmode=verify-full&application_name=x&sslrootcert=%2Fetc%2Fca.pem",
    )
    .unwrap();
    assert_eq!(plain, "postgres://ada:p%3Fss@db.example.com/oauth?application_name=x");
    assert_eq!(mode.as_deref(), Some("verify-full"));
    assert_eq!(roots, Some(Roots::File("/etc/ca.pem".into())));
    assert_eq!(
        split("postgresql://h/d?sslrootcert=system").unwrap().2,
        Some(Roots::System)
    );
    assert_eq!(
        split("postgres://h/d").unwrap(),
        ("postgres://h/d".to_owned(), None, None)
    );
}

#[test]
fn each_sslmode_asks_for_what_it_does_in_libpq() {
    for (mode, has_roots, tls, verification) in [
        (None, false, SslMode::Prefer, Verification::Nothing),
        (Some("disable"), true, SslMode::Disable, Verification::Nothing),
        (Some("prefer"), false, SslMode::Prefer, Verification::Nothing),
        (Some("require"), false, SslMode::Require, Verification::Nothing),
        (Some("require"), true, SslMode::Require, Verification::Authority),
        (Some("verify-ca"), false, SslMode::Require, Verification::Authority),
        (
            Some("verify-full"),
            false,
            SslMode::Require,
            Verification::AuthorityAndHost,
        ),
    ] {
        assert_eq!(security(mode, has_roots).unwrap(), (tls, verification), "{mode:?}");
    }
    for mode in ["allow", "verify_full", "VERIFY-FULL", ""] {
        assert!(
            security(Some(mode), false).unwrap_err().contains("verify-full"),
            "{mode:?}"
        );
    }
}

#[test]
fn a_url_that_is_refused_is_not_repeated() {
    for (url, why) in [
        ("mysql://ada:hunter2@db/oauth", "postgres://"),
        ("postgres://ada:hunter2@db:port/oauth", "port"),
        ("postgres://ada:hunter2@db/oauth?sslmode=full", "sslmode"),
        ("postgres://ada:hunter2@db/oauth?colour=red", "colour"),
        (
            "postgres://ada:hunter2@db/oauth?sslmode=verify-ca&sslrootcert=/nowhere",
            "/nowhere",
        ),
    ] {
        let said = refused(url);
        assert!(said.contains(why) && !said.contains("hunter2"), "{said}");
    }
    let options = PostgresOptions::new(Secret::new("postgres://ada:hunter2@db/oauth".to_owned()));
    assert!(!format!("{options:?}").contains("hunter2"));
}

#[test]
fn hosts_share_the_time_for_connecting() {
    let address = |url: &str| Address::new(&PostgresOptions::new(Secret::new(url.to_owned()))).unwrap();
    let timeout = |url: &str| address(url).config.get_connect_timeout().copied();
    assert_eq!(timeout("postgres://a/d"), Some(Duration::from_secs(1)));
    assert_eq!(timeout("postgres://a,b/d"), Some(Duration::from_millis(500)));
    assert_eq!(
        timeout("postgres://a,b/d?connect_timeout=3"),
        Some(Duration::from_secs(3))
    );
}
