//! Proof Key for Code Exchange (RFC 7636), `S256` only.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The length of an `S256` challenge: 32 bytes in unpadded base64url.
const CHALLENGE_LENGTH: usize = 43;

/// A PKCE parameter is not what RFC 7636 says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PkceError {
    /// RFC 7636 §4.2, for `S256`: 43 characters of base64url.
    #[error("code_challenge must be 43 base64url characters")]
    Challenge,
    /// RFC 7636 §4.3. `plain` proves nothing to whoever saw the request (RFC 9700 §2.1.1).
    #[error("code_challenge_method must be S256")]
    Method,
    /// RFC 7636 §4.1: 43 to 128 unreserved characters.
    #[error("code_verifier must be 43 to 128 unreserved characters")]
    Verifier,
}

/// How a challenge follows from its verifier. `S256` is the only way on offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodeChallengeMethod {
    /// `BASE64URL(SHA256(code_verifier))`.
    S256,
}

impl CodeChallengeMethod {
    /// Reads `code_challenge_method`, case-sensitively. An absent parameter means `plain`
    /// (RFC 7636 §4.3), so the caller must not fill it in.
    pub fn parse(text: &str) -> Result<Self, PkceError> {
        if text == Self::S256.as_str() {
            Ok(Self::S256)
        } else {
            Err(PkceError::Method)
        }
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::S256 => "S256",
        }
    }
}

/// An `S256` code challenge. Compared in constant time.
///
/// The example is the one of RFC 7636, appendix B.
///
/// ```
/// use informer_oauth_domain::pkce::{CodeChallenge, CodeVerifier, PkceError};
///
/// let challenge = CodeChallenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")?;
/// let verifier = CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")?;
/// assert_eq!(verifier.challenge(), challenge);
/// # Ok::<(), PkceError>(())
/// ```
#[derive(Debug, Clone)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// Reads `code_challenge`, or takes a challenge back from a store.
    pub fn parse(text: &str) -> Result<Self, PkceError> {
        let well_formed = text.len() == CHALLENGE_LENGTH
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(PkceError::Challenge)
        }
    }

    /// The 43 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for CodeChallenge {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for CodeChallenge {}

/// A code verifier: a secret between the client and the token endpoint. Zeroed on drop, absent from
/// `Debug`, and never stored.
pub struct CodeVerifier(Zeroizing<String>);

impl CodeVerifier {
    /// Reads `code_verifier` (RFC 7636 §4.1).
    pub fn parse(text: &str) -> Result<Self, PkceError> {
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
        if (43..=128).contains(&text.len()) && text.bytes().all(unreserved) {
            Ok(Self(Zeroizing::new(text.to_owned())))
        } else {
            Err(PkceError::Verifier)
        }
    }

    /// The `S256` challenge of this verifier (RFC 7636 §4.6), to compare with the one on record.
    pub fn challenge(&self) -> CodeChallenge {
        CodeChallenge(URL_SAFE_NO_PAD.encode(Sha256::digest(self.0.as_bytes())))
    }
}

impl fmt::Debug for CodeVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeVerifier(***)")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_rfc_7636_appendix_b_holds() {
        let challenge = CodeVerifier::parse(VERIFIER).unwrap().challenge();
        assert_eq!(challenge, CodeChallenge::parse(CHALLENGE).unwrap());
        assert_eq!(challenge.as_str(), CHALLENGE);
    }

    #[test]
    fn only_s256_is_a_method() {
        assert_eq!(CodeChallengeMethod::parse("S256"), Ok(CodeChallengeMethod::S256));
        for other in ["plain", "s256", "", "S256 ", "S512"] {
            assert_eq!(CodeChallengeMethod::parse(other), Err(PkceError::Method), "{other:?}");
        }
    }

    #[test]
    fn a_challenge_is_43_base64url_characters() {
        let of = |length: usize| CodeChallenge::parse(&"a".repeat(length));
        assert!(of(43).is_ok());
        assert_eq!(of(42), Err(PkceError::Challenge));
        assert_eq!(of(44), Err(PkceError::Challenge));
        for odd in ["+", "/", "=", ".", "~", " ", "é", "\0"] {
            let text = format!("{}{odd}", "a".repeat(43 - odd.len()));
            assert_eq!(CodeChallenge::parse(&text), Err(PkceError::Challenge), "{text:?}");
        }
    }

    #[test]
    fn a_verifier_is_43_to_128_unreserved_characters() {
        let of = |length: usize| CodeVerifier::parse(&"~".repeat(length)).map(|_| ());
        assert_eq!(of(42), Err(PkceError::Verifier));
        assert_eq!(of(43), Ok(()));
        assert_eq!(of(128), Ok(()));
        assert_eq!(of(129), Err(PkceError::Verifier));
        for odd in ["+", "/", "=", "%", " ", "é", "\n"] {
            let text = format!("{}{odd}", "a".repeat(50));
            assert!(CodeVerifier::parse(&text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn debug_does_not_show_the_verifier() {
        let shown = format!("{:?}", CodeVerifier::parse(VERIFIER).unwrap());
        assert_eq!(shown, "CodeVerifier(***)");
    }

    proptest! {
        #[test]
        fn every_verifier_meets_its_own_challenge_and_no_other(
            one in "[A-Za-z0-9._~-]{43,128}",
            other in "[A-Za-z0-9._~-]{43,128}",
        ) {
            let challenge = CodeVerifier::parse(&one).unwrap().challenge();
            prop_assert!(CodeChallenge::parse(challenge.as_str()).is_ok());
            let met = CodeVerifier::parse(&other).unwrap().challenge() == challenge;
            prop_assert_eq!(met, one == other);
        }

        #[test]
        fn parsing_never_panics(text in any::<String>()) {
            let _ = CodeChallenge::parse(&text);
            let _ = CodeVerifier::parse(&text);
            let _ = CodeChallengeMethod::parse(&text);
        }
    }
}
