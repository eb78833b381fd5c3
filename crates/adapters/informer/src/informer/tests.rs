//! The ports, beside a fake Informer, and beside servers that answer what none would.

mod answers;
mod odd;
mod remembering;
mod safety;
mod server;

use std::sync::Arc;

use informer_oauth_domain::{secret::Secret, timestamp::Timestamp, user::User};
use informer_oauth_ports::{Identity as _, IdentityError, SignedIn, StatusSource, UserStatus};
use informer_oauth_testkit::{
    SeededEntropy,
    informer::{FakeInformer, FakeUser},
};

use super::*;
use crate::settings::LONGEST_TIMEOUT;

/// Long before the end of every session that the fake makes.
const NOW: Timestamp = Timestamp::from_seconds(1_000_000_000);

/// What a question came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Came {
    Yes,
    No,
    Unavailable,
}

fn came<T>(answer: &Result<Option<T>, IdentityError>) -> Came {
    match answer {
        Ok(Some(_)) => Came::Yes,
        Ok(None) => Came::No,
        Err(IdentityError::Unavailable(_)) => Came::Unavailable,
        Err(other) => panic!("{other}"),
    }
}

fn settings(url: &str) -> InformerSettings {
    InformerSettings {
        timeout: UNBOUNDED,
        cached_for: Duration::ZERO,
        ..InformerSettings::new(url)
    }
}

/// Stands for [`PATIENCE`] in settings, where it would be refused.
const UNBOUNDED: Duration = LONGEST_TIMEOUT;

/// How long a call may take in tests that are not about time. A busy machine may let each of the threads that a call goes
/// through wait for longer than an operator may allow.
const PATIENCE: Duration = Duration::from_secs(60);

fn informer(settings: InformerSettings) -> Informer {
    let mut informer = Informer::new(settings, Arc::new(SeededEntropy::default())).unwrap();
    if informer.settings.timeout == UNBOUNDED {
        informer.settings.timeout = PATIENCE;
    }
    informer
}

/// A fake with a user `ada`, and the port beside it, with an API token.
fn beside() -> (FakeInformer, Informer) {
    let (fake, settings) = fake();
    (fake, informer(settings))
}

fn fake() -> (FakeInformer, InformerSettings) {
    let fake = FakeInformer::start();
    fake.set_user(FakeUser::named("ada").with_display_name("Ada Lovelace"));
    let settings = InformerSettings {
        api_token: Some(Secret::new(fake.api_token())),
        ..settings(&fake.url())
    };
    (fake, settings)
}

async fn signed_in(informer: &Informer, sid: &str) -> Result<Option<SignedIn>, IdentityError> {
    informer.session_user(&Secret::new(sid.to_owned()), NOW).await
}

async fn active(informer: &Informer, username: &str) -> Result<Option<User>, IdentityError> {
    informer.active_user(username, NOW).await
}
