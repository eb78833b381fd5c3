//! Session cookies: 256 random bits, of which the store knows a digest.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use informer_oauth_domain::secret::{Digest, Secret};
use informer_oauth_ports::Entropy;

const BYTES: usize = 32;

/// A new cookie's value.
pub(crate) fn draw(entropy: &dyn Entropy) -> Secret {
    let mut bytes = [0; BYTES];
    entropy.fill(&mut bytes);
    Secret::new(URL_SAFE_NO_PAD.encode(bytes))
}

/// How the store knows a cookie's session; `None` for a value that this service cannot have set, so that the store is not
/// asked about it.
pub(crate) fn store_digest(cookie: &Secret) -> Option<Digest> {
    let decoded = URL_SAFE_NO_PAD.decode(cookie.expose()).ok()?;
    (decoded.len() == BYTES).then(|| Digest::of(cookie.expose()))
}

/// What forms of a session are bound to. It cannot be told from what the store has, nor the other way round.
pub(crate) fn form_digest(cookie: &Secret) -> Digest {
    let labelled = Secret::new(format!("form:{}", cookie.expose()));
    Digest::of(labelled.expose())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use informer_oauth_testkit::SeededEntropy;

    use super::*;

    #[test]
    fn a_cookie_is_43_characters_fit_for_a_cookie() {
        let cookie = draw(&SeededEntropy::default());
        assert_eq!(cookie.len(), 43);
        assert!(
            cookie
                .expose()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
    }

    #[test]
    fn the_two_digests_of_a_cookie_differ() {
        let cookie = draw(&SeededEntropy::default());
        assert_ne!(store_digest(&cookie).unwrap(), form_digest(&cookie));
    }

    #[test]
    fn what_cannot_be_a_cookie_is_not_looked_up() {
        let cookie = draw(&SeededEntropy::default());
        for bad in [
            "",
            "x",
            &cookie.expose()[1..],
            &format!("{}A", cookie.expose()),
            &format!("{}=", cookie.expose()),
            "é",
            &"A".repeat(1 << 16),
        ] {
            assert_eq!(
                store_digest(&Secret::new(bad.to_owned())),
                None,
                "{}",
                &bad[..bad.len().min(50)]
            );
        }
    }
}
