use super::*;

fn fields(change: impl FnOnce(&mut InformerSettings)) -> Vec<&'static str> {
    let mut settings = InformerSettings::new("http://127.0.0.1:3000");
    change(&mut settings);
    settings.problems().into_iter().map(|problem| problem.field).collect()
}

#[test]
fn the_defaults_are_fine_and_every_mistake_names_its_field() {
    assert!(fields(|_| {}).is_empty());
    let wrong = fields(|settings| {
        settings.url = String::new();
        settings.session_cookie = "a b".into();
        settings.session_path = "api/sessions/{sid}".into();
        settings.user_path = "/api/users/me".into();
        settings.api_token = Some(Secret::new("a b".into()));
        settings.superuser_pointer = "superuser".into();
        settings.token_api_pointer = Some("/a~2".into());
        settings.login_url = "//evil.example/login".into();
        settings.timeout = Duration::from_secs(2);
        settings.cached_for = Duration::from_secs(301);
    });
    let all = [
        "url",
        "session_cookie",
        "session_path",
        "user_path",
        "api_token",
        "superuser_pointer",
        "token_api_pointer",
        "login_url",
        "timeout_ms",
        "cache_seconds",
    ];
    assert_eq!(wrong, all);
}

#[test]
fn plain_http_is_for_places_where_nobody_else_listens() {
    for good in [
        "https://bi.example.com",
        "https://bi.example.com:8443/informer/",
        "http://127.0.0.1:3000",
        "http://[::1]:3000",
        "http://localhost",
        "http://10.1.2.3",
        "http://172.16.0.9",
        "http://192.168.0.9:80",
        "http://169.254.1.1",
        "http://[fd00::1]",
        "http://[fe80::1]",
        "http://[::ffff:10.0.0.1]",
        "http://informer:3000",
        "http://informer.bi.svc",
        "http://informer.bi.svc.cluster.local",
        "http://informer.internal.",
    ] {
        assert!(base(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "bi.example.com",
        "ftp://127.0.0.1",
        "http://bi.example.com",
        "http://8.8.8.8",
        "http://172.32.0.1",
        "http://[2001:db8::1]",
        "http://[::ffff:8.8.8.8]",
        "http://local.example.com",
        "https://ada@bi.example.com",
        "https://bi.example.com?x",
        "https://bi.example.com#x",
        "unix:/run/informer.sock",
    ] {
        assert!(base(bad).is_err(), "{bad}");
    }
}

#[test]
fn values_are_escaped_in_paths_so_that_they_lead_nowhere_else() {
    let settings = InformerSettings::new("http://127.0.0.1:3000");
    assert_eq!(
        settings.path_of_session("a/../b?c#d%2f"),
        "/api/sessions/a%2F..%2Fb%3Fc%23d%252f"
    );
    assert_eq!(
        settings.path_of_user("ada lovelace@ä"),
        "/api/users/ada%20lovelace%40%C3%A4"
    );
    assert_eq!(settings.path_of_user("{username}"), "/api/users/%7Busername%7D");
}

#[test]
fn a_login_is_a_path_or_an_absolute_url() {
    for good in ["/", "/login", "/login?from=oauth", "https://bi.example.com/login"] {
        assert_eq!(login_url(good), Ok(()), "{good}");
    }
    for bad in [
        "",
        "login",
        "//bi.example.com",
        "/\\bi.example.com",
        "/login#x",
        "/log in",
        "javascript:alert(1)",
        "https://ada@bi.example.com/",
        "/<script>",
    ] {
        assert!(login_url(bad).is_err(), "{bad}");
    }
}

#[test]
fn paths_have_no_dots_and_pointers_are_pointers() {
    for bad in [
        "/api/../{username}",
        "/{username}/./x",
        "/api/users",
        "//x/{username}",
        "/a b/{username}",
        "/{user}",
    ] {
        assert!(path(bad, USERNAME).is_err(), "{bad}");
    }
    for good in [
        "/api/users/{username}",
        "/x/api/users/{username}?fields=all",
        "/u?name={username}",
    ] {
        assert_eq!(path(good, USERNAME), Ok(()), "{good}");
    }
    assert_eq!(path("/api/sessions/current", SID), Ok(()), "the cookie says whose");
    for (text, fits) in [
        ("/a", true),
        ("/a~1b/0", true),
        ("/", true),
        ("", false),
        ("/a~", false),
        ("a", false),
    ] {
        assert_eq!(pointer(text).is_ok(), fits, "{text}");
    }
}
