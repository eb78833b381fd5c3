//! The OpenAPI 3.1 document, put together from the route table.

use informer_oauth_web::endpoint::Endpoint;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        PathItem, Server,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "informer-oauth",
        description = "An OAuth 2.0 authorization server for Informer: clients, consent, tokens, and a gate for reverse proxies.",
        license(name = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "OAuth", description = "For OAuth clients. Errors as in RFC 6749, section 5.2."),
        (name = "Discovery", description = "What this server can do, and its keys."),
        (name = "Gate", description = "For reverse proxies in front of Informer."),
        (name = "Operations", description = "For whoever runs the service."),
        (name = "Management", description = "Clients, their secrets, icons and token records"),
    ),
    modifiers(&Schemes),
)]
struct Frame;

/// How callers authenticate.
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let scheme = |scheme, description: &str| {
            SecurityScheme::Http(HttpBuilder::new().scheme(scheme).description(Some(description)).build())
        };
        components.add_security_scheme(
            "client",
            scheme(
                HttpAuthScheme::Basic,
                "client_id and client_secret; both may be in the body instead",
            ),
        );
        components.add_security_scheme("bearer", scheme(HttpAuthScheme::Bearer, "An access token"));
    }
}

/// Puts the document together for an installation.
pub(crate) fn assemble(endpoints: Vec<Endpoint>, issuer: &str, session_cookie: &str) -> utoipa::openapi::OpenApi {
    let mut document = Frame::openapi();
    let described = endpoints
        .into_iter()
        .filter_map(|endpoint| Some((endpoint.pattern, endpoint.description?())));
    for (path, description) in described {
        let components = document.components.get_or_insert_default();
        components.schemas.extend(description.schemas);
        let paths = &mut document.paths;
        paths.add_path_operation(path, description.methods, description.operation);
    }
    let session = ApiKeyValue::with_description(
        session_cookie,
        "A signed-in browser. Writes also need Origin or Sec-Fetch-Site to be of this site",
    );
    document
        .components
        .get_or_insert_default()
        .add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
    for (path, item) in &mut document.paths.paths {
        name_operations(path, item);
    }
    document.servers = Some(vec![Server::new(issuer.trim_end_matches('/'))]);
    document
}

/// Names every operation after its method and path: unique, whatever the handlers are called.
fn name_operations(path: &str, item: &mut PathItem) {
    let words: Vec<&str> = path
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let words = words.join("_");
    let operations = [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
        ("patch", &mut item.patch),
    ];
    for (method, operation) in operations {
        if let Some(operation) = operation {
            operation.operation_id = Some(format!("{method}_{words}"));
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    fn document() -> Value {
        serde_json::to_value(assemble(crate::routes::endpoints(), "https://bi.example.com/", "sid")).unwrap()
    }

    fn operations(document: &Value) -> impl Iterator<Item = &Value> {
        document["paths"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|path| path.as_object().unwrap().values())
    }

    #[test]
    fn it_is_openapi_3_1_of_this_installation() {
        let document = document();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        assert_eq!(document["servers"][0]["url"], "https://bi.example.com");
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(document["components"]["securitySchemes"]["session"]["name"], "sid");
    }

    #[test]
    fn every_operation_has_its_own_id_a_summary_and_responses() {
        let document = document();
        let mut ids = HashSet::new();
        for operation in operations(&document) {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} is used twice");
            assert!(operation["summary"].is_string(), "{id}");
            assert!(!operation["responses"].as_object().unwrap().is_empty(), "{id}");
        }
        assert!(ids.len() > 10);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(members) => {
                    found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    members.values().for_each(|member| references(member, found));
                }
                Value::Array(items) => items.iter().for_each(|item| references(item, found)),
                _ => {}
            }
        }
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            assert!(
                document.pointer(reference.trim_start_matches('#')).is_some(),
                "{reference}"
            );
        }
    }
}
