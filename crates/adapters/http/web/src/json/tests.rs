#![allow(clippy::unwrap_used, reason = "tests")]

use actix_web::http::header::HeaderValue;

use super::*;
use crate::api_error::Source;

#[derive(Deserialize, PartialEq, Debug)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Payloaded {
    name: String,
    #[serde(default)]
    expire_others_in: Option<u32>,
    #[serde(default)]
    scope: Vec<String>,
}

fn blamed(text: &str) -> (Vec<String>, String) {
    match parse::<Payloaded>(text.as_bytes()) {
        Err(ApiError::Invalid {
            message,
            source: Source::Payload,
            keys,
        }) => (keys, message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_good_object_is_read() {
    let read: Payloaded = parse(br#"{"name":"a","expireOthersIn":5,"scope":["x"]}"#).unwrap();
    assert_eq!(
        read,
        Payloaded {
            name: "a".into(),
            expire_others_in: Some(5),
            scope: vec!["x".into()]
        }
    );
    let read: Payloaded = parse(br#"{"name":"a","expireOthersIn":null}"#).unwrap();
    assert_eq!(read.expire_others_in, None);
}

#[test]
fn the_field_to_blame_is_named() {
    for (text, key) in [
        (r#"{"name":"a","nmae":"b"}"#, "nmae"),
        (r#"{"expireOthersIn":5}"#, "name"),
        (r#"{"name":5}"#, "name"),
        (r#"{"name":null}"#, "name"),
        (r#"{"name":"a","expireOthersIn":-1}"#, "expireOthersIn"),
        (r#"{"name":"a","scope":["x",1]}"#, "scope"),
        (r#"{"name":"a","name":"b"}"#, "name"),
        (r#"{"name":"a\u0000"}"#, "name"),
        (r#"{"name":"a","scope":["\u0000"]}"#, "scope"),
    ] {
        let (keys, message) = blamed(text);
        assert_eq!(keys, [key], "{text}: {message}");
        assert!(message.contains(key), "{text}: {message}");
    }
}

#[test]
fn what_is_no_object_has_nobody_to_blame() {
    for text in ["", "[]", "null", "{", r#"{"name":"a"} {}"#, "\u{feff}\u{feff}{}"] {
        assert!(blamed(text).0.is_empty(), "{text}");
    }
    assert!(parse::<Payloaded>(b"{\"name\":\"\xff\"}").is_err());
    let deep = format!("{{\"name\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
    assert!(parse::<Payloaded>(deep.as_bytes()).is_err());
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_object() {
    let marked = "\u{feff}{\"name\":\"a\"}";
    assert!(parse::<Payloaded>(marked.as_bytes()).is_ok());
}

#[test]
fn hal_is_for_those_who_ask() {
    let asked = |accept: &str| {
        let mut headers = HeaderMap::new();
        headers.append(ACCEPT, HeaderValue::from_str(accept).unwrap());
        accepts_hal(&headers)
    };
    for accept in [
        "application/hal+json",
        "application/hal+json, application/json",
        "application/json;q=0.5, Application/HAL+JSON;q=0.9",
    ] {
        assert!(asked(accept), "{accept}");
    }
    for accept in [
        "*/*",
        "application/json",
        "application/*",
        "application/hal+json;q=0",
        "application/hal+json;q=0.1, application/json",
        "",
    ] {
        assert!(!asked(accept), "{accept}");
    }
    assert!(!accepts_hal(&HeaderMap::new()));
}
