//! The caches keep every obligation of the ports that they stand before, and what another replica does is seen within
//! [`STALENESS`], at once when told.

#![allow(clippy::unwrap_used)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use informer_oauth_application::cache::{CachedClients, CachedTokens, CachedUsers, STALENESS};
use informer_oauth_domain::{
    id::ClientRef,
    secret::Secret,
    timestamp::Timestamp,
    token_record::{RevocationReason, TokenRecord},
    user::User,
};
use informer_oauth_memory::{LocalChanges, Memory};
use informer_oauth_ports::{
    AuditLog, Change, Changes, ClientStore, ConsentStore, Identity, IdentityError, SignInPage, SignedIn,
    SigningKeyStore, TokenStore, UsageLog, UserDirectory,
};
use informer_oauth_testkit::{
    DurableStores, contract_suite, run,
    values::{NOW, a_client, a_record, digest},
};
use tokio::sync::Semaphore;

/// One replica: its caches before the store that all share.
struct Replica {
    clients: Arc<CachedClients>,
    tokens: Arc<CachedTokens>,
    shared: Memory,
    changes: LocalChanges,
}

impl Replica {
    fn over(shared: Memory) -> Self {
        let changes = LocalChanges::default();
        let clients = Arc::new(CachedClients::new(Arc::new(shared.clone()), 100));
        let tokens = Arc::new(CachedTokens::new(Arc::new(shared.clone()), 100));
        changes.subscribe(clients.clone());
        changes.subscribe(tokens.clone());
        Self {
            clients,
            tokens,
            shared,
            changes,
        }
    }
}

impl DurableStores for Replica {
    fn clients(&self) -> &dyn ClientStore {
        &*self.clients
    }

    fn consents(&self) -> &dyn ConsentStore {
        &self.shared
    }

    fn audit(&self) -> &dyn AuditLog {
        &self.shared
    }

    fn keys(&self) -> &dyn SigningKeyStore {
        &self.shared
    }

    fn users(&self) -> &dyn UserDirectory {
        &self.shared
    }

    fn tokens(&self) -> &dyn TokenStore {
        &*self.tokens
    }

    fn usage(&self) -> &dyn UsageLog {
        &self.shared
    }
}

contract_suite!(durable: async || Replica::over(Memory::default()));

async fn until_stale() {
    tokio::time::sleep(STALENESS + Duration::from_millis(50)).await;
}

async fn is_live(replica: &Replica, record: &TokenRecord) -> bool {
    replica
        .tokens
        .find(record.id)
        .await
        .unwrap()
        .is_some_and(|found| found.is_live(NOW))
}

#[test]
fn a_revocation_elsewhere_is_seen_within_the_staleness_bound() {
    run(async {
        let shared = Memory::default();
        let (here, there) = (Replica::over(shared.clone()), Replica::over(shared));
        let record = a_record(1);
        here.tokens.insert(&record).await.unwrap();
        assert!(is_live(&here, &record).await && is_live(&there, &record).await);
        there
            .tokens
            .revoke(record.id, None, RevocationReason::User, NOW)
            .await
            .unwrap();
        assert!(!is_live(&there, &record).await, "at once where it happened");
        until_stale().await;
        assert!(!is_live(&here, &record).await, "soon everywhere");
    });
}

#[test]
fn a_revocation_elsewhere_is_seen_at_once_when_told() {
    run(async {
        let shared = Memory::default();
        let here = Replica::over(shared.clone());
        let record = a_record(1);
        here.tokens.insert(&record).await.unwrap();
        assert!(is_live(&here, &record).await);
        TokenStore::revoke(&shared, record.id, None, RevocationReason::User, NOW)
            .await
            .unwrap();
        assert!(
            is_live(&here, &record).await,
            "this is remembered: otherwise nothing is tested here"
        );
        here.changes.publish(Change::TokenRecord(record.id)).await;
        assert!(!is_live(&here, &record).await);
    });
}

