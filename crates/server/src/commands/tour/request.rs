//! A request of the tour, as it is sent and as the line that somebody would type.

use serde_json::Value;
use url::form_urlencoded;

/// How wide a line may become before it is broken.
const WIDTH: usize = 110;

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Body,
    /// Whether it goes with the browser's cookies.
    pub(super) cookies: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    None,
    Form(Vec<(&'static str, String)>),
    Json(Value),
}

impl Request {
    pub(super) const fn get(url: String) -> Self {
        Self {
            method: "GET",
            url,
            headers: Vec::new(),
            body: Body::None,
            cookies: false,
        }
    }

    pub(super) fn form(url: String, fields: &[(&'static str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned()));
        Self {
            method: "POST",
            body: Body::Form(fields.collect()),
            ..Self::get(url)
        }
    }

    pub(super) fn json(url: String, value: Value) -> Self {
        Self {
            method: "POST",
            body: Body::Json(value),
            ..Self::get(url)
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// As a browser sends it: with its cookies and, where it changes something, the page's own origin.
    pub(super) fn in_browser(mut self, origin: &str) -> Self {
        self.cookies = true;
        if self.method == "GET" {
            self
        } else {
            self.with("Origin", origin)
        }
    }

    /// The bytes of its body, and what they are.
    pub(super) fn encoded(&self) -> (Option<&'static str>, String) {
        match &self.body {
            Body::None => (None, String::new()),
            Body::Form(fields) => {
                let encoded = form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(fields)
                    .finish();
                (Some("application/x-www-form-urlencoded"), encoded)
            }
            Body::Json(value) => (Some("application/json"), value.to_string()),
        }
    }

    /// The line for a shell, in which the long values that earlier answers gave are the shell's variables.
    pub(super) fn curl(&self, variables: &[(&'static str, String)]) -> String {
        let word = |text: &str| shell_word(text, variables);
        let mut words = vec!["curl -si".to_owned()];
        if self.cookies {
            words.push("-b cookies.txt -c cookies.txt".into());
        }
        words.push(word(&self.url));
        for (name, value) in &self.headers {
            words.push(format!("-H {}", word(&format!("{name}: {value}"))));
        }
        match &self.body {
            Body::None => {}
            Body::Form(fields) => {
                for (name, value) in fields {
                    // What `-d` takes as it is need not be encoded.
                    let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/".contains(c));
                    let flag = if plain { "-d" } else { "--data-urlencode" };
                    words.push(format!("{flag} {}", word(&format!("{name}={value}"))));
                }
            }
            Body::Json(value) => {
                words.push("-H 'Content-Type: application/json'".into());
                words.push(format!("-d {}", word(&value.to_string())));
            }
        }
        broken(&words)
    }
}

/// The words in lines that a shell takes as one.
fn broken(words: &[String]) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in words {
        let width = word.chars().count();
        if column > 0 && column + width + 3 > WIDTH {
            text.push_str(" \\\n    ");
            column = 4;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text
}

/// A text as one word of a shell.
fn shell_word(text: &str, variables: &[(&'static str, String)]) -> String {
    let known = variables.iter().filter(|(_, value)| text.contains(value.as_str()));
    let known: Vec<_> = known.collect();
    if known.is_empty() {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/=,@+%".contains(c);
        return if text.chars().all(plain) {
            text.to_owned()
        } else {
            format!("'{}'", text.replace('\'', r"'\''"))
        };
    }
    let mut word = text
        .replace('\\', r"\\")
        .replace('"', r#"\""#)
        .replace('$', r"\$")
        .replace('`', r"\`");
    for (name, value) in known {
        word = word.replace(value.as_str(), &format!("${name}"));
    }
    format!("\"{word}\"")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_line_is_what_is_sent() {
        let request = Request::form(
            "http://127.0.0.1:1/oauth/token".into(),
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", "eyJ.x.y"),
                ("scope", "a b"),
            ],
        );
        assert_eq!(
            request.curl(&[("refresh_token", "eyJ.x.y".into())]),
            "curl -si http://127.0.0.1:1/oauth/token -d grant_type=refresh_token -d \"refresh_token=$refresh_token\" \\\n    \
             --data-urlencode 'scope=a b'"
        );
        assert_eq!(
            request.encoded().1,
            "grant_type=refresh_token&refresh_token=eyJ.x.y&scope=a+b"
        );
        let request = Request::json("http://127.0.0.1:1/x?a=b".into(), json!({ "name": "Ada's" }));
        assert_eq!(
            request.in_browser("http://127.0.0.1:1").curl(&[]),
            "curl -si -b cookies.txt -c cookies.txt 'http://127.0.0.1:1/x?a=b' -H 'Origin: http://127.0.0.1:1' \\\n    \
             -H 'Content-Type: application/json' -d '{\"name\":\"Ada'\\''s\"}'"
        );
    }
}
