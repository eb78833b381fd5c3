//! Stores with something of everything in them, for tests that are about the whole of a store: an upgrade of its schema, a
//! backup. What is put in is made of [`values`](crate::values), much of it awkward to keep; [`contents`] tells all that the
//! ports can see, to be compared.

use std::sync::Arc;

use informer_oauth_domain::{
    attempts::Attempts,
    audit::{AuditEvent, EventKind},
    client::{Client, ClientProfile, Registration, Source},
    client_secret::{ClientSecret, SecretLabel},
    code::CodeRedemption,
    consent::Consent,
    day::Day,
    device::{Decision, DevicePoll, DeviceRequest},
    grant_type::GrantType,
    id::ClientRef,
    token_record::{RevocationReason, TokenRecord},
    usage::{GrantOutcome, UsageCount, UsageKey},
    user::{LocalUser, Session},
};
use informer_oauth_ports::{ClientSort, EventFilter, Icon, KeyPurpose, KeyState, PageRequest, SealedKey, StoreError};

use crate::{
    DurableStores, ShortLivedStores,
    values::{
        NOW, UNLIMITED, a_client, a_code, a_device_presentation, a_device_request, a_full_profile, a_key,
        a_lasting_record, a_plain_profile, a_presentation, a_record, a_rotation, a_secret, a_session, a_user, an_event,
        an_icon, client_id, client_uid, digest, moment, record_id, resource, scope, seconds, secret_uid, user_code,
    },
};

const ALL: PageRequest = PageRequest { start: 0, limit: 1000 };

/// What a store's failure, and an outcome that empty stores do not give, are to these functions: the end.
type Outcome<T> = Result<T, StoreError>;

/// Fills empty stores: clients with secrets, icons and consents, users, keys of every state, token records in every stage of
/// their life, events.
pub async fn populate(stores: &dyn DurableStores) -> Outcome<()> {
    let (clients, tokens) = (stores.clients(), stores.tokens());
    clients.insert(&a_client(1)).await?;
    clients
        .insert(&Client {
            // Its first secret sets it, as the releases before know nothing of it.
            profile: ClientProfile {
                confidential: false,
                ..a_full_profile("Board \"2\"")
            },
            source: Source::Template,
            created_by: "O'Neill \\ é".into(),
            ..a_client(2)
        })
        .await?;
    clients.insert_secret(&a_secret(2, 1), None).await?;
    let second = ClientSecret {
        expires_at: Some(moment(5000)),
        ..a_secret(2, 2)
    };
    clients.insert_secret(&second, Some(moment(4000))).await?;
    clients.touch_secret(secret_uid(1), moment(50)).await?;
    clients.set_icon(client_uid(2), Some(&an_icon(1))).await?;
    for (username, client) in [("ada", 1), ("O'Neill %_\\ é", 1), ("ada", 2)] {
        let allowed = scope("read:dataset write:report");
        stores
            .consents()
            .remember(username, client_uid(client), None, allowed, moment(3))
            .await?;
    }
    for n in 1..=5 {
        tokens.insert(&a_record(n)).await?;
    }
    tokens.insert(&a_lasting_record(6)).await?;
    let short = TokenRecord {
        expires_at: Some(moment(20)),
        ..a_record(10)
    };
    tokens.insert(&short).await?;
    tokens.rotate(&a_rotation(&a_record(2), 102, moment(60))).await?;
    let replayed = a_rotation(&a_record(3), 103, moment(61));
    tokens.rotate(&replayed).await?;
    tokens.rotate(&replayed).await?;
    let reason = RevocationReason::Administrator;
    tokens.revoke(record_id(4), None, reason, moment(62)).await?;
    tokens
        .bar(&a_record(7), RevocationReason::CodeReplay, moment(63))
        .await?;
    tokens.touch(record_id(6), moment(64)).await?;
    let bare = AuditEvent {
        kind: EventKind::SignInFailed,
        actor: None,
        client: None,
        target: None,
        address: None,
        request_id: None,
        ..an_event(1)
    };
    let awkward = AuditEvent {
        target: Some("é '%_\\ 🦀".into()),
        address: "2001:db8::1".parse().ok(),
        request_id: None,
        ..an_event(2)
    };
    for event in [bare, awkward] {
        stores.audit().append(&event).await?;
    }
    for (purpose, first) in [(KeyPurpose::Access, 10), (KeyPurpose::Refresh, 20)] {
        let current = a_key(first, purpose, KeyState::Current { since: moment(first) });
        stores
            .keys()
            .install(&current, &a_key(first + 1, purpose, KeyState::Next))
            .await?;
    }
    let further = a_key(12, KeyPurpose::Access, KeyState::Next);
    stores.keys().rotate("key-10", &further, moment(70)).await?;
    let ada = LocalUser {
        superuser: true,
        ..a_user("ada")
    };
    stores.users().insert_first(&ada).await?;
    stores.users().insert(&a_user("bob")).await?;
    stores.users().set_locked("bob", true, moment(71)).await?;
    Ok(())
}

