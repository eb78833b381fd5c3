#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

#[test]
fn brings_equal_paths_to_one_form() {
    for (raw, normal) in [
        ("/", "/"),
        ("//", "/"),
        ("/?x", "/"),
        ("/api/datasets", "/api/datasets"),
        ("/api/datasets/", "/api/datasets"),
        ("//api///datasets//", "/api/datasets"),
        ("/api/./datasets/.", "/api/datasets"),
        ("/api/users/../datasets", "/api/datasets"),
        ("/api/users/%2e%2E/datasets", "/api/datasets"),
        ("/api/users/.%2e/datasets", "/api/datasets"),
        ("/api/datasets/..", "/api"),
        ("/api/%64atasets", "/api/datasets"),
        ("/api/Datasets", "/api/Datasets"),
        ("/api/datasets?next=/api/users\\;%", "/api/datasets"),
        ("/api/a%c3%a9", "/api/a%C3%A9"),
        ("/api/aé", "/api/a%C3%A9"),
        ("/api/a%20b", "/api/a%20b"),
        ("/api/a%3fb%23c", "/api/a%3Fb%23c"),
        ("/api/%24$", "/api/%24$"),
        ("/api/a|b", "/api/a%7Cb"),
        ("/api/50%25", "/api/50%25"),
        ("/api/50%25zz", "/api/50%25zz"),
        ("/api/admin:1@x", "/api/admin:1@x"),
        ("/api/.hidden/..x", "/api/.hidden/..x"),
        ("http://informer.example/api/datasets?x", "/api/datasets"),
        ("HTTPS://informer.example:443/api", "/api"),
        ("http://[::1]:80/api", "/api"),
        ("http://informer.example", "/"),
        ("http://informer.example?x=/api", "/"),
    ] {
        assert_eq!(NormalPath::parse(raw).unwrap().as_str(), normal, "{raw:?}");
    }
}

#[test]
fn refuses_what_two_parsers_could_read_in_two_ways() {
    use PathRefused as R;
    for (raw, why) in [
        ("", R::NotAbsolute),
        ("?x", R::NotAbsolute),
        ("*", R::NotAbsolute),
        ("api/datasets", R::NotAbsolute),
        ("informer.example:443", R::NotAbsolute),
        ("ftp://informer.example/api", R::NotAbsolute),
        ("http:///api", R::NotAbsolute),
        ("http://user@informer.example/api", R::NotAbsolute),
        ("http://x%2fy/api", R::NotAbsolute),
        ("http://x\\api/users", R::Backslash),
        ("/api#x", R::Fragment),
        ("/api?x#y", R::Fragment),
        ("/api/a b", R::Control),
        ("/api/\t", R::Control),
        ("/api/a%00", R::Control),
        ("/api/a\0", R::Control),
        ("/api/a%0d%0a", R::Control),
        ("/api/a%7f", R::Control),
        ("/api/a%c2%85", R::Control),
        ("/api\\datasets", R::Backslash),
        ("/api%5cdatasets", R::Backslash),
        ("/api%5Cdatasets", R::Backslash),
        ("/api%2fdatasets", R::EncodedSlash),
        ("/api%2Fdatasets", R::EncodedSlash),
        ("/api/datasets;x=1", R::PathParameter),
        ("/api/datasets/..;/users", R::PathParameter),
        ("/api/datasets%3bx", R::PathParameter),
        ("/api/%", R::BadEscape),
        ("/api/%4", R::BadEscape),
        ("/api/%g1", R::BadEscape),
        ("/api/%+1", R::BadEscape),
        ("/api/%u002e", R::BadEscape),
        ("/api/%252e%252e/x", R::DoubleEncoded),
        ("/api/%252f", R::DoubleEncoded),
        ("/api/%255c", R::DoubleEncoded),
        ("/api/%25252e", R::DoubleEncoded),
        ("/api/%25%32%65", R::DoubleEncoded),
        ("/api/%25%2532%2565", R::DoubleEncoded),
        ("/api/%ff", R::NotUtf8),
        ("/api/%c0%ae%c0%ae/x", R::NotUtf8),
        ("/api/datasets.", R::TrailingDotOrSpace),
        ("/api/datasets%2e", R::TrailingDotOrSpace),
        ("/api/datasets%20", R::TrailingDotOrSpace),
        ("/api/datasets%20/x", R::TrailingDotOrSpace),
        ("/api/.../x", R::TrailingDotOrSpace),
        ("/api/%20../x", R::TrailingDotOrSpace),
        ("/api/x%c2%a0", R::TrailingDotOrSpace),
        ("/..", R::AboveRoot),
        ("/api/../../etc", R::AboveRoot),
        ("/%2e%2e/api", R::AboveRoot),
        ("//../api", R::Ambiguous),
        ("/api/users//../datasets", R::Ambiguous),
    ] {
        assert_eq!(NormalPath::parse(raw), Err(why), "{raw:?}");
    }
}

/// Strings made of what matters to a path parser.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("/".to_owned()),
        Just(".".to_owned()),
        Just("..".to_owned()),
        Just("%2e".to_owned()),
        Just("%2F".to_owned()),
        Just("%25".to_owned()),
        Just("%".to_owned()),
        Just("%c3%a9".to_owned()),
        Just("?".to_owned()),
        Just("http://h".to_owned()),
        "[a-zA-Z0-9 _~$|é;\\\\-]",
        "%[0-9a-fA-F]{2}",
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_normal_form_is_its_own_normal_form(raw in nasty(), rooted in any::<bool>()) {
        let raw = if rooted { format!("/{raw}") } else { raw };
        if let Ok(path) = NormalPath::parse(&raw) {
            prop_assert_eq!(NormalPath::parse(path.as_str()), Ok(path.clone()));
            prop_assert!(path.as_str().starts_with('/'));
            for segment in path.segments() {
                prop_assert!(segment != "." && segment != "..");
            }
        }
    }

    #[test]
    fn what_is_normal_already_is_told_as_the_rest_is(raw in nasty()) {
        let raw = format!("/{raw}");
        // An absolute URI is never taken for normal.
        prop_assert_eq!(NormalPath::parse(&raw), NormalPath::parse(&format!("http://bi.example.com{raw}")));
    }

    #[test]
    fn arbitrary_text_never_panics(raw in any::<String>()) {
        if let Ok(path) = NormalPath::parse(&format!("/{raw}")) {
            prop_assert_eq!(NormalPath::parse(path.as_str()), Ok(path.clone()));
            prop_assert!(path.as_str().is_ascii());
        }
        let _ = NormalPath::parse(&raw);
    }

    #[test]
    fn escaping_every_letter_changes_nothing(segments in prop::collection::vec("[a-zA-Z0-9_-]{1,8}", 1..5)) {
        let plain = format!("/{}", segments.join("/"));
        let escaped: String = plain
            .bytes()
            .map(|b| if b == b'/' { "/".to_owned() } else { format!("%{b:02x}") })
            .collect();
        let normal = NormalPath::parse(&escaped).unwrap();
        prop_assert_eq!(normal.as_str(), plain);
    }
}

#[test]
fn what_is_told_to_be_normal_is() {
    for normal in ["/api", "/api/datasets/a-1_~", "/A"] {
        assert!(is_normal(normal), "{normal}");
    }
    for other in [
        "", "/", "//", "/api/", "/api//x", "api", "/a.b", "/..", "/a%20", "/a;b", "/é", "/a b", "*",
    ] {
        assert!(!is_normal(other), "{other}");
    }
}
