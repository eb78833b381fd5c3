//! Signing keys in memory, parsed once.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::{Entropy, KeyPurpose, KeyState, PublicKeySet, SealedKey};
use josekit::{JoseError, jwk::KeyPair as _, jws::ES256};
use openssl::{
    bn::BigNum,
    ec::EcKey,
    ecdsa::EcdsaSig,
    error::ErrorStack,
    pkey::{PKey, Private},
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{jwt::Kind, keys::KeysError, seal::Sealer};

/// Bytes of an HS256 key: as many as its output (RFC 7518 §3.2).
const SYMMETRIC: usize = 32;

/// A new private key, not sealed yet.
pub(crate) struct NewKey {
    pub(crate) kid: String,
    /// ES256: DER of the private key. HS256: the key.
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

impl NewKey {
    /// Draws a key. An ES256 key's bits come from the cryptographic library, which draws from the system itself.
    pub(crate) fn generate(purpose: KeyPurpose, entropy: &dyn Entropy) -> Result<Self, JoseError> {
        match purpose {
            KeyPurpose::Access => {
                let bytes = Zeroizing::new(ES256.generate_key_pair()?.to_der_private_key());
                Ok(Self {
                    kid: EcParts::read(&bytes)?.1.thumbprint(),
                    bytes,
                })
            }
            KeyPurpose::Refresh => {
                let mut bytes = Zeroizing::new(vec![0; SYMMETRIC]);
                entropy.fill(&mut bytes);
                Ok(Self {
                    kid: entropy.base62(22),
                    bytes,
                })
            }
        }
    }
}

/// The public members of an EC key, in the order in which its thumbprint has them (RFC 7638 §3.2).
#[derive(Serialize)]
struct EcPublic {
    crv: &'static str,
    kty: &'static str,
    x: String,
    y: String,
}

impl EcPublic {
    /// The key's thumbprint (RFC 7638 §3): its `kid`.
    fn thumbprint(&self) -> String {
        let json = serde_json::to_vec(self).expect("four strings are always JSON");
        URL_SAFE_NO_PAD.encode(Sha256::digest(json))
    }
}

/// A public key in the JWK Set (RFC 7517 §4).
#[derive(Serialize)]
struct PublicKey<'a> {
    #[serde(flatten)]
    members: &'a EcPublic,
    #[serde(rename = "use")]
    key_use: &'static str,
    alg: &'static str,
    kid: &'a str,
}

#[derive(Serialize)]
struct PublicKeys<'a> {
    keys: Vec<PublicKey<'a>>,
}

/// Reads a private EC key.
struct EcParts(EcKey<Private>, EcPublic);

impl EcParts {
    fn read(der: &[u8]) -> Result<Self, JoseError> {
        let pair = ES256.key_pair_from_der(der)?;
        let jwk = pair.to_jwk_public_key();
        let member = |name: &str| match jwk.parameter(name) {
            Some(josekit::Value::String(text)) => Ok(text.clone()),
            _ => Err(JoseError::InvalidKeyFormat(
                std::io::Error::other("a coordinate is missing").into(),
            )),
        };
        let public = EcPublic {
            crv: "P-256",
            kty: "EC",
            x: member("x")?,
            y: member("y")?,
        };
        let key = PKey::private_key_from_der(der).and_then(|key| key.ec_key());
        let key = key.map_err(|error| JoseError::InvalidKeyFormat(error.into()))?;
        Ok(Self(key, public))
    }
}

/// Bytes of each of the two numbers of an ES256 signature (RFC 7518 §3.4).
const COORDINATE: u8 = 32;

/// ES256 (RFC 7518 §3.4). With the library's plainest functions: those that choose an algorithm by its name, as josekit calls
/// them, take half as long again.
fn sign_es256(key: &EcKey<Private>, message: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let signature = EcdsaSig::sign(&Sha256::digest(message), key)?;
    let mut bytes = signature.r().to_vec_padded(COORDINATE.into())?;
    bytes.extend(signature.s().to_vec_padded(COORDINATE.into())?);
    Ok(bytes)
}

/// Whether it is the signature; `None` when it has not the form of one.
fn verifies_es256(key: &EcKey<Private>, message: &[u8], signature: &[u8]) -> Option<bool> {
    let (r, s) = signature.split_at_checked(COORDINATE.into())?;
    if s.len() != r.len() {
        return None;
    }
    let (r, s) = (BigNum::from_slice(r).ok()?, BigNum::from_slice(s).ok()?);
    let signature = EcdsaSig::from_private_components(r, s).ok()?;
    signature.verify(&Sha256::digest(message), key).ok()
}

enum Algorithm {
    Es256 {
        key: EcKey<Private>,
        public: EcPublic,
    },
    /// Keyed already: what a library of general use prepares for each signature takes longer than the signature.
    Hs256(Hmac<Sha256>),
}

/// A key that can sign and verify at once.
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) purpose: KeyPurpose,
    /// The JWS header in base64url: the same for every token of this key.
    pub(crate) header: String,
    algorithm: Algorithm,
}

