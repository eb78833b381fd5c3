//! New identifiers and codes, drawn from the entropy port.

use informer_oauth_domain::{
    id::{ClientId, ClientUid, EventId, SecretUid, TokenId, TokenRecordId},
    secret::Secret,
    timestamp::Timestamp,
};
use informer_oauth_ports::Entropy;
use uuid::Uuid;

macro_rules! new_uuid {
    ($($function:ident: $id:ty,)*) => {$(
        pub(crate) fn $function(entropy: &dyn Entropy, now: Timestamp) -> $id {
            <$id>::new(Uuid::from_bytes(entropy.uuid_v7(now)))
        }
    )*};
}

new_uuid! {
    client_uid: ClientUid,
    secret_uid: SecretUid,
    token_record_id: TokenRecordId,
    event_id: EventId,
    token_id: TokenId,
}

pub(crate) fn client_id(entropy: &dyn Entropy) -> ClientId {
    let mut bytes = [0; 10];
    entropy.fill(&mut bytes);
    ClientId::new(bytes)
}

/// 43 base62 characters hold 256 bits (43 × log₂ 62 = 256.03), and need no encoding anywhere.
pub(crate) fn authorization_code(entropy: &dyn Entropy) -> Secret {
    Secret::new(entropy.base62(43))
}