#[test]
fn a_replica_that_may_have_missed_anything_forgets_everything() {
    run(async {
        let shared = Memory::default();
        let here = Replica::over(shared.clone());
        let (record, client) = (a_record(1), a_client(1));
        let by_id = ClientRef::ClientId(client.client_id);
        ClientStore::insert(&shared, &client).await.unwrap();
        here.tokens.insert(&record).await.unwrap();
        assert!(is_live(&here, &record).await);
        assert!(here.clients.registration(by_id).await.unwrap().is_some());
        TokenStore::revoke(&shared, record.id, None, RevocationReason::User, NOW)
            .await
            .unwrap();
        ClientStore::delete(&shared, client.uid, NOW).await.unwrap();
        here.changes.publish(Change::Everything).await;
        assert!(!is_live(&here, &record).await);
        assert!(here.clients.registration(by_id).await.unwrap().is_none());
    });
}

#[test]
fn a_client_deleted_elsewhere_is_gone_within_the_staleness_bound_or_when_told() {
    run(async {
        let shared = Memory::default();
        let (here, there) = (Replica::over(shared.clone()), Replica::over(shared.clone()));
        let client = a_client(1);
        ClientStore::insert(&shared, &client).await.unwrap();
        let by_id = ClientRef::ClientId(client.client_id);
        assert!(here.clients.registration(by_id).await.unwrap().is_some());
        assert!(there.clients.registration(by_id).await.unwrap().is_some());
        ClientStore::delete(&shared, client.uid, NOW).await.unwrap();
        assert!(here.clients.registration(by_id).await.unwrap().is_some(), "remembered");
        here.changes.publish(Change::Client(client.uid)).await;
        assert!(here.clients.registration(by_id).await.unwrap().is_none(), "told");
        there.changes.publish(Change::SigningKeys).await;
        assert!(
            there.clients.registration(by_id).await.unwrap().is_some(),
            "told of other things"
        );
        until_stale().await;
        assert!(there.clients.registration(by_id).await.unwrap().is_none(), "not told");
    });
}

/// One user, who may be locked. Whoever asks may have to wait for the answer, which is how it was when they asked.
struct OneUser {
    locked: AtomicBool,
    asked: AtomicUsize,
    answers: Semaphore,
}

impl Default for OneUser {
    fn default() -> Self {
        Self {
            locked: AtomicBool::default(),
            asked: AtomicUsize::default(),
            answers: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }
}

#[async_trait]
impl Identity for OneUser {
    fn session_cookie(&self) -> &'static str {
        "sid"
    }

    fn sign_in_page(&self) -> SignInPage {
        SignInPage::Own
    }

    async fn session_user(&self, _: &Secret, now: Timestamp) -> Result<Option<SignedIn>, IdentityError> {
        let user = self.active_user("ada", now).await?;
        Ok(user.map(|user| SignedIn {
            user,
            session: digest(1),
            impersonator: None,
        }))
    }

    async fn active_user(&self, username: &str, _: Timestamp) -> Result<Option<User>, IdentityError> {
        let is_active = username == "ada" && !self.locked.load(Ordering::SeqCst);
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.answers.acquire().await.unwrap().forget();
        let user = User {
            username: "ada".into(),
            display_name: "Ada".into(),
            superuser: false,
            token_api: true,
        };
        Ok(is_active.then_some(user))
    }
}

#[test]
fn a_locked_user_is_active_for_a_second_at_most_and_has_no_session_at_once() {
    run(async {
        let source = Arc::new(OneUser::default());
        let users = CachedUsers::new(source.clone(), 100);
        let cookie = Secret::new("cookie".into());
        assert!(users.active_user("ada", NOW).await.unwrap().is_some());
        source.locked.store(true, Ordering::SeqCst);
        assert!(users.active_user("ada", NOW).await.unwrap().is_some(), "remembered");
        assert!(users.session_user(&cookie, NOW).await.unwrap().is_none());
        until_stale().await;
        assert!(users.active_user("ada", NOW).await.unwrap().is_none());
        source.locked.store(false, Ordering::SeqCst);
        assert!(
            users.active_user("ada", NOW).await.unwrap().is_some(),
            "nobody is remembered as missing"
        );
    });
}

