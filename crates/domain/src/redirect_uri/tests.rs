#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use url::Url;

use super::syntax::NEVER;
use super::*;

fn register(text: &str) -> Result<RedirectUri, RedirectUriError> {
    RedirectUri::register(text, &[])
}

fn registered(texts: &[&str]) -> Vec<RedirectUri> {
    texts.iter().map(|text| register(text).unwrap()).collect()
}

fn redirect(text: &str) -> VerifiedRedirect {
    VerifiedRedirect::only(&registered(&[text])).unwrap()
}

#[test]
fn accepts_https_loopback_http_and_dotted_private_use_schemes() {
    for text in [
        "https://app.example.com",
        "https://app.example.com/callback?tenant=a%20b",
        "https://app.example.com:8443/callback",
        "https://xn--bcher-kva.example/cb",
        "https://[2001:db8::1]/cb",
        "http://127.0.0.1/cb",
        "http://127.0.0.1:8123/cb",
        "http://[::1]/cb",
        "http://localhost:3000/cb",
        "com.example.app:/callback",
        "com.example.App://callback",
        "com.example.app:callback?x=1",
    ] {
        assert_eq!(register(text).unwrap().as_str(), text);
        assert_eq!(RedirectUri::from_stored(text.to_owned()).unwrap().as_str(), text);
    }
}

#[test]
fn refuses_what_a_browser_would_read_differently_or_run() {
    use RedirectUriError as E;
    for (text, why) in [
        ("", E::Empty),
        ("/callback", E::NotAbsolute),
        ("app.example.com/callback", E::NotAbsolute),
        ("app.example.com:443/callback", E::NotAbsolute),
        ("https:app.example.com/cb", E::NotAbsolute),
        ("https:/app.example.com/cb", E::NotAbsolute),
        ("https:", E::NotAbsolute),
        ("com.example.app:", E::NotAbsolute),
        ("1https://app.example.com/", E::NotAbsolute),
        ("https:///app.example.com/cb", E::Host),
        ("https://", E::Host),
        ("https://app;script-src.example/cb", E::Host),
        ("https://app%2eexample.com/cb", E::Host),
        ("https://0x7f.1/cb", E::Host),
        ("https://2130706433/cb", E::Host),
        ("https://[::1/cb", E::Host),
        ("https://[0:0:0:0:0:0:0:1]/cb", E::Host),
        ("https://a.example#frag", E::Fragment),
        ("https://a.example/cb#", E::Fragment),
        ("https://user@a.example/cb", E::UserInfo),
        ("https://user:pw@a.example/cb", E::UserInfo),
        ("com.example.app://user@host/cb", E::UserInfo),
        ("https://*.example.com/cb", E::Wildcard),
        ("https://a.example/*", E::Wildcard),
        ("https://a.example/c b", E::ForbiddenCharacter(' ')),
        (" https://a.example/cb", E::ForbiddenCharacter(' ')),
        ("https://a.example/cb\n", E::ForbiddenCharacter('\n')),
        ("ht\ttps://a.example/cb", E::ForbiddenCharacter('\t')),
        ("https://a.example\0/cb", E::ForbiddenCharacter('\0')),
        ("https:\\\\a.example/cb", E::ForbiddenCharacter('\\')),
        ("https://a.example\\@evil.example/", E::ForbiddenCharacter('\\')),
        ("https://bücher.example/cb", E::ForbiddenCharacter('ü')),
        ("https://a.example/\u{202e}cb", E::ForbiddenCharacter('\u{202e}')),
        ("https://a.example/<script>", E::ForbiddenCharacter('<')),
        ("https://a.example/cb%0d%0aX:1", E::BadEscape),
        ("https://a.example/cb%00", E::BadEscape),
        ("https://a.example/100%", E::BadEscape),
        ("https://a.example/%zz", E::BadEscape),
        ("https://a.example:/cb", E::Port),
        ("https://a.example:0/cb", E::Port),
        ("https://a.example:99999/cb", E::Port),
        ("https://a.example:+80/cb", E::Port),
        ("https://a.example/x/../cb", E::DotSegment),
        ("https://a.example/x/%2E%2e/cb", E::DotSegment),
        ("http://a.example/cb", E::InsecureHttp),
        ("http://127.0.0.2/cb", E::InsecureHttp),
        ("http://localhost.example/cb", E::InsecureHttp),
        ("http://127.0.0.1.evil.example/cb", E::InsecureHttp),
        ("HTTP://a.example/cb", E::InsecureHttp),
        ("myapp:/cb", E::UnlistedScheme("myapp".to_owned())),
        ("https://a.example/cb?state=1", E::AnswerParameter("state".to_owned())),
        ("https://a.example/cb?x=1&code", E::AnswerParameter("code".to_owned())),
        ("https://a.example/cb?iss=", E::AnswerParameter("iss".to_owned())),
        ("https://a.example/cb?%65rror=x", E::AnswerParameter("error".to_owned())),
        (
            "http://127.0.0.1/cb?error_uri=x",
            E::AnswerParameter("error_uri".to_owned()),
        ),
        ("com.example.app:/cb?errors=0", E::AnswerParameter("errors".to_owned())),
    ] {
        assert_eq!(register(text), Err(why), "{text:?}");
    }
}