impl SigningKey {
    /// Opens and parses a key.
    pub(crate) fn open(sealed: &SealedKey, sealer: &Sealer) -> Result<Self, KeysError> {
        let unusable = |reason: String| KeysError::Unusable {
            kid: sealed.kid.clone(),
            reason,
        };
        let bytes = sealer
            .open(&sealed.kid, &sealed.sealed)
            .map_err(|_| KeysError::Sealed {
                kid: sealed.kid.clone(),
            })?;
        let algorithm = match sealed.purpose {
            KeyPurpose::Access => {
                let EcParts(key, public) = EcParts::read(&bytes).map_err(|error| unusable(error.to_string()))?;
                if public.thumbprint() != sealed.kid {
                    return Err(unusable("its thumbprint is not its id".to_owned()));
                }
                Algorithm::Es256 { key, public }
            }
            KeyPurpose::Refresh if bytes.len() == SYMMETRIC => {
                Algorithm::Hs256(Hmac::new_from_slice(&bytes).map_err(|error| unusable(error.to_string()))?)
            }
            KeyPurpose::Refresh => return Err(unusable("its length is wrong".to_owned())),
        };
        let header = Kind::of(sealed.purpose).header(&sealed.kid);
        Ok(Self {
            kid: sealed.kid.clone(),
            purpose: sealed.purpose,
            header,
            algorithm,
        })
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        match &self.algorithm {
            Algorithm::Es256 { key, .. } => sign_es256(key, message),
            Algorithm::Hs256(keyed) => Ok(keyed.clone().chain_update(message).finalize().into_bytes().to_vec()),
        }
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.algorithm {
            Algorithm::Es256 { key, .. } => verifies_es256(key, message, signature).unwrap_or_default(),
            // In the same time, whichever byte differs first.
            Algorithm::Hs256(keyed) => keyed.clone().chain_update(message).verify_slice(signature).is_ok(),
        }
    }

    fn public(&self) -> Option<PublicKey<'_>> {
        match &self.algorithm {
            Algorithm::Es256 { public, .. } => Some(PublicKey {
                members: public,
                key_use: "sig",
                alg: "ES256",
                kid: &self.kid,
            }),
            Algorithm::Hs256(_) => None,
        }
    }
}

/// A key and where it is in its life.
pub(crate) struct HeldKey {
    pub(crate) key: Arc<SigningKey>,
    pub(crate) state: KeyState,
    pub(crate) created_at: Timestamp,
}

/// All keys at one moment.
pub(crate) struct Ring {
    /// Current, then next, then retired, newest first.
    held: Vec<HeldKey>,
    access: Arc<SigningKey>,
    refresh: Arc<SigningKey>,
    public: Arc<PublicKeySet>,
}

impl Ring {
    /// Makes a ring of what a store has. Keys that `before` holds are not opened again.
    pub(crate) fn assemble(stored: &[SealedKey], sealer: &Sealer, before: Option<&Self>) -> Result<Self, KeysError> {
        let mut held = Vec::with_capacity(stored.len());
        for sealed in stored {
            let known = before.and_then(|ring| ring.find(sealed.purpose, &sealed.kid));
            let key = known.map_or_else(
                || SigningKey::open(sealed, sealer).map(Arc::new),
                |key| Ok(Arc::clone(key)),
            )?;
            held.push(HeldKey {
                key,
                state: sealed.state,
                created_at: sealed.created_at,
            });
        }
        held.sort_by_key(|held| place(held.state));
        let current = |purpose| {
            let mut current = held
                .iter()
                .filter(|held| held.key.purpose == purpose && matches!(held.state, KeyState::Current { .. }));
            current
                .next()
                .map(|held| Arc::clone(&held.key))
                .ok_or(KeysError::NoCurrentKey(purpose))
        };
        let (access, refresh) = (current(KeyPurpose::Access)?, current(KeyPurpose::Refresh)?);
        let keys = PublicKeys {
            keys: held.iter().filter_map(|held| held.key.public()).collect(),
        };
        let json = serde_json::to_string(&keys).map_err(|error| KeysError::Cryptography(error.to_string()))?;
        Ok(Self {
            held,
            access,
            refresh,
            public: Arc::new(PublicKeySet { json }),
        })
    }

    /// The key that signs.
    pub(crate) const fn current(&self, purpose: KeyPurpose) -> &Arc<SigningKey> {
        match purpose {
            KeyPurpose::Access => &self.access,
            KeyPurpose::Refresh => &self.refresh,
        }
    }

    /// A key of this purpose, whatever its state: another process may sign with the next one already.
    pub(crate) fn find(&self, purpose: KeyPurpose, kid: &str) -> Option<&Arc<SigningKey>> {
        self.held
            .iter()
            .map(|held| &held.key)
            .find(|key| key.purpose == purpose && key.kid == kid)
    }

    pub(crate) fn held(&self) -> &[HeldKey] {
        &self.held
    }

    pub(crate) const fn public(&self) -> &Arc<PublicKeySet> {
        &self.public
    }
}

/// Where a key stands in a ring.
fn place(state: KeyState) -> (u8, std::cmp::Reverse<Timestamp>) {
    match state {
        KeyState::Current { since } => (0, std::cmp::Reverse(since)),
        KeyState::Next => (1, std::cmp::Reverse(Timestamp::EPOCH)),
        KeyState::Retired { at } => (2, std::cmp::Reverse(at)),
    }
}