/// Older than after what a value is read again, and not yet gone.
async fn until_old() {
    tokio::time::sleep(STALENESS * 7 / 8).await;
}

#[test]
fn what_is_asked_for_again_and_again_is_read_by_one_before_it_goes_and_nobody_else_waits() {
    run(async {
        for _ in 0..20 {
            if is_renewed_by_one().await {
                return;
            }
        }
        panic!("the machine was too slow for each of twenty attempts");
    });
}

/// False if the machine took so long that the value was gone before it was asked for again.
async fn is_renewed_by_one() -> bool {
    let source = Arc::new(OneUser::default());
    let users = Arc::new(CachedUsers::new(source.clone(), 100));
    let begun = Instant::now();
    assert!(users.active_user("ada", NOW).await.unwrap().is_some());
    until_old().await;
    source.answers.forget_permits(Semaphore::MAX_PERMITS);
    let renewing = tokio::spawn({
        let users = users.clone();
        async move { users.active_user("ada", NOW).await.unwrap().is_some() }
    });
    while source.asked.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    for _ in 0..32 {
        let Some(user) = users.active_user("ada", NOW).now_or_never() else {
            assert!(begun.elapsed() >= STALENESS, "somebody waits");
            return false;
        };
        assert!(user.unwrap().is_some());
    }
    source.answers.add_permits(1);
    assert!(renewing.await.unwrap());
    until_old().await;
    source.answers.add_permits(1);
    assert!(users.active_user("ada", NOW).await.unwrap().is_some());
    assert_eq!(source.asked.load(Ordering::SeqCst), 3, "each time by one of them");
    true
}

#[test]
fn of_many_who_miss_the_same_thing_one_reads_it_and_another_goes_on_when_that_one_leaves() {
    run(async {
        let source = Arc::new(OneUser::default());
        source.answers.forget_permits(Semaphore::MAX_PERMITS);
        let users = Arc::new(CachedUsers::new(source.clone(), 100));
        let asking = |name: &'static str| {
            let users = users.clone();
            tokio::spawn(async move { users.active_user(name, NOW).await.unwrap().is_some() })
        };
        let first = asking("ada");
        while source.asked.load(Ordering::SeqCst) < 1 {
            tokio::task::yield_now().await;
        }
        let others = [(); 31].map(|()| asking("ada"));
        let another = asking("bob");
        while source.asked.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        source.answers.add_permits(2);
        for other in others {
            assert!(other.await.unwrap());
        }
        assert!(!another.await.unwrap());
        assert_eq!(source.asked.load(Ordering::SeqCst), 2, "one for each name");
    });
}

#[test]
fn a_read_that_everybody_has_left_is_begun_anew() {
    run(async {
        let source = Arc::new(OneUser::default());
        source.answers.forget_permits(Semaphore::MAX_PERMITS);
        let users = CachedUsers::new(source.clone(), 100);
        for left in 1..=3 {
            let soon = tokio::time::timeout(Duration::from_millis(1), users.active_user("ada", NOW));
            assert!(soon.await.is_err(), "nobody answers yet");
            assert_eq!(source.asked.load(Ordering::SeqCst), left);
        }
        source.answers.add_permits(1);
        assert!(users.active_user("ada", NOW).await.unwrap().is_some());
        assert!(users.active_user("ada", NOW).await.unwrap().is_some());
        assert_eq!(source.asked.load(Ordering::SeqCst), 4);
    });
}

#[test]
fn what_is_read_again_and_gone_is_forgotten() {
    run(async {
        let source = Arc::new(OneUser::default());
        let users = CachedUsers::new(source.clone(), 100);
        assert!(users.active_user("ada", NOW).await.unwrap().is_some());
        source.locked.store(true, Ordering::SeqCst);
        until_old().await;
        for _ in 0..2 {
            assert!(users.active_user("ada", NOW).await.unwrap().is_none());
        }
    });
}