#[test]
fn dangerous_schemes_stay_refused_even_when_the_configuration_lists_them() {
    let allowed: Vec<String> = NEVER.iter().map(|&scheme| scheme.to_owned()).collect();
    for text in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "blob:x",
        "vbscript:x",
        "about:blank",
    ] {
        let refused = RedirectUri::register(text, &allowed);
        assert!(
            matches!(refused, Err(RedirectUriError::DangerousScheme(_))),
            "{text}: {refused:?}"
        );
        assert!(RedirectUri::from_stored(text.to_owned()).is_err(), "{text}");
    }
}

#[test]
fn a_listed_scheme_needs_no_dot() {
    let allowed = ["informer".to_owned()];
    assert!(RedirectUri::register("informer:/cb", &allowed).is_ok());
    assert!(RedirectUri::register("Informer://cb", &allowed).is_ok());
    assert!(RedirectUri::register("informers:/cb", &allowed).is_err());
    assert!(RedirectUri::from_stored("informer:/cb".to_owned()).is_ok());
}

#[test]
fn the_length_limit_is_2048_bytes() {
    let base = "https://a.example/";
    let longest = format!("{base}{}", "x".repeat(2048 - base.len()));
    assert!(register(&longest).is_ok());
    assert_eq!(register(&format!("{longest}x")), Err(RedirectUriError::TooLong));
}

#[test]
fn comparison_is_by_the_exact_text() {
    let known = registered(&["https://a.example/cb", "https://b.example/cb?x=1"]);
    for same in ["https://a.example/cb", "https://b.example/cb?x=1"] {
        assert_eq!(VerifiedRedirect::verify(&known, same, true).unwrap().as_str(), same);
    }
    for other in [
        "https://a.example/CB",
        "https://A.example/cb",
        "HTTPS://a.example/cb",
        "https://a.example/cb/",
        "https://a.example//cb",
        "https://a.example/cb?",
        "https://a.example/cb?x=1",
        "https://a.example/cb#",
        "https://a.example:443/cb",
        "https://a.example/%63b",
        "https://a.example/./cb",
        "https://a.example\\cb",
        "https://a.example/cb\t",
        "https://x@a.example/cb",
        "https://a.example.evil.example/cb",
        "https://b.example/cb?x=2",
        "",
    ] {
        assert_eq!(
            VerifiedRedirect::verify(&known, other, true),
            Err(RedirectMismatch),
            "{other:?}"
        );
    }
}

