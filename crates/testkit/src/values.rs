//! Values of the domain ready made. Those with a number differ from each other by it in everything that must be unique,
//! and are older the smaller it is. A test changes the fields that it is about.

use std::{fmt::Debug, net::Ipv4Addr, str::FromStr, time::Duration};

use informer_oauth_domain::{
    audit::{AuditEvent, EventKind},
    client::{Client, ClientDraft, ClientProfile, Source},
    client_secret::{ClientSecret, ClientSecretText},
    code::{AuthorizationCode, CodePresentation},
    device::{DeviceOrigin, DevicePresentation, DeviceRequest, PendingLimits, UserCode},
    icon::ImageType,
    id::{ClientId, ClientUid, EventId, SecretUid, TokenId, TokenRecordId},
    pkce::{CodeChallenge, CodeVerifier},
    resource::Resource,
    scope::{Scope, ScopeSet},
    secret::{Digest, SecretHash},
    timestamp::Timestamp,
    token_record::{RefreshState, RotationRequest, TokenRecord},
    user::{LocalUser, Session},
};
use informer_oauth_ports::{Icon, KeyPurpose, KeyState, SealedKey};

/// The time of these values: 18 November 2026, with microseconds that a store must keep.
pub const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_123_457);

/// The shortest time there is.
pub const TICK: Duration = Duration::from_micros(1);

/// How long grants with refresh tokens last here.
pub const GRANT_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long codes last here.
pub const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// How long device codes last here.
pub const DEVICE_LIFETIME: Duration = Duration::from_secs(1800);

/// `count` seconds.
pub const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// As many device authorizations as there may be.
pub const UNLIMITED: PendingLimits = PendingLimits {
    per_address: u32::MAX,
    total: u32::MAX,
};

/// The time of number `n`: so many seconds and microseconds after [`NOW`].
pub fn moment(n: u64) -> Timestamp {
    NOW + Duration::from_micros(1_000_001 * n)
}

/// A version 7 UUID of some kind; the `kind` keeps ids of different sorts apart, and they sort by `n`.
fn uuid<T: FromStr<Err: Debug>>(kind: u16, n: u64) -> T {
    format!(
        "0199c2d4-{:04x}-7{:03x}-8{kind:03x}-{n:012x}",
        n & 0xffff,
        (n >> 16) & 0xfff
    )
    .parse()
    .expect("the text has the form of a UUID")
}

/// A client record's id.
pub fn client_uid(n: u64) -> ClientUid {
    uuid(1, n)
}

/// A secret's id.
pub fn secret_uid(n: u64) -> SecretUid {
    uuid(2, n)
}

/// A token record's id.
pub fn record_id(n: u64) -> TokenRecordId {
    uuid(3, n)
}

/// An audit event's id.
pub fn event_id(n: u64) -> EventId {
    uuid(4, n)
}

/// A token's `jti`.
pub fn token_id(n: u64) -> TokenId {
    uuid(5, n)
}

/// A public `client_id`.
pub fn client_id(n: u64) -> ClientId {
    let mut bytes = [0xc1; 10];
    bytes[2..].copy_from_slice(&n.to_be_bytes());
    ClientId::new(bytes)
}

/// A digest, as of a code or a cookie.
pub fn digest(n: u64) -> Digest {
    Digest::of(&format!("value {n}"))
}

/// The PKCE challenge that belongs to a verifier of its own for every `n`.
pub fn challenge(n: u64) -> CodeChallenge {
    CodeVerifier::parse(&format!("verifier-{n:0>43}"))
        .expect("52 or more unreserved characters are a verifier")
        .challenge()
}

/// The resource that tokens are for here.
pub fn audience() -> Resource {
    resource("https://bi.example.com/api")
}

/// A resource.
pub fn resource(text: &str) -> Resource {
    Resource::parse(text).expect("the text is a resource indicator")
}

/// A set of scopes from its names.
pub fn scope(names: &str) -> ScopeSet {
    names.parse().expect("the names are scopes")
}

/// A profile with as little in it as there can be.
pub fn a_plain_profile(name: &str) -> ClientProfile {
    let draft = ClientDraft {
        name: name.to_owned(),
        ..ClientDraft::default()
    };
    draft.check(&[]).expect("the draft is valid")
}

/// A profile with something in every field, much of it awkward to store.
pub fn a_full_profile(name: &str) -> ClientProfile {
    let draft = ClientDraft {
        name: name.to_owned(),
        description:
            "Строка 2: \"quotes\", 'quotes', back\\slash, 100 %, under_score; -- and an emoji 🦀\n\tNext line.".into(),
        url: Some("https://board.example.com/%C3%A9?a=1&b=2".into()),
        redirect_uris: vec![
            "https://z.example.com/cb?x=1&y=%2F".into(),
            "http://127.0.0.1/cb".into(),
            "com.example.app:/cb".into(),
            "https://a.example.com/cb".into(),
        ],
        pkce: false,
        refresh_tokens: true,
        scope: vec!["write:dataset".into(), "read:profile".into(), "write:global".into()],
        enabled: false,
        introspect: true,
        resources: vec!["https://z.example.com/api".into(), "urn:example:a".into()],
        confidential: true,
    };
    draft.check(&[]).expect("the draft is valid")
}

/// A client.
pub fn a_client(n: u64) -> Client {
    Client {
        uid: client_uid(n),
        client_id: client_id(n),
        profile: a_plain_profile(&format!("Client {n:04}")),
        source: Source::Admin,
        created_by: "ada".into(),
        created_at: moment(n),
        updated_at: moment(n),
        revision: 1,
    }
}

