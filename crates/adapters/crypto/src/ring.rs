//! Signing keys in memory, parsed once.

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use informer_oauth_domain::timestamp::Timestamp;
use informer_oauth_ports::{Entropy, KeyPurpose, KeyState, PublicKeySet, SealedKey};
use josekit::{
    JoseError,
    jwk::KeyPair as _,
    jws::{
        ES256, HS256, JwsAlgorithm, JwsHeader, JwsSigner, JwsVerifier,
        alg::ecdsa::{EcdsaJwsSigner, EcdsaJwsVerifier},
    },
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{error::KeysError, kind::Kind, seal::Sealer};

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
                    kid: Es256::read(&bytes)?.public.thumbprint(),
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

/// An ES256 key (RFC 7518 §3.4), parsed once.
struct Es256 {
    signer: EcdsaJwsSigner,
    verifier: EcdsaJwsVerifier,
    public: EcPublic,
}

impl Es256 {
    /// Reads the DER of a private key.
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
        Ok(Self {
            signer: ES256.signer_from_der(der)?,
            verifier: ES256.verifier_from_der(pair.to_der_public_key())?,
            public,
        })
    }
}

/// An HS256 key (RFC 7518 §3.2). It signs with `hmac`, because josekit 0.10 compares signatures with `!=`, which is not
/// constant-time.
#[derive(Clone)]
struct Hs256(Hmac<Sha256>);

impl fmt::Debug for Hs256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hs256(…)")
    }
}

impl JwsSigner for Hs256 {
    fn algorithm(&self) -> &dyn JwsAlgorithm {
        &HS256
    }

    fn key_id(&self) -> Option<&str> {
        None
    }

    fn signature_len(&self) -> usize {
        SYMMETRIC
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        Ok(self.0.clone().chain_update(message).finalize().into_bytes().to_vec())
    }

    fn box_clone(&self) -> Box<dyn JwsSigner> {
        Box::new(self.clone())
    }
}

impl JwsVerifier for Hs256 {
    fn algorithm(&self) -> &dyn JwsAlgorithm {
        &HS256
    }

    fn key_id(&self) -> Option<&str> {
        None
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), JoseError> {
        let keyed = self.0.clone().chain_update(message);
        keyed
            .verify_slice(signature)
            .map_err(|error| JoseError::InvalidSignature(error.into()))
    }

    fn box_clone(&self) -> Box<dyn JwsVerifier> {
        Box::new(self.clone())
    }
}

/// A key that can sign and verify at once.
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) purpose: KeyPurpose,
    /// The header of its tokens.
    pub(crate) header: JwsHeader,
    pub(crate) signer: Box<dyn JwsSigner>,
    pub(crate) verifier: Box<dyn JwsVerifier>,
    /// The public half of an ES256 key.
    public: Option<EcPublic>,
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
        let (signer, verifier, public): (Box<dyn JwsSigner>, Box<dyn JwsVerifier>, _) = match sealed.purpose {
            KeyPurpose::Access => {
                let key = Es256::read(&bytes).map_err(|error| unusable(error.to_string()))?;
                if key.public.thumbprint() != sealed.kid {
                    return Err(unusable("its thumbprint is not its id".to_owned()));
                }
                (Box::new(key.signer), Box::new(key.verifier), Some(key.public))
            }
            KeyPurpose::Refresh if bytes.len() == SYMMETRIC => {
                let hmac = Hmac::new_from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
                (Box::new(Hs256(hmac.clone())), Box::new(Hs256(hmac)), None)
            }
            KeyPurpose::Refresh => return Err(unusable("its length is wrong".to_owned())),
        };
        Ok(Self {
            kid: sealed.kid.clone(),
            purpose: sealed.purpose,
            header: Kind::of(sealed.purpose).header(&sealed.kid),
            signer,
            verifier,
            public,
        })
    }

    fn public(&self) -> Option<PublicKey<'_>> {
        Some(PublicKey {
            members: self.public.as_ref()?,
            key_use: "sig",
            alg: "ES256",
            kid: &self.kid,
        })
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