#[test]
fn native_app_chooses_its_loopback_port_and_nothing_else() {
    let known = registered(&["http://127.0.0.1:8123/cb?a=1", "http://[::1]/cb"]);
    for fine in [
        "http://127.0.0.1/cb?a=1",
        "http://127.0.0.1:8123/cb?a=1",
        "http://127.0.0.1:1/cb?a=1",
        "http://127.0.0.1:65535/cb?a=1",
        "http://[::1]:5000/cb",
        "http://[::1]/cb",
    ] {
        assert_eq!(VerifiedRedirect::verify(&known, fine, true).unwrap().as_str(), fine);
    }
    for refused in [
        "http://localhost:8123/cb?a=1",
        "http://127.0.0.2:8123/cb?a=1",
        "http://127.0.0.1:8123/cb",
        "http://127.0.0.1:8123/cb?a=2",
        "http://127.0.0.1:8123/cb/?a=1",
        "http://127.0.0.1:8123/x/../cb?a=1",
        "http://127.0.0.1:0/cb?a=1",
        "http://127.0.0.1:/cb?a=1",
        "http://127.0.0.1:080/cb?a=1",
        "http://127.0.0.1:65536/cb?a=1",
        "http://127.0.0.1:+80/cb?a=1",
        "http://127.0.0.1:80@evil.example/cb?a=1",
        "http://127.0.0.1:80:80/cb?a=1",
        "http://user@127.0.0.1:80/cb?a=1",
        "https://127.0.0.1:8123/cb?a=1",
        "HTTP://127.0.0.1:80/cb?a=1",
        "http://127.0.0.1:80\\cb?a=1",
        "http://127.0.0.1:80/cb?a=1#f",
        "http://[::1]:5000/cb?a=1",
        "http://[::1]x:5000/cb",
    ] {
        assert_eq!(
            VerifiedRedirect::verify(&known, refused, true),
            Err(RedirectMismatch),
            "{refused:?}"
        );
    }
}

#[test]
fn without_pkce_the_loopback_port_is_fixed() {
    let known = registered(&["http://127.0.0.1:8123/cb"]);
    assert!(VerifiedRedirect::verify(&known, "http://127.0.0.1:8123/cb", false).is_ok());
    assert!(VerifiedRedirect::verify(&known, "http://127.0.0.1:8124/cb", false).is_err());
    assert!(VerifiedRedirect::verify(&known, "http://127.0.0.1/cb", false).is_err());
}

#[test]
fn empty_loopback_path_equals_a_slash() {
    let known = registered(&["http://127.0.0.1:8123", "http://localhost/?a=1"]);
    for fine in ["http://127.0.0.1:8123/", "http://localhost?a=1"] {
        assert_eq!(VerifiedRedirect::verify(&known, fine, false).unwrap().as_str(), fine);
    }
    for other in [
        "http://127.0.0.1:8123/?",
        "http://127.0.0.1:8123//",
        "http://localhost/",
        "http://127.0.0.1/",
    ] {
        assert!(VerifiedRedirect::verify(&known, other, false).is_err(), "{other}");
    }
    assert!(VerifiedRedirect::verify(&known, "http://127.0.0.1:9/", true).is_ok());
}

#[test]
fn names_of_the_answer_may_be_part_of_other_names() {
    for fine in [
        "https://a.example/cb?tenant_code=1&estate=2&State=3&x=state",
        "https://a.example/code/error?",
    ] {
        assert!(register(fine).is_ok(), "{fine}");
    }
}

#[test]
fn stored_uri_with_an_answer_parameter_stays() {
    let text = "https://a.example/cb?state=1";
    assert_eq!(RedirectUri::from_stored(text.to_owned()).unwrap().as_str(), text);
}

#[test]
fn https_on_a_loopback_host_has_a_fixed_port() {
    let known = registered(&["https://localhost/cb"]);
    assert!(!known[0].is_loopback());
    assert!(VerifiedRedirect::verify(&known, "https://localhost:5000/cb", true).is_err());
}