/// Does with what [`populate`] made what a service does: rotates, revokes, registers, forgets.
pub async fn work(stores: &dyn DurableStores) -> Outcome<()> {
    let (clients, tokens) = (stores.clients(), stores.tokens());
    tokens.rotate(&a_rotation(&a_record(1), 101, moment(1001))).await?;
    tokens.touch(record_id(6), moment(1002)).await?;
    tokens
        .revoke(
            record_id(5),
            Some(client_uid(1)),
            RevocationReason::Client,
            moment(1003),
        )
        .await?;
    tokens
        .insert(&TokenRecord {
            client: client_uid(2),
            client_id: client_id(2),
            username: "bob".into(),
            ..a_record(8)
        })
        .await?;
    tokens
        .bar(&a_record(9), RevocationReason::CodeReplay, moment(1004))
        .await?;
    clients
        .replace(client_uid(1), &a_plain_profile("Renamed"), Some(1), moment(1005))
        .await?;
    clients.insert_secret(&a_secret(1, 3), None).await?;
    clients.touch_secret(secret_uid(2), moment(1006)).await?;
    clients.delete_secret(client_uid(2), secret_uid(1)).await?;
    clients.set_icon(client_uid(1), Some(&an_icon(2))).await?;
    clients.set_icon(client_uid(2), None).await?;
    clients.insert(&a_client(3)).await?;
    clients.delete(client_uid(3), moment(1007)).await?;
    let more = scope("write:report read:profile");
    stores
        .consents()
        .remember("ada", client_uid(1), None, more, moment(1008))
        .await?;
    stores.consents().forget("ada", client_uid(2)).await?;
    stores.audit().append(&an_event(3)).await?;
    let further = a_key(22, KeyPurpose::Refresh, KeyState::Next);
    stores.keys().rotate("key-20", &further, moment(1009)).await?;
    let again = SealedKey {
        sealed: "eyJhbGciOiJkaXIifQ..sealed.again".into(),
        ..a_key(11, KeyPurpose::Access, KeyState::Next)
    };
    stores
        .keys()
        .reseal(&again.kid, "eyJhbGciOiJkaXIifQ..number.11", &again.sealed)
        .await?;
    stores.keys().remove_retired("key-10").await?;
    stores.users().insert(&a_user("eve")).await?;
    stores.users().set_locked("bob", false, moment(1010)).await?;
    tokens.purge(moment(500), 10).await?;
    Ok(())
}

/// A secret with a label, which those of [`populate`] have none of: it came later. Its client is the one with number 1.
pub fn a_labelled_secret() -> ClientSecret {
    ClientSecret {
        label: SecretLabel::parse("O'Neill's \"laptop\" \\ {} %_ é 🦀").ok(),
        ..a_secret(1, 9)
    }
}

/// Consents for other resources than the service's own audience, which [`populate`] has none of: they came later.
pub async fn populate_consent_resources(stores: &dyn DurableStores) -> Outcome<()> {
    for (username, place) in [
        ("ada", "https://one.example.com/"),
        ("O'Neill %_\\ é", "urn:example:two"),
    ] {
        let (client, allowed) = (client_uid(1), scope("read:dataset"));
        let place = resource(place);
        stores
            .consents()
            .remember(username, client, Some(&place), allowed, moment(4))
            .await?;
    }
    Ok(())
}

/// Counts of two days, which [`populate`] has none of: they came later.
pub fn usage() -> Vec<UsageCount> {
    let keys = GrantType::ALL
        .into_iter()
        .flat_map(|grant| GrantOutcome::ALL.map(|outcome| (grant, outcome)));
    (1..)
        .zip(keys)
        .map(|(n, (grant, outcome))| UsageCount {
            key: UsageKey {
                day: Day::of(NOW).plus(u32::from(n % 2 == 0)),
                grant,
                outcome,
            },
            count: n * 1_000_000_007,
        })
        .collect()
}

/// Everything in durable stores that [`populate`] and [`work`] can have put there, as the ports tell it.
#[derive(Clone, PartialEq, Debug)]
#[expect(missing_docs, reason = "each field is named after what it holds")]
pub struct Contents {
    pub clients: Vec<Arc<Registration>>,
    pub icons: Vec<Icon>,
    pub consents: Vec<Consent>,
    pub tokens: Vec<TokenRecord>,
    pub events: Vec<AuditEvent>,
    pub keys: Vec<SealedKey>,
    pub users: Vec<LocalUser>,
    pub usage: Vec<UsageCount>,
}

