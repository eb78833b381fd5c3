#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

#[test]
fn brings_equal_paths_to_one_form() {
    for (raw, normal) in [
        ("/", "/"),
        ("/?x", "/"),
        ("/api/datasets", "/api/datasets"),
        ("/api/datasets/", "/api/datasets"),
        ("/api/%64atasets", "/api/datasets"),
        ("/api/Datasets", "/api/Datasets"),
        ("/api/datasets?next=/api/../users\\;%", "/api/datasets"),
        ("/api/datasets?q=a#b", "/api/datasets"),
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
        ("/api/a%2fb", "/api/a%2Fb"),
        ("/api/v1;a", "/api/v1%3Ba"),
        ("/api/v1%3ba", "/api/v1%3Ba"),
        ("/api/Acme%20Inc.", "/api/Acme%20Inc."),
        ("/api/Acme%20", "/api/Acme%20"),
    ] {
        assert_eq!(NormalPath::parse(raw).unwrap().as_str(), normal, "{raw:?}");
    }
}

#[test]
fn raw_bytes_are_read_like_their_escapes() {
    assert_eq!(
        NormalPath::parse(b"/api/m\xc3\xbcller"),
        NormalPath::parse("/api/m%C3%BCller")
    );
    assert_eq!(NormalPath::parse(b"/api/m\xfcller"), Err(PathRefused::NotUtf8));
    assert_eq!(NormalPath::parse(b"/api/x?q=\xfc").unwrap().as_str(), "/api/x");
}

#[test]
fn other_readings_are_kept_beside_the_normal_form() {
    for (raw, readings) in [
        ("/api/a", &[][..]),
        ("/api/a.b", &[]),
        ("/api/a%2Fb", &["/api/a/b"]),
        ("/api/a;b", &["/api/a"]),
        ("/api/a%3Bb", &["/api/a"]),
        ("/api/a.", &["/api/a"]),
        ("/api/a%20", &["/api/a"]),
        ("/api/a;b%2Fc", &["/api/a%3Bb/c", "/api/a", "/api/a/c"]),
        ("/api/a.;b", &["/api/a.", "/api/a"]),
    ] {
        let path = NormalPath::parse(raw).unwrap();
        let mut found: Vec<_> = path.other_readings().to_vec();
        let mut expected: Vec<_> = readings.iter().map(|reading| (*reading).to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{raw:?}");
    }
}

#[test]
fn refuses_what_servers_resolve_or_drop() {
    use PathRefused as R;
    for (raw, why) in [
        ("", R::NotAbsolute),
        ("?x", R::NotAbsolute),
        ("*", R::NotAbsolute),
        ("api/datasets", R::NotAbsolute),
        ("informer.example:443", R::NotAbsolute),
        ("http://informer.example/api", R::NotAbsolute),
        ("/api#x", R::Fragment),
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
        ("/.", R::DotSegment),
        ("/..", R::DotSegment),
        ("/%2e", R::DotSegment),
        ("/api/./datasets", R::DotSegment),
        ("/api/datasets/.", R::DotSegment),
        ("/api/datasets/./", R::DotSegment),
        ("/api/users/../datasets", R::DotSegment),
        ("/api/users/%2e%2E/datasets", R::DotSegment),
        ("/api/users/.%2e/datasets", R::DotSegment),
        ("/api/datasets/..;/users", R::DotSegment),
        ("/api/datasets/..%3bx/users", R::DotSegment),
        ("/api/datasets/..%2fusers", R::DotSegment),
        ("/api/datasets%2f..%2fusers", R::DotSegment),
        ("/api/a%2f.;b", R::DotSegment),
        ("//", R::EmptySegment),
        ("//api", R::EmptySegment),
        ("/api//datasets", R::EmptySegment),
        ("/api/datasets//", R::EmptySegment),
        ("/api/;x/datasets", R::EmptySegment),
        ("/api/%3b/x", R::EmptySegment),
        ("/api/a%2f%2fb", R::EmptySegment),
        ("/api/a%2F", R::EmptySegment),
        ("/api/.../x", R::EmptySegment),
        ("/api/%20../x", R::EmptySegment),
        ("/api/..%20/x", R::EmptySegment),
        ("/api/%20", R::EmptySegment),
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
        Just(";".to_owned()),
        Just("%3b".to_owned()),
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
            let again = NormalPath::parse(path.as_str()).unwrap();
            prop_assert_eq!(again.as_str(), path.as_str());
            prop_assert!(path.as_str().starts_with('/'));
            for reading in path.other_readings().iter().map(String::as_str).chain([path.as_str()]) {
                prop_assert!(reading == "/" || !reading.ends_with('/'));
                for segment in reading.split('/').skip(1).filter(|_| reading != "/") {
                    prop_assert!(!["", ".", ".."].contains(&segment), "{}", reading);
                }
            }
        }
    }

    #[test]
    fn decoded_slashes_and_parameters_are_always_among_the_readings(raw in nasty()) {
        let raw = format!("/a{raw}");
        if let Ok(path) = NormalPath::parse(&raw) {
            let slashes = path.as_str().replace("%2F", "/");
            prop_assert!(path.as_str() == slashes || path.other_readings().contains(&slashes));
            let cut: Vec<&str> = path.as_str().split('/').map(|segment| segment.split("%3B").next().unwrap()).collect();
            let cut = cut.join("/");
            prop_assert!(path.as_str() == cut || path.other_readings().contains(&cut));
        }
    }

    #[test]
    fn arbitrary_text_never_panics(raw in any::<String>()) {
        if let Ok(path) = NormalPath::parse(format!("/{raw}")) {
            let again = NormalPath::parse(path.as_str()).unwrap();
            prop_assert_eq!(again.as_str(), path.as_str());
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
        assert!(is_normal(normal.as_bytes()), "{normal}");
    }
    for other in [
        "", "/", "//", "/api/", "/api//x", "api", "/a.b", "/..", "/a%20", "/a;b", "/é", "/a b", "*",
    ] {
        assert!(!is_normal(other.as_bytes()), "{other}");
    }
}