/// A secret of the client with number `client`.
pub fn a_secret(client: u64, n: u64) -> ClientSecret {
    let text = ClientSecretText::from_base62(&format!("{n:08}{n:024}")).expect("digits are base62");
    ClientSecret {
        uid: secret_uid(n),
        client: client_uid(client),
        lookup: text.lookup(),
        hash: SecretHash::new(format!("$2b$12$hash-of-number-{n}")),
        hint: text.hint(),
        label: None,
        created_at: moment(n),
        updated_at: moment(n),
        expires_at: None,
        last_used_at: None,
    }
}

/// An icon.
pub fn an_icon(n: u64) -> Icon {
    let mut bytes = vec![0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0xff];
    bytes.extend(n.to_be_bytes());
    Icon {
        kind: ImageType::Png,
        bytes,
        digest: digest(n),
    }
}

/// A code with a challenge, made at [`NOW`] for the client with number 1, whose request named the redirect URI.
pub fn a_code(n: u64) -> AuthorizationCode {
    AuthorizationCode {
        digest: digest(n),
        client: client_uid(1),
        client_id: client_id(1),
        redirect_uri: "https://board.example.com/cb".into(),
        redirect_uri_sent: true,
        challenge: Some(challenge(n)),
        username: "ada".into(),
        scope: scope("read:dataset write:report"),
        audience: audience(),
        token_record: record_id(n),
        issued_at: NOW,
        expires_at: NOW + CODE_LIFETIME,
    }
}

/// What the rightful client presents with a code.
pub fn a_presentation(code: &AuthorizationCode) -> CodePresentation {
    CodePresentation {
        client: code.client,
        redirect_uri: Some(code.redirect_uri.clone()),
        challenge: code.challenge.clone(),
        resource: None,
    }
}

/// A user code of its own for every `n`.
pub fn user_code(n: u64) -> UserCode {
    let mut rest = n;
    UserCode::from_places([(); 8].map(|()| {
        let place = rest % 20;
        rest /= 20;
        place as u8
    }))
}

/// A device's request for the client with number 1, made at [`NOW`] by a command line.
pub fn a_device_request(n: u64) -> DeviceRequest {
    DeviceRequest {
        device_code: digest(n),
        user_code: user_code(n),
        client: client_uid(1),
        client_id: client_id(1),
        scope: scope("read:dataset write:report"),
        audience: audience(),
        origin: DeviceOrigin::new(
            Some(Ipv4Addr::new(192, 0, 2, 1).into()),
            Some("informer-cli/2.1 (linux)"),
        ),
        token_record: record_id(n),
        issued_at: NOW,
        expires_at: NOW + DEVICE_LIFETIME,
    }
}

/// What the rightful client presents with a device code.
pub fn a_device_presentation(request: &DeviceRequest) -> DevicePresentation {
    DevicePresentation {
        client: request.client,
        resource: None,
    }
}

/// A grant of the client with number 1 with refresh tokens, the first of them [`token_id`]`(n)`.
pub fn a_record(n: u64) -> TokenRecord {
    let created_at = moment(n);
    TokenRecord {
        id: record_id(n),
        client: client_uid(1),
        client_id: client_id(1),
        username: "ada".into(),
        scope: scope("read:dataset write:report"),
        audience: audience(),
        created_at,
        expires_at: Some(created_at + GRANT_LIFETIME),
        refresh: Some(RefreshState {
            generation: 0,
            current: token_id(n),
            current_issued_at: created_at,
            previous: None,
        }),
        last_used_at: None,
        revoked: None,
    }
}

/// A grant without refresh tokens: it lives until it is revoked.
pub fn a_lasting_record(n: u64) -> TokenRecord {
    TokenRecord {
        expires_at: None,
        refresh: None,
        ..a_record(n)
    }
}

/// Presents the live refresh token of a record at `now`, asking for all its scope, without a retry window; the successor
/// is [`token_id`]`(successor)`.
///
/// # Panics
///
/// When the record has no refresh token.
pub fn a_rotation(record: &TokenRecord, successor: u64, now: Timestamp) -> RotationRequest {
    let refresh = record.refresh.as_ref().expect("the record has a refresh token");
    RotationRequest {
        record: record.id,
        presented: refresh.current,
        presented_issued_at: refresh.current_issued_at,
        presented_generation: refresh.generation,
        successor: token_id(successor),
        asked: record.scope,
        now,
        retry_window: Duration::ZERO,
    }
}

/// A local user without rank.
pub fn a_user(username: &str) -> LocalUser {
    LocalUser {
        username: username.to_owned(),
        display_name: format!("{username} É. O'Neill"),
        password: SecretHash::new(format!("$argon2id$hash-of-{username}")),
        superuser: false,
        locked: false,
        created_at: NOW,
        updated_at: NOW,
    }
}

/// A session of an hour from [`NOW`].
pub fn a_session(username: &str) -> Session {
    Session {
        username: username.to_owned(),
        created_at: NOW,
        expires_at: NOW + seconds(3600),
    }
}

/// An event about the client with number 1.
pub fn an_event(n: u64) -> AuditEvent {
    AuditEvent {
        id: event_id(n),
        at: moment(n),
        kind: EventKind::ClientUpdated,
        actor: Some("ada".into()),
        client: Some(client_uid(1)),
        target: Some(format!("target {n}")),
        address: Some(Ipv4Addr::new(192, 0, 2, 1).into()),
        request_id: None,
    }
}

/// A sealed key.
pub fn a_key(n: u64, purpose: KeyPurpose, state: KeyState) -> SealedKey {
    SealedKey {
        kid: format!("key-{n}"),
        purpose,
        state,
        created_at: moment(n),
        sealed: format!("eyJhbGciOiJkaXIifQ..number.{n}"),
    }
}

/// A scope of its own for every `n` modulo eight.
pub fn a_scope(n: usize) -> ScopeSet {
    Scope::ALL[n % Scope::ALL.len()].into()
}
