//! Obligations of [`SessionStore`].

use informer_oauth_domain::user::Session;
use informer_oauth_ports::SessionStore;

use super::{Answered, drained};
use crate::{
    at_once,
    concurrency::RACERS,
    values::{NOW, TICK, a_session, digest, seconds},
};

pub async fn a_session_is_read_back_as_it_was_kept(store: &dyn SessionStore) {
    let session = a_session("O'Neill %_\\ é");
    store.insert(&digest(1), &session).await.answered();
    assert_eq!(store.find(&digest(1), NOW).await.answered(), Some(session));
    assert_eq!(store.find(&digest(2), NOW).await.answered(), None);
}

pub async fn a_session_is_none_from_its_expiry_on(store: &dyn SessionStore) {
    let session = a_session("ada");
    store.insert(&digest(1), &session).await.answered();
    assert_eq!(
        store.find(&digest(1), session.expires_at.minus(TICK)).await.answered(),
        Some(session.clone())
    );
    assert_eq!(store.find(&digest(1), session.expires_at).await.answered(), None);
    assert_eq!(
        store.find(&digest(1), session.expires_at + seconds(1)).await.answered(),
        None
    );
}

pub async fn a_removed_session_is_gone_and_the_others_stay(store: &dyn SessionStore) {
    for n in [1, 2] {
        store.insert(&digest(n), &a_session("ada")).await.answered();
    }
    store.remove(&digest(1)).await.answered();
    assert_eq!(store.find(&digest(1), NOW).await.answered(), None);
    assert!(store.find(&digest(2), NOW).await.answered().is_some());
    store.remove(&digest(1)).await.answered();
    store.remove(&digest(9)).await.answered();
}

pub async fn every_session_of_one_user_can_be_ended(store: &dyn SessionStore) {
    for (n, username) in [(1, "ada"), (2, "ada"), (3, "Ada"), (4, "ada.lovelace")] {
        store.insert(&digest(n), &a_session(username)).await.answered();
    }
    store.remove_all("ada").await.answered();
    store.remove_all("nobody").await.answered();
    for (n, lives) in [(1, false), (2, false), (3, true), (4, true)] {
        assert_eq!(
            store.find(&digest(n), NOW).await.answered().is_some(),
            lives,
            "session {n}"
        );
    }
}

pub async fn concurrent_sign_ins_lose_no_session(store: &dyn SessionStore) {
    at_once(RACERS, async |n| {
        store.insert(&digest(n as u64), &a_session("ada")).await.answered();
    });
    for n in 0..RACERS as u64 {
        assert!(store.find(&digest(n), NOW).await.answered().is_some(), "session {n}");
    }
}

pub async fn purging_takes_expired_sessions_only_and_few_at_a_time(store: &dyn SessionStore) {
    let later = NOW + seconds(3600);
    for n in 0..5 {
        store.insert(&digest(n), &a_session("ada")).await.answered();
    }
    let lasting = Session {
        expires_at: later + TICK,
        ..a_session("ada")
    };
    store.insert(&digest(9), &lasting).await.answered();
    assert_eq!(
        store.purge(later.minus(TICK), 100).await.answered(),
        0,
        "none has expired yet"
    );
    assert!(store.find(&digest(0), NOW).await.answered().is_some());
    let forgotten = drained(async |few| store.purge(later, few).await).await;
    assert!(
        matches!(forgotten, 0 | 5),
        "all that expired, or none where the store forgets by itself: {forgotten}"
    );
    assert_eq!(store.find(&digest(0), later).await.answered(), None);
    assert_eq!(store.find(&digest(9), later).await.answered(), Some(lasting));
}