#[test]
fn only_one_registered_uri_may_be_left_out_of_the_request() {
    assert_eq!(VerifiedRedirect::only(&[]), None);
    let two = registered(&["https://a.example/", "https://b.example/"]);
    assert_eq!(VerifiedRedirect::only(&two), None);
    assert_eq!(
        VerifiedRedirect::only(&two[..1]).unwrap().as_str(),
        "https://a.example/"
    );
}

#[test]
fn shows_where_the_browser_goes_and_whether_that_is_this_device() {
    for (text, shown, on_device) in [
        ("https://a.example/cb", "a.example", false),
        ("https://a.example:8443?x", "a.example:8443", false),
        ("https://localhost/cb", "localhost", false),
        ("http://localhost:3000/cb", "localhost:3000", true),
        ("http://[::1]:3000/cb", "[::1]:3000", true),
        ("com.example.app://cb", "com.example.app", true),
    ] {
        assert_eq!(redirect(text).host_for_display(), shown);
        assert_eq!(redirect(text).is_on_device(), on_device, "{text}");
    }
}

#[test]
fn parameters_join_whatever_query_there_is() {
    for (text, with) in [
        ("https://a.example/cb", "https://a.example/cb?code=1&state=2"),
        ("https://a.example/cb?", "https://a.example/cb?code=1&state=2"),
        (
            "https://a.example/cb?x=%20+y",
            "https://a.example/cb?x=%20+y&code=1&state=2",
        ),
        ("https://a.example/cb?x&", "https://a.example/cb?x&code=1&state=2"),
        ("com.example.app:cb", "com.example.app:cb?code=1&state=2"),
    ] {
        assert_eq!(redirect(text).with_params(&[("code", "1"), ("state", "2")]), with);
    }
    assert_eq!(
        redirect("https://a.example/cb?x").with_params(&[]),
        "https://a.example/cb?x"
    );
}

proptest! {
    #[test]
    fn registration_never_panics_and_keeps_the_text(text in ".{0,80}") {
        if let Ok(uri) = register(&text) {
            prop_assert_eq!(uri.as_str(), &text);
            prop_assert!(Url::parse(&text).is_ok());
        }
    }

    #[test]
    fn near_uris_never_panic_and_never_verify_unless_equal(
        text in "https?://(a\\.example|localhost|127\\.0\\.0\\.1|\\[::1\\])[:@/\\\\?#%.0-9a-z]{0,20}"
    ) {
        let known = registered(&["https://a.example/cb", "http://localhost/cb"]);
        let verified = VerifiedRedirect::verify(&known, &text, false).is_ok();
        prop_assert_eq!(verified, known.iter().any(|uri| uri.as_str() == text));
        if let Ok(relaxed) = VerifiedRedirect::verify(&known, &text, true) {
            let url = Url::parse(relaxed.as_str()).unwrap();
            prop_assert!(matches!(url.host_str(), Some("localhost" | "a.example")));
            prop_assert_eq!(url.path(), "/cb");
        }
    }

    #[test]
    fn parameter_values_come_back_byte_for_byte(state in "\\PC{0,40}", code in any::<String>()) {
        let uri = redirect("https://a.example/cb?kept=%7e+1").with_params(&[("state", &state), ("code", &code)]);
        prop_assert!(uri.starts_with("https://a.example/cb?kept=%7e+1&"));
        let url = Url::parse(&uri).unwrap();
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().skip(1).collect();
        prop_assert_eq!(pairs, vec![("state".to_owned(), state), ("code".to_owned(), code)]);
    }

    #[test]
    fn any_port_of_a_registered_loopback_uri_verifies(port in 1u16..) {
        let known = registered(&["http://127.0.0.1/cb"]);
        let presented = format!("http://127.0.0.1:{port}/cb");
        prop_assert!(VerifiedRedirect::verify(&known, &presented, true).is_ok());
        prop_assert!(VerifiedRedirect::verify(&known, &presented, false).is_err());
    }
}
