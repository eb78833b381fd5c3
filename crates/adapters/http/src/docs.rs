//! The reader page of the OpenAPI document: plain HTML, no script, nothing from elsewhere.

use askama::Template;
use informer_oauth_web::protocol_error::RETRY_AFTER_SECONDS;
use serde_json::Value;

/// The page for a document.
pub(crate) fn page(document: &utoipa::openapi::OpenApi, base_path: &str) -> String {
    let document = serde_json::to_value(document).unwrap_or_default();
    let view = Page::of(&document, base_path);
    view.render().unwrap_or_else(|error| {
        tracing::error!(%error, "the reference page could not be made");
        String::from("The reference could not be shown. It is at api/oauth/openapi.json.")
    })
}

#[derive(Template)]
#[template(path = "docs.html")]
struct Page {
    base: String,
    title: String,
    version: String,
    description: String,
    server: String,
    retry_after: u64,
    sections: Vec<Section>,
    schemas: Vec<Schema>,
}

struct Section {
    name: String,
    description: String,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    callers: String,
    parameters: Vec<Field>,
    bodies: Vec<Body>,
    answers: Vec<Answer>,
}

struct Field {
    name: String,
    kind: Kind,
    place: String,
    required: bool,
    description: String,
}

struct Body {
    media_type: String,
    kind: Kind,
}

struct Answer {
    status: String,
    description: String,
    kind: Option<Kind>,
}

struct Schema {
    name: String,
    description: String,
    fields: Vec<Field>,
    kind: Kind,
}

/// A type in words, and the schema that it leads to.
struct Kind {
    words: String,
    schema: Option<String>,
}

impl Page {
    fn of(document: &Value, base: &str) -> Self {
        let mut sections: Vec<Section> = members(&document["tags"])
            .map(|(_, tag)| Section {
                name: text(&tag["name"]),
                description: text(&tag["description"]),
                operations: Vec::new(),
            })
            .collect();
        for (path, methods) in members(&document["paths"]) {
            for (method, operation) in members(methods) {
                let tag = operation["tags"][0].as_str().unwrap_or("Other");
                let read = Operation::of(method, path, operation);
                if let Some(section) = sections.iter_mut().find(|section| section.name == tag) {
                    section.operations.push(read);
                } else {
                    let name = tag.to_owned();
                    sections.push(Section {
                        name,
                        description: String::new(),
                        operations: vec![read],
                    });
                }
            }
        }
        sections.retain(|section| !section.operations.is_empty());
        let info = &document["info"];
        Self {
            base: base.to_owned(),
            title: text(&info["title"]),
            version: text(&info["version"]),
            description: text(&info["description"]),
            server: text(&document["servers"][0]["url"]),
            retry_after: RETRY_AFTER_SECONDS,
            sections,
            schemas: members(&document["components"]["schemas"])
                .map(|(name, schema)| Schema::of(name, schema))
                .collect(),
        }
    }
}

impl Operation {
    fn of(method: &str, path: &str, operation: &Value) -> Self {
        let schemes =
            members(&operation["security"]).flat_map(|(_, need)| members(need).map(|(name, _)| name.to_owned()));
        let schemes: Vec<String> = schemes.collect();
        Self {
            id: text(&operation["operationId"]),
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            summary: text(&operation["summary"]),
            description: text(&operation["description"]),
            callers: schemes.join(" or "),
            parameters: members(&operation["parameters"])
                .map(|(_, parameter)| Field {
                    name: text(&parameter["name"]),
                    kind: Kind::of(&parameter["schema"]),
                    place: text(&parameter["in"]),
                    required: parameter["required"] == true,
                    description: text(&parameter["description"]),
                })
                .collect(),
            bodies: members(&operation["requestBody"]["content"])
                .map(|(media_type, body)| Body {
                    media_type: media_type.to_owned(),
                    kind: Kind::of(&body["schema"]),
                })
                .collect(),
            answers: members(&operation["responses"])
                .map(|(status, answer)| Answer {
                    status: status.to_owned(),
                    description: text(&answer["description"]),
                    kind: members(&answer["content"])
                        .next()
                        .map(|(_, body)| Kind::of(&body["schema"])),
                })
                .collect(),
        }
    }
}

