//! JSON Web Tokens taken apart and put together by hand, as an attacker would.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// A compact JWS in its three parts.
#[derive(Clone, Debug)]
pub(crate) struct Jwt {
    pub(crate) header: Value,
    pub(crate) payload: Value,
    pub(crate) signature: String,
}

impl Jwt {
    #[track_caller]
    pub(crate) fn read(text: &str) -> Self {
        let parts: Vec<&str> = text.split('.').collect();
        assert_eq!(parts.len(), 3, "not a compact JWS: {text}");
        Self {
            header: decode(parts[0]),
            payload: decode(parts[1]),
            signature: parts[2].to_owned(),
        }
    }

    pub(crate) fn claim(&self, name: &str) -> &Value {
        &self.payload[name]
    }

    pub(crate) fn with_header(mut self, name: &str, value: Value) -> Self {
        self.header[name] = value;
        self
    }

    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.header.as_object_mut().unwrap().remove(name);
        self
    }

    pub(crate) fn with_claim(mut self, name: &str, value: Value) -> Self {
        self.payload[name] = value;
        self
    }

    pub(crate) fn without_claim(mut self, name: &str) -> Self {
        self.payload.as_object_mut().unwrap().remove(name);
        self
    }

    /// With the signature that it came with.
    pub(crate) fn text(&self) -> String {
        format!("{}.{}", self.signed_part(), self.signature)
    }

    /// `alg: none`, with an empty signature.
    pub(crate) fn unsigned(self, alg: &str) -> String {
        format!("{}.", self.with_header("alg", json!(alg)).signed_part())
    }

    /// HS256 under a key of the attacker's choice.
    pub(crate) fn signed_with_hmac(self, key: &[u8]) -> String {
        let signed = self.with_header("alg", json!("HS256")).signed_part();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn signed_part(&self) -> String {
        format!("{}.{}", encode(&self.header), encode(&self.payload))
    }
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn decode(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
