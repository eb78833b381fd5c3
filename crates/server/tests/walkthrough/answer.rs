//! Whether what was printed is what the page shows. `…` stands for anything.

use std::collections::BTreeMap;

use serde_json::Value;

const ANYTHING: &str = "…";

/// Why `printed` is not what is shown; `None` when it is.
pub(crate) fn compare(language: &str, shown: &str, printed: &str) -> Option<String> {
    let result = match language {
        "json" => json(shown, printed),
        "http" => http(shown, printed),
        _ => text(shown, printed),
    };
    result.err().map(|why| {
        format!(
            "{why}\n--- shown\n{}\n--- printed\n{}",
            shown.trim_end(),
            printed.trim()
        )
    })
}

fn text(shown: &str, printed: &str) -> Result<(), String> {
    let lines = |text: &str| -> Vec<String> {
        let blanks_are_equal = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        text.trim().lines().map(blanks_are_equal).collect()
    };
    if same_lines(&lines(shown), &lines(printed)) {
        Ok(())
    } else {
        Err("printed something else".into())
    }
}

fn same_lines(shown: &[String], printed: &[String]) -> bool {
    let Some((first, rest)) = shown.split_first() else {
        return printed.is_empty();
    };
    if first == ANYTHING {
        return (0..=printed.len()).any(|skipped| same_lines(rest, &printed[skipped..]));
    }
    printed
        .split_first()
        .is_some_and(|(line, others)| same(first, line) && same_lines(rest, others))
}

/// Whether a line or value is as shown.
fn same(shown: &str, printed: &str) -> bool {
    let parts: Vec<&str> = shown.split(ANYTHING).collect();
    let [first, middle @ .., last] = parts.as_slice() else {
        return shown == printed;
    };
    let Some(mut rest) = printed.strip_prefix(first) else {
        return false;
    };
    for part in middle {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

fn json(shown: &str, printed: &str) -> Result<(), String> {
    let shown = serde_json::from_str(shown).map_err(|error| format!("what is shown is no JSON: {error}"))?;
    let printed = serde_json::from_str(printed).map_err(|error| format!("what was printed is no JSON: {error}"))?;
    same_value("", &shown, &printed)
}

fn same_value(place: &str, shown: &Value, printed: &Value) -> Result<(), String> {
    match (shown, printed) {
        (Value::String(text), _) if text == ANYTHING => Ok(()),
        (Value::String(text), Value::String(value)) if same(text, value) => Ok(()),
        (Value::Object(shown), Value::Object(printed)) => {
            for (name, value) in shown.iter().filter(|(name, _)| *name != ANYTHING) {
                let place = format!("{place}/{name}");
                let other = printed.get(name).ok_or(format!("{place} is missing"))?;
                same_value(&place, value, other)?;
            }
            let further = printed.keys().find(|name| !shown.contains_key(*name));
            match further {
                Some(name) if !shown.contains_key(ANYTHING) => Err(format!("{place}/{name} is not shown")),
                _ => Ok(()),
            }
        }
        (Value::Array(shown), Value::Array(printed)) => {
            let (shown, open) = match shown.split_last() {
                Some((Value::String(last), others)) if last == ANYTHING => (others, true),
                _ => (shown.as_slice(), false),
            };
            if printed.len() < shown.len() || (printed.len() > shown.len() && !open) {
                return Err(format!("{place} has {} items", printed.len()));
            }
            for (number, (shown, printed)) in shown.iter().zip(printed).enumerate() {
                same_value(&format!("{place}/{number}"), shown, printed)?;
            }
            Ok(())
        }
        _ if shown == printed => Ok(()),
        _ => Err(format!("{place} is {printed}")),
    }
}

/// Status, those headers that are shown, and the body.
fn http(shown: &str, printed: &str) -> Result<(), String> {
    let (shown, printed) = (Response::parse(shown)?, Response::parse(printed)?);
    if shown.status != printed.status {
        return Err(format!("the status is {}", printed.status));
    }
    for (name, value) in &shown.headers {
        match printed.headers.get(name) {
            Some(other) if same(value, other) => {}
            other => return Err(format!("{name} is {other:?}")),
        }
    }
    if serde_json::from_str::<Value>(&shown.body).is_ok() {
        json(&shown.body, &printed.body)
    } else {
        text(&shown.body, &printed.body)
    }
}

struct Response {
    status: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Response {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.replace("\r\n", "\n");
        let (head, body) = text.trim().split_once("\n\n").unwrap_or((text.trim(), ""));
        let mut lines = head.lines();
        let status = lines.next().unwrap_or_default();
        if !status.starts_with("HTTP/1.1 ") {
            return Err(format!("{status:?} is no status line"));
        }
        let headers = lines
            .map(|line| {
                let (name, value) = line.split_once(':').ok_or(format!("{line:?} is no header"))?;
                Ok((name.to_ascii_lowercase(), value.trim().to_owned()))
            })
            .collect::<Result<_, String>>()?;
        Ok(Self {
            status: status.to_owned(),
            headers,
            body: body.to_owned(),
        })
    }
}

#[test]
fn dots_stand_for_anything_and_nothing_else_does() {
    for (shown, printed, equal) in [
        ("a…c", "abc", true),
        ("a…c", "abd", false),
        ("…b…", "abc", true),
        ("a…", "b", false),
        ("a", "a", true),
        ("a", "ab", false),
    ] {
        assert_eq!(same(shown, printed), equal, "{shown} {printed}");
    }
    assert!(text("a\n…\nd  e", "a\nb\nc\nd e\n").is_ok());
    assert!(text("a\n…", "b\nc").is_err());
    assert!(text("", "\n").is_ok());
    assert!(text("", "words").is_err());
}

#[test]
fn json_is_compared_as_data() {
    assert!(json(r#"{"a":[1,"…"],"b":"x…"}"#, r#"{"b":"xyz","a":[1,2,3]}"#).is_ok());
    assert!(json(r#"{"a":"…"}"#, r#"{"a":17}"#).is_ok());
    assert!(json(r#"{"a":1,"…":"…"}"#, r#"{"a":1,"b":2}"#).is_ok());
    for (shown, printed) in [
        (r#"{"a":1}"#, r#"{"a":1,"b":2}"#),
        (r#"{"a":1,"…":"…"}"#, r#"{"b":2}"#),
        ("[1]", "[1,2]"),
        (r#"[1,2,"…"]"#, "[1]"),
        ("{}", "{} {}"),
    ] {
        assert!(json(shown, printed).is_err(), "{shown} {printed}");
    }
}

#[test]
fn of_a_response_the_shown_headers_are_compared() {
    let printed = "HTTP/1.1 200 OK\r\nETag: \"a-1\"\r\nDate: now\r\n\r\n{\"a\":1}";
    assert!(http("HTTP/1.1 200 OK\netag: \"…-1\"\n\n{\"a\": 1}\n", printed).is_ok());
    assert!(http("HTTP/1.1 200 OK\netag: \"b\"\n\n{\"a\": 1}\n", printed).is_err());
    assert!(http("HTTP/1.1 200 OK\n\n", printed).is_err());
    assert!(http("HTTP/1.1 404 Not Found\n\n…\n", printed).is_err());
}