impl Schema {
    fn of(name: &str, schema: &Value) -> Self {
        // A schema made of several is shown with the fields of all.
        let parts: Vec<&Value> = members(&schema["allOf"])
            .map(|(_, part)| part)
            .chain([schema])
            .collect();
        let fields = parts.iter().flat_map(|part| {
            members(&part["properties"]).map(|(field, property)| Field {
                name: field.to_owned(),
                kind: Kind::of(property),
                place: String::new(),
                required: members(&part["required"]).any(|(_, required)| required == field),
                description: text(&property["description"]),
            })
        });
        Self {
            name: name.to_owned(),
            description: text(&schema["description"]),
            fields: fields.collect(),
            kind: Kind::of(schema),
        }
    }
}

impl Kind {
    fn of(schema: &Value) -> Self {
        if let Some(name) = schema["$ref"]
            .as_str()
            .and_then(|reference| reference.rsplit('/').next())
        {
            return Self {
                words: name.to_owned(),
                schema: Some(name.to_owned()),
            };
        }
        let choices: Vec<String> = members(&schema["enum"]).map(|(_, choice)| text(choice)).collect();
        if !choices.is_empty() {
            return Self {
                words: format!("one of {}", choices.join(", ")),
                schema: None,
            };
        }
        for either in ["oneOf", "anyOf", "allOf"] {
            let kinds: Vec<Self> = members(&schema[either]).map(|(_, part)| Self::of(part)).collect();
            if !kinds.is_empty() {
                let words: Vec<&str> = kinds.iter().map(|kind| kind.words.as_str()).collect();
                let words = words.join(if either == "allOf" { " and " } else { " or " });
                return Self {
                    words,
                    schema: kinds.into_iter().find_map(|kind| kind.schema),
                };
            }
        }
        let named = match &schema["type"] {
            Value::Array(types) => types.iter().map(text).collect::<Vec<_>>().join(" or "),
            other => text(other),
        };
        if named.starts_with("array") {
            let item = Self::of(&schema["items"]);
            return Self {
                words: format!("list of {}", item.words),
                schema: item.schema,
            };
        }
        let format = text(&schema["format"]);
        let words = match (named.is_empty(), format.is_empty()) {
            (true, _) => "anything".to_owned(),
            (false, true) => named,
            (false, false) => format!("{named} ({format})"),
        };
        Self { words, schema: None }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The members of an object by name, or the items of an array, each under its own text if it is one.
fn members(value: &Value) -> Box<dyn Iterator<Item = (&str, &Value)> + '_> {
    match value {
        Value::Object(members) => Box::new(members.iter().map(|(name, member)| (name.as_str(), member))),
        Value::Array(items) => Box::new(items.iter().map(|item| (item.as_str().unwrap_or_default(), item))),
        _ => Box::new(std::iter::empty()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn rendered() -> String {
        let document = serde_json::json!({
            "info": {"title": "t<script>", "version": "1", "description": "d"},
            "servers": [{"url": "https://bi.example.com"}],
            "tags": [{"name": "A", "description": "first"}, {"name": "Unused"}],
            "paths": {"/x/{id}": {"post": {
                "tags": ["A"], "operationId": "make_x", "summary": "Make <x>",
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/X"}}}},
                "responses": {"201": {"description": "Made", "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/X"}}}}}},
                "security": [{"session": []}, {"bearer": []}]
            }}},
            "components": {"schemas": {"X": {"required": ["name"], "properties": {"name": {"type": ["string", "null"], "description": "its name"}}}}}
        });
        Page::of(&document, "/auth").render().unwrap()
    }

    #[test]
    fn the_page_shows_operations_and_schemas() {
        let page = rendered();
        for shown in [
            "POST",
            "/x/{id}",
            "string (uuid)",
            "list of X",
            "session or bearer",
            "href=\"#schema-X\"",
            "id=\"schema-X\"",
            "string or null",
            "its name",
            "/auth/oauth/docs.css",
        ] {
            assert!(page.contains(shown), "{shown}");
        }
        assert!(!page.contains("Unused"), "a tag without operations has no section");
    }

    #[test]
    fn nothing_in_the_document_becomes_markup() {
        let page = rendered();
        assert!(!page.contains("<script") && !page.contains("Make <x>"));
        assert!(
            !page.contains("http://") && !page.contains("style="),
            "no third party, nothing inline"
        );
    }
}
