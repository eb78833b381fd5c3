//! Just enough HTML to fill in a form as a browser would.

/// A form with the fields that a browser would send, and its submit buttons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) method: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) buttons: Vec<(String, String)>,
}

impl Form {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(known, _)| known == name)
    }

    /// Fills in a field, which must be there.
    #[track_caller]
    pub(crate) fn fill(mut self, name: &str, value: &str) -> Self {
        let field = self
            .fields
            .iter_mut()
            .find(|(known, _)| known == name)
            .unwrap_or_else(|| panic!("no field {name}"));
        value.clone_into(&mut field.1);
        self
    }

    /// Unticks a box, which must be there.
    #[track_caller]
    pub(crate) fn untick(mut self, name: &str, value: &str) -> Self {
        let boxes = self.fields.len();
        self.fields.retain(|(known, says)| known != name || says != value);
        assert!(self.fields.len() < boxes, "no box {name}={value}");
        self
    }

    /// Chooses of a list.
    pub(crate) fn choose(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves a field out.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    /// Presses a button, which must be there: its name and value go along.
    #[track_caller]
    pub(crate) fn press(mut self, name: &str, value: &str) -> Self {
        let button = self.buttons.iter().find(|(known, says)| known == name && says == value);
        self.fields.push(
            button
                .unwrap_or_else(|| panic!("no button {name}={value} in {self:?}"))
                .clone(),
        );
        self
    }
}

/// The forms of a page.
pub(crate) fn forms(html: &str) -> Vec<Form> {
    let mut found: Vec<Form> = Vec::new();
    let mut open = false;
    let mut choosing: Option<u32> = None;
    for tag in tags(html) {
        match tag.name.as_str() {
            "form" => {
                open = true;
                found.push(Form {
                    action: tag.get("action").unwrap_or_default(),
                    method: tag.get("method").unwrap_or_else(|| "get".into()).to_ascii_lowercase(),
                    fields: Vec::new(),
                    buttons: Vec::new(),
                });
            }
            "/form" => open = false,
            "input" | "button" if open => {
                let (Some(form), Some(name)) = (found.last_mut(), tag.get("name")) else {
                    continue;
                };
                let field = (name, tag.get("value").unwrap_or_default());
                if tag.name == "button" || tag.get("type").as_deref() == Some("submit") {
                    form.buttons.push(field);
                } else if tag.get("type").as_deref() != Some("checkbox") || tag.get("checked").is_some() {
                    form.fields.push(field);
                }
            }
            "textarea" | "select" if open => {
                let (Some(form), Some(name)) = (found.last_mut(), tag.get("name")) else {
                    continue;
                };
                // The first line end is no part of it, and the others are sent as two characters.
                let text = tag.text.strip_prefix('\n').unwrap_or(&tag.text).replace('\n', "\r\n");
                choosing = (tag.name == "select").then_some(0);
                form.fields.push((name, text));
            }
            "/select" => choosing = None,
            "option" => {
                // The first one, unless another is marked.
                if let (Some(form), Some(seen)) = (found.last_mut(), choosing.as_mut()) {
                    *seen += 1;
                    if *seen == 1 || tag.get("selected").is_some() {
                        let value = tag.get("value").unwrap_or_else(|| tag.text.clone());
                        form.fields.last_mut().unwrap().1 = value;
                    }
                }
            }
            _ => {}
        }
    }
    found
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    /// What stands between it and the next one.
    text: String,
}

impl Tag {
    fn get(&self, name: &str) -> Option<String> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    }
}

fn tags(html: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let name_end = rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(rest.len());
        let name = rest[..name_end].to_ascii_lowercase();
        rest = &rest[name_end..];
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if rest.is_empty() || rest.starts_with('>') {
                break;
            }
            let end = rest
                .find(|c: char| c.is_whitespace() || matches!(c, '=' | '>'))
                .unwrap_or(rest.len());
            let key = rest[..end].to_ascii_lowercase();
            rest = rest[end..].trim_start();
            let mut value = String::new();
            if let Some(after) = rest.strip_prefix('=') {
                rest = after.trim_start();
                if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
                    let inner = &rest[1..];
                    let close = inner.find(quote).unwrap_or(inner.len());
                    value = unescape(&inner[..close]);
                    rest = inner.get(close + 1..).unwrap_or_default();
                } else {
                    let end = rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(rest.len());
                    value = unescape(&rest[..end]);
                    rest = &rest[end..];
                }
            }
            if key.is_empty() {
                break;
            }
            attributes.push((key, value));
        }
        let after = rest.strip_prefix('>').unwrap_or(rest);
        let text = unescape(after.split('<').next().unwrap_or_default());
        found.push(Tag { name, attributes, text });
    }
    found
}

/// Character references back to characters.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference = rest.find(';').map(|end| (&rest[1..end], end));
        let decoded = reference.and_then(|(name, end)| decode(name).map(|c| (c, end)));
        if let Some((c, end)) = decoded {
            out.push(c);
            rest = &rest[end + 1..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

fn decode(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[test]
fn a_form_is_read_as_a_browser_reads_it() {
    let page = r#"<p>a < b</p><form method=POST action="/x?a=1&amp;b=2"><input type="hidden" name="form" value="&lt;&#39;&#x26;">
        <input name='u' required><input type=checkbox name=c value=1><input type="checkbox" name="c" value="2" checked><button type="button" hidden>Show</button><button type="submit" name="decision" value="deny">No</button></form>
        <form action="/y"><textarea name="t">\nA &lt;\nB</textarea><select name="s"><option value="1">One<option value="2" selected>Two</select>
        <select name="f"><option>First</option><option>Second</option></select></form>
        <input name="outside">"#;
    let lists = Form {
        action: "/y".into(),
        method: "get".into(),
        fields: vec![
            ("t".into(), "A <\r\nB".into()),
            ("s".into(), "2".into()),
            ("f".into(), "First".into()),
        ],
        buttons: Vec::new(),
    };
    let expected = Form {
        action: "/x?a=1&b=2".into(),
        method: "post".into(),
        fields: vec![
            ("form".into(), "<'&".into()),
            ("u".into(), String::new()),
            ("c".into(), "2".into()),
        ],
        buttons: vec![("decision".into(), "deny".into())],
    };
    assert_eq!(forms(&page.replace("\\n", "\n")), [expected, lists]);
}
