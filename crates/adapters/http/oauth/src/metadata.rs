//! Authorization server metadata (RFC 8414).

use actix_web::{HttpRequest, HttpResponse, web};
use informer_oauth_domain::{grant_type::GrantType, scope::Scope};
use informer_oauth_web::{
    document::Document,
    endpoint::EndpointClass,
    parameters::JSON,
    protocol_error::{ProtocolErrorResponse, ProtocolResult, json_bytes},
    state::HttpState,
};
use serde::Serialize;
use utoipa::ToSchema;

/// How long anybody may keep metadata and keys.
pub(crate) const FIVE_MINUTES: &str = "public, max-age=300";

const PATH: &str = "/.well-known/oauth-authorization-server";
/// The same before the path of an issuer.
pub(crate) const INSERTED: &str = "/.well-known/oauth-authorization-server/{issuer_path:.*}";

/// What this server can do: every endpoint and capability that works, and nothing else.
#[derive(Serialize, ToSchema)]
pub(crate) struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    revocation_endpoint: String,
    introspection_endpoint: String,
    /// RFC 8628 §4
    device_authorization_endpoint: String,
    service_documentation: String,
    scopes_supported: Vec<&'static str>,
    response_types_supported: Vec<&'static str>,
    response_modes_supported: Vec<&'static str>,
    grant_types_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    code_challenge_methods_supported: Vec<&'static str>,
    /// RFC 9207
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    fn of(issuer: &str) -> Self {
        let url = |path: &str| format!("{}{path}", issuer.trim_end_matches('/'));
        let confidential = vec!["client_secret_basic", "client_secret_post"];
        let all = vec!["client_secret_basic", "client_secret_post", "none"];
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: url("/oauth/authorize"),
            token_endpoint: url("/oauth/token"),
            jwks_uri: url("/.well-known/jwks.json"),
            revocation_endpoint: url("/oauth/revoke"),
            introspection_endpoint: url("/oauth/introspect"),
            device_authorization_endpoint: url("/oauth/device_authorization"),
            service_documentation: url("/oauth/docs"),
            scopes_supported: Scope::ALL.iter().map(|scope| scope.as_str()).collect(),
            response_types_supported: vec!["code"],
            response_modes_supported: vec!["query"],
            grant_types_supported: GrantType::SUPPORTED.map(GrantType::parameter).to_vec(),
            token_endpoint_auth_methods_supported: all.clone(),
            revocation_endpoint_auth_methods_supported: all,
            introspection_endpoint_auth_methods_supported: confidential,
            code_challenge_methods_supported: vec!["S256"],
            authorization_response_iss_parameter_supported: true,
        }
    }
}

/// The metadata of this installation, serialized once.
pub(crate) struct MetadataDocument(Document);

impl MetadataDocument {
    pub(crate) fn new(issuer: &str) -> Self {
        Self(document(issuer))
    }
}

fn document(issuer: &str) -> Document {
    Document::new(json_bytes(&Metadata::of(issuer)), JSON, FIVE_MINUTES)
        .with_headers_of(EndpointClass::WELL_KNOWN, issuer.starts_with("https://"))
}

/// What this authorization server can do (RFC 8414)
#[utoipa::path(
    get, path = "/.well-known/oauth-authorization-server", tag = "Discovery",
    responses((status = 200, description = "The metadata", body = Metadata), (status = 304, description = "Not changed")),
    security(()),
)]
pub(crate) async fn metadata(request: HttpRequest, document: web::Data<MetadataDocument>) -> HttpResponse {
    document.0.answer(request.headers())
}

/// An issuer with a path is found with the path after the well-known one, as RFC 8414 §3.1 says. Many clients ask with the path
/// before it, which the envelope removes.
pub(crate) async fn inserted(request: HttpRequest, document: web::Data<MetadataDocument>) -> ProtocolResult {
    let state = HttpState::of(&request);
    if request.path().strip_prefix(PATH) == Some(state.base_path()) {
        Ok(document.0.answer(request.headers()))
    } else {
        Err(ProtocolErrorResponse::http(
            actix_web::http::StatusCode::NOT_FOUND,
            "There is no such issuer here.",
        ))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_is_kept_byte_for_byte_and_starts_every_address() {
        for (issuer, base) in [
            ("https://bi.example.com", "https://bi.example.com"),
            ("https://bi.example.com/", "https://bi.example.com"),
            ("https://bi.example.com/auth", "https://bi.example.com/auth"),
        ] {
            let metadata: serde_json::Value = serde_json::from_slice(document(issuer).bytes()).unwrap();
            assert_eq!(metadata["issuer"], issuer);
            assert_eq!(metadata["token_endpoint"], format!("{base}/oauth/token"));
            assert_eq!(metadata["jwks_uri"], format!("{base}/.well-known/jwks.json"));
        }
    }

    #[test]
    fn nothing_is_null_and_nothing_unfinished_is_named() {
        let text = String::from_utf8(document("https://bi.example.com").bytes().to_vec()).unwrap();
        for absent in ["null", "registration", "plain", "implicit", "\"token\""] {
            assert!(!text.contains(absent), "{absent}");
        }
    }
}
