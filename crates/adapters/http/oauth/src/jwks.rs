//! The public keys (RFC 7517).

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use actix_web::{HttpRequest, HttpResponse, web};
use informer_oauth_application::PublicKeySet;
use informer_oauth_web::{document::Document, endpoint::EndpointClass, parameters::JSON, state::HttpState};
use utoipa::ToSchema;

use crate::metadata::FIVE_MINUTES;

/// How long a verifier may keep the keys: what `Cache-Control` says.
pub const KEYS_MAX_AGE: Duration = Duration::from_secs(300);

/// A JWK Set (RFC 7517 §5).
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used: the signer makes the document")]
pub(crate) struct JwkSet {
    /// The current key, the next one, and those that may still verify live tokens.
    #[schema(value_type = Vec<Object>)]
    keys: Vec<()>,
}

/// The answer for the key set last seen. A rotation makes a new set, which is told by its address.
#[derive(Default)]
pub(crate) struct KeyDocument(RwLock<Option<(Arc<PublicKeySet>, Arc<Document>)>>);

impl KeyDocument {
    pub(crate) fn of(&self, state: &HttpState) -> Arc<Document> {
        self.of_keys(&state.app.public_keys(), state.is_https())
    }

    fn of_keys(&self, keys: &Arc<PublicKeySet>, https: bool) -> Arc<Document> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((seen, document)) = &*known
            && Arc::ptr_eq(seen, keys)
        {
            return Arc::clone(document);
        }
        drop(known);
        let document = Arc::new(
            Document::new(keys.json.clone(), JSON, FIVE_MINUTES).with_headers_of(EndpointClass::WELL_KNOWN, https),
        );
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(keys), Arc::clone(&document)));
        document
    }
}

/// The public keys that access tokens are verified with (RFC 7517)
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "Discovery",
    responses((status = 200, description = "The keys", body = JwkSet), (status = 304, description = "Not changed")),
    security(()),
)]
pub(crate) async fn jwks(request: HttpRequest, document: web::Data<KeyDocument>) -> HttpResponse {
    document.of(HttpState::of(&request)).answer(request.headers())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_how_long_verifiers_may_keep_the_keys() {
        assert_eq!(FIVE_MINUTES, format!("public, max-age={}", KEYS_MAX_AGE.as_secs()));
    }

    #[test]
    fn a_new_key_set_is_a_new_document() {
        let cache = KeyDocument::default();
        let set = |json: &str| Arc::new(PublicKeySet { json: json.to_owned() });
        let (old, new) = (set(r#"{"keys":[1]}"#), set(r#"{"keys":[2]}"#));
        assert_eq!(cache.of_keys(&old, true).bytes(), r#"{"keys":[1]}"#);
        assert_eq!(cache.of_keys(&new, true).bytes(), r#"{"keys":[2]}"#);
        assert_eq!(cache.of_keys(&new, true).bytes(), r#"{"keys":[2]}"#);
        assert_eq!(cache.of_keys(&old, true).bytes(), r#"{"keys":[1]}"#);
    }
}