/// Reads everything.
pub async fn contents(stores: &dyn DurableStores) -> Outcome<Contents> {
    let day = Day::of(NOW);
    let mut contents = Contents {
        clients: Vec::new(),
        icons: Vec::new(),
        consents: Vec::new(),
        tokens: Vec::new(),
        events: stores.audit().list(&EventFilter::default(), ALL).await?.items,
        keys: stores.keys().list().await?,
        users: stores.users().list(ALL).await?.items,
        usage: stores.usage().between(day.minus(100), day.plus(100)).await?,
    };
    for client in stores.clients().list(None, ClientSort::Name, false, ALL).await?.items {
        let registration = stores.clients().registration(ClientRef::Uid(client.uid)).await?;
        contents.clients.extend(registration);
        contents.icons.extend(stores.clients().icon(client.uid).await?);
    }
    for username in ["ada", "bob", "O'Neill %_\\ é"] {
        contents.consents.extend(stores.consents().list(username).await?);
    }
    for n in 0..20 {
        contents.tokens.extend(stores.tokens().find(record_id(n)).await?);
    }
    Ok(contents)
}

/// Fills the short-lived stores: a code to be used and a used one, a session, attempts.
pub async fn populate_short_lived(stores: &dyn ShortLivedStores) -> Outcome<()> {
    for n in [1, 2] {
        stores.codes().insert(&a_code(n)).await?;
    }
    let code = a_code(2);
    stores
        .codes()
        .redeem(&code.digest, &a_presentation(&code), moment(1))
        .await?;
    for n in [1, 2] {
        stores.sessions().insert(&digest(n), &a_session("ada")).await?;
    }
    for _ in 0..3 {
        stores.attempts().record("sign-in é", seconds(900), moment(1)).await?;
    }
    Ok(())
}

/// What [`populate_short_lived`] put in, as the ports tell it.
#[derive(Clone, PartialEq, Debug)]
#[expect(missing_docs, reason = "each field is named after what it holds")]
pub struct ShortLivedContents {
    pub redemptions: Vec<CodeRedemption>,
    pub sessions: Vec<Session>,
    pub attempts: Attempts,
}

/// Reads it; the codes are used up by it.
pub async fn short_lived_contents(stores: &dyn ShortLivedStores) -> Outcome<ShortLivedContents> {
    let mut contents = ShortLivedContents {
        redemptions: Vec::new(),
        sessions: Vec::new(),
        attempts: stores.attempts().peek("sign-in é", moment(2)).await?,
    };
    for n in [1, 2] {
        let code = a_code(n);
        let presented = a_presentation(&code);
        let redemption = stores.codes().redeem(&code.digest, &presented, moment(2)).await?;
        contents.redemptions.push(redemption);
        contents
            .sessions
            .extend(stores.sessions().find(&digest(n), moment(2)).await?);
    }
    Ok(contents)
}

/// Fills the store of device authorizations, which [`populate_short_lived`] leaves alone, for it came later: two that nobody
/// has decided, of which one was polled, and one each that was approved, denied and redeemed.
pub async fn populate_devices(stores: &dyn ShortLivedStores) -> Outcome<()> {
    let devices = stores.devices();
    for n in 1..=5 {
        devices.insert(&a_device_request(n), UNLIMITED, NOW).await?;
    }
    let poll = async |n, at| {
        let presented = a_device_presentation(&a_device_request(n));
        devices.poll(&digest(n), &presented, at).await
    };
    let yes = |n| a_device_request(n).approval("O'Neill %_\\ é", scope("read:dataset"));
    poll(2, moment(1)).await?;
    for (n, decision) in [(3, yes(3)), (4, Some(Decision::Deny)), (5, yes(5))] {
        if let Some(decision) = decision {
            devices.decide(&user_code(n), &decision, moment(2)).await?;
        }
    }
    poll(5, moment(3)).await?;
    Ok(())
}

/// What [`populate_devices`] put in, as the ports tell it.
#[derive(Clone, PartialEq, Debug)]
#[expect(missing_docs, reason = "each field is named after what it holds")]
pub struct DeviceContents {
    pub undecided: Vec<DeviceRequest>,
    pub polls: Vec<DevicePoll>,
}

/// Reads it; an approved one is redeemed by it.
pub async fn device_contents(stores: &dyn ShortLivedStores) -> Outcome<DeviceContents> {
    let mut contents = DeviceContents {
        undecided: Vec::new(),
        polls: Vec::new(),
    };
    for n in 1..=5 {
        contents
            .undecided
            .extend(stores.devices().find(&user_code(n), moment(4)).await?);
        let presented = a_device_presentation(&a_device_request(n));
        contents
            .polls
            .push(stores.devices().poll(&digest(n), &presented, moment(4)).await?);
    }
    Ok(contents)
}
