use async_trait::async_trait;
use informer_oauth_domain::timestamp::Timestamp;

use crate::StoreError;

/// The wall clock. A use case reads it once and passes the time down.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// A source of unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` from a cryptographically secure source.
    fn fill(&self, bytes: &mut [u8]);

    /// A version 7 UUID (RFC 9562 §5.7) for `now`: the upper 48 bits are milliseconds, the rest is random.
    fn uuid_v7(&self, now: Timestamp) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        let millis = u64::try_from(now.as_micros().div_euclid(1000)).unwrap_or_default();
        bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        bytes[6] = (bytes[6] & 0x0f) | 0x70;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        bytes
    }

    /// `length` characters drawn uniformly from base62; bytes that would favour some characters are drawn again.
    fn base62(&self, length: usize) -> String {
        const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        const FAIR: u8 = 62 * 4;
        let mut text = String::with_capacity(length);
        let mut bytes = [0; 64];
        while text.len() < length {
            self.fill(&mut bytes);
            let fair = bytes.iter().filter(|byte| **byte < FAIR);
            text.extend(
                fair.map(|byte| char::from(ALPHABET[usize::from(byte % 62)]))
                    .take(length - text.len()),
            );
        }
        text
    }
}

/// Says whether something the service depends on is there.
#[async_trait]
pub trait Probe: Send + Sync {
    /// The name that health answers use: `sqlite`, `postgres`, `redis`, `informer`.
    fn name(&self) -> &'static str;

    /// Whether it answers. The caller bounds the time.
    async fn check(&self) -> Result<(), StoreError>;
}