#[test]
fn what_was_read_before_a_change_was_told_is_not_remembered_after_it() {
    run(async {
        for is_known in [false, true] {
            let (source, changes) = (Arc::new(OneUser::default()), LocalChanges::default());
            let users = Arc::new(CachedUsers::new(source.clone(), 100));
            changes.subscribe(users.clone());
            if is_known {
                assert!(users.active_user("ada", NOW).await.unwrap().is_some());
                until_old().await;
            }
            source.answers.forget_permits(Semaphore::MAX_PERMITS);
            let asked = source.asked.load(Ordering::SeqCst);
            let reading = tokio::spawn({
                let users = users.clone();
                async move { users.active_user("ada", NOW).await.unwrap().is_some() }
            });
            while source.asked.load(Ordering::SeqCst) == asked {
                tokio::task::yield_now().await;
            }
            source.locked.store(true, Ordering::SeqCst);
            changes.publish(Change::Users).await;
            let later = users.active_user("ada", NOW);
            source.answers.add_permits(3);
            assert!(later.await.unwrap().is_none(), "who asks after it does not join in");
            assert!(reading.await.unwrap(), "as it was when it asked");
            assert!(users.active_user("ada", NOW).await.unwrap().is_none(), "and no later");
        }
    });
}

#[test]
fn a_locked_user_is_active_no_more_when_told() {
    run(async {
        for told in [Change::Users, Change::Everything] {
            let (source, changes) = (Arc::new(OneUser::default()), LocalChanges::default());
            let users = Arc::new(CachedUsers::new(source.clone(), 100));
            changes.subscribe(users.clone());
            assert!(users.active_user("ada", NOW).await.unwrap().is_some());
            source.locked.store(true, Ordering::SeqCst);
            changes.publish(Change::TokenRecords).await;
            assert!(
                users.active_user("ada", NOW).await.unwrap().is_some(),
                "told of other things"
            );
            changes.publish(told).await;
            assert!(users.active_user("ada", NOW).await.unwrap().is_none(), "{told:?}");
        }
    });
}

#[test]
fn what_is_remembered_is_as_old_as_its_read() {
    run(async {
        let source = Arc::new(OneUser::default());
        source.answers.forget_permits(Semaphore::MAX_PERMITS);
        let users = Arc::new(CachedUsers::new(source.clone(), 100));
        let asking = || {
            let users = users.clone();
            tokio::spawn(async move { users.active_user("ada", NOW).await.unwrap().is_some() })
        };
        let slow = asking();
        while source.asked.load(Ordering::SeqCst) < 1 {
            tokio::task::yield_now().await;
        }
        source.locked.store(true, Ordering::SeqCst);
        until_old().await;
        source.answers.add_permits(2);
        assert!(slow.await.unwrap(), "as it was when it asked");
        assert!(
            !asking().await.unwrap(),
            "that was too long ago to be taken for an answer"
        );
    });
}

#[test]
fn nobody_joins_a_read_that_began_too_long_ago() {
    run(async {
        let source = Arc::new(OneUser::default());
        source.answers.forget_permits(Semaphore::MAX_PERMITS);
        let users = Arc::new(CachedUsers::new(source.clone(), 100));
        let asking = || {
            let users = users.clone();
            tokio::spawn(async move { users.active_user("ada", NOW).await.unwrap().is_some() })
        };
        let hanging = asking();
        while source.asked.load(Ordering::SeqCst) < 1 {
            tokio::task::yield_now().await;
        }
        source.locked.store(true, Ordering::SeqCst);
        until_stale().await;
        let late = asking();
        while source.asked.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        source.answers.add_permits(3);
        assert!(hanging.await.unwrap());
        assert!(!late.await.unwrap());
        assert!(!asking().await.unwrap(), "the older answer is not remembered");
        assert_eq!(source.asked.load(Ordering::SeqCst), 3, "nor is that there is nobody");
    });
}
