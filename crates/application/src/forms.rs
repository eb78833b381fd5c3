//! Tokens that bind a form to the session it was shown in (cross-site request forgery), good for one submission.

use std::{sync::Arc, time::Duration};

use informer_oauth_domain::{
    secret::{Digest, Secret},
    timestamp::Timestamp,
};
use informer_oauth_ports::{AttemptCounter, Entropy, FormKey};

use crate::error::Fault;

const LIFETIME: Duration = Duration::from_secs(3600);

/// Issues and redeems form tokens. Showing a form stores nothing; submitting it counts the token's nonce once, so that
/// a second submission is told apart in every replica.
pub struct Forms {
    pub(crate) key: Arc<dyn FormKey>,
    pub(crate) attempts: Arc<dyn AttemptCounter>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Forms {
    /// A token for a form shown in `session` about `context`: both must be the same when it comes back.
    pub fn issue(&self, session: &Digest, context: &[u8], now: Timestamp) -> String {
        let nonce = self.entropy.base62(22);
        let expires = (now + LIFETIME).as_seconds();
        let seal = self.seal(session, context, expires, &nonce);
        format!("{expires}.{nonce}.{seal}")
    }

    /// Whether the token is good, and this is its first use.
    pub async fn redeem(&self, token: &str, session: &Digest, context: &[u8], now: Timestamp) -> Result<bool, Fault> {
        let mut parts = token.split('.');
        let (Some(expires), Some(nonce), Some(seal), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Ok(false);
        };
        let Ok(expires) = expires.parse::<i64>() else {
            return Ok(false);
        };
        let expected = self.seal(session, context, expires, nonce);
        if !same(&expected, seal) || now >= Timestamp::from_seconds(expires) {
            return Ok(false);
        }
        let uses = self.attempts.record(&format!("form:{nonce}"), LIFETIME, now).await?;
        Ok(uses.count == 1)
    }

    fn seal(&self, session: &Digest, context: &[u8], expires: i64, nonce: &str) -> String {
        let digest = self.key.digest(&[
            b"form",
            session.as_bytes(),
            context,
            &expires.to_be_bytes(),
            nonce.as_bytes(),
        ]);
        digest.to_hex()
    }
}

/// Compares through [`informer_oauth_domain::secret::Secret`], whose equality takes the same time wherever texts differ.
fn same(expected: &str, given: &str) -> bool {
    Secret::new(expected.to_owned()) == Secret::new(given.to_owned())
}
