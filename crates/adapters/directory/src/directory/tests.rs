#![allow(clippy::unwrap_used)]

use std::{
    net::IpAddr,
    sync::atomic::{AtomicUsize, Ordering},
};

use informer_oauth_domain::secret::{Digest, SecretHash};
use informer_oauth_memory::Memory;
use informer_oauth_ports::{Page, PageRequest, UserInsertion};
use informer_oauth_testkit::{
    SeededEntropy, at_once, run,
    values::{NOW, seconds},
};

use super::*;

/// Counts how often it hashes; its hash is the password with a prefix.
#[derive(Default)]
struct CountingHasher {
    verified: AtomicUsize,
    busy: bool,
}

#[async_trait]
impl PasswordHasher for CountingHasher {
    async fn hash(&self, password: &Secret) -> Result<SecretHash, HashError> {
        Ok(hash(password.expose()))
    }

    async fn verify(
        &self,
        stored: Option<&SecretHash>,
        password: &Secret,
        source: &HashSource,
    ) -> Result<bool, HashError> {
        if self.busy && matches!(source, HashSource::Stranger(_)) {
            return Err(HashError::Busy);
        }
        self.verified.fetch_add(1, Ordering::SeqCst);
        Ok(stored.is_some_and(|stored| *stored == hash(password.expose())))
    }
}

/// Seals without a key.
struct PlainKey;

impl FormKey for PlainKey {
    fn digest(&self, parts: &[&[u8]]) -> Digest {
        Digest::of(&format!("{parts:?}"))
    }
}

fn hash(password: &str) -> SecretHash {
    SecretHash::new(format!("hash of {password}"))
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn ada() -> LocalUser {
    LocalUser {
        username: "ada".to_owned(),
        display_name: "Ada Lovelace".to_owned(),
        password: hash("right"),
        superuser: true,
        locked: false,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn replacing<'a>(username: &'a str, password: &'a Secret, replaces: &'a Secret) -> SignInAttempt<'a> {
    SignInAttempt {
        username,
        password,
        address: None,
        replaces: Some(replaces),
        device: None,
    }
}

struct House {
    directory: Directory,
    memory: Arc<Memory>,
    hasher: Arc<CountingHasher>,
}

impl House {
    async fn with(hasher: CountingHasher, settings: DirectorySettings) -> Self {
        let (memory, hasher) = (Arc::new(Memory::default()), Arc::new(hasher));
        for (username, locked) in [("ada", false), ("grace", false), ("locked", true)] {
            let user = LocalUser {
                username: username.to_owned(),
                locked,
                ..ada()
            };
            UserDirectory::insert(&*memory, &user).await.unwrap();
        }
        let directory = Directory::new(
            Arc::<Memory>::clone(&memory),
            Arc::<Memory>::clone(&memory),
            Arc::<Memory>::clone(&memory),
            Arc::<CountingHasher>::clone(&hasher),
            Arc::new(SeededEntropy::default()),
            Arc::new(PlainKey),
            settings,
        );
        Self {
            directory,
            memory,
            hasher,
        }
    }

    async fn new() -> Self {
        let limit = |attempts| AttemptLimit {
            attempts,
            window: seconds(300),
        };
        let settings = DirectorySettings {
            per_username: limit(3),
            per_address: limit(5),
            ..DirectorySettings::new(true)
        };
        Self::with(CountingHasher::default(), settings).await
    }

    async fn sign_in(&self, username: &str, password: &str, from: Option<IpAddr>, now: Timestamp) -> SignIn {
        self.attempt(username, password, from, None, now).await.unwrap()
    }

    async fn attempt(
        &self,
        username: &str,
        password: &str,
        address: Option<IpAddr>,
        device: Option<&Secret>,
        now: Timestamp,
    ) -> Result<SignIn, IdentityError> {
        let attempt = SignInAttempt {
            username,
            password: &secret(password),
            address,
            replaces: None,
            device,
        };
        self.directory.sign_in(attempt, now).await
    }

    async fn device(&self, username: &str) -> Secret {
        match self.sign_in(username, "right", None, NOW).await {
            SignIn::SignedIn { device, .. } => device,
            other => panic!("{other:?}"),
        }
    }

    async fn cookie(&self) -> Secret {
        match self.sign_in("ada", "right", None, NOW).await {
            SignIn::SignedIn { cookie, .. } => cookie,
            other => panic!("{other:?}"),
        }
    }

    async fn session(&self, cookie: &Secret, now: Timestamp) -> Option<SignedIn> {
        self.directory.session_user(cookie, now).await.unwrap()
    }
}

#[tokio::test]
async fn the_right_password_opens_a_session_that_lasts_its_time() {
    let house = House::new().await;
    let SignIn::SignedIn {
        user, cookie, lifetime, ..
    } = house.sign_in("ada", "right", Some(address("203.0.113.7")), NOW).await
    else {
        panic!()
    };
    let expected = User {
        username: "ada".to_owned(),
        display_name: "Ada Lovelace".to_owned(),
        superuser: true,
        token_api: true,
    };
    assert_eq!(user, expected);
    assert_eq!(lifetime, seconds(12 * 3600));
    let last = Timestamp::from_micros((NOW + lifetime).as_micros() - 1);
    assert_eq!(house.session(&cookie, last).await.unwrap().user, expected);
    assert_eq!(house.session(&cookie, NOW + lifetime).await, None);
}

#[tokio::test]
async fn the_store_and_forms_know_a_session_by_different_digests_and_neither_by_its_cookie() {
    let house = House::new().await;
    let cookie = house.cookie().await;
    let stored = Digest::of(cookie.expose());
    assert!(
        SessionStore::find(&*house.memory, &stored, NOW)
            .await
            .unwrap()
            .is_some()
    );
    assert_ne!(house.session(&cookie, NOW).await.unwrap().session, stored);
}

#[tokio::test]
async fn wrong_passwords_unknown_and_locked_users_are_refused_alike_and_after_the_same_work() {
    let house = House::new().await;
    for (number, (username, password)) in [
        ("ada", "wrong"),
        ("nobody", "right"),
        ("locked", "right"),
        ("", "right"),
        ("no such <name>", "right"),
        ("Ada", "right"),
    ]
    .iter()
    .enumerate()
    {
        let from = Some(address(&format!("203.0.113.{number}")));
        assert!(
            matches!(house.sign_in(username, password, from, NOW).await, SignIn::Refused),
            "{username}"
        );
        assert_eq!(house.hasher.verified.load(Ordering::SeqCst), number + 1, "{username}");
    }
}

#[tokio::test]
async fn a_sign_in_ends_the_session_it_replaces_and_no_other() {
    let house = House::new().await;
    let (first, other) = (house.cookie().await, house.cookie().await);
    let outcome = house
        .directory
        .sign_in(replacing("grace", &secret("right"), &first), NOW)
        .await
        .unwrap();
    let SignIn::SignedIn { cookie: second, .. } = outcome else {
        panic!()
    };
    assert!(second != first);
    assert_eq!(house.session(&first, NOW).await, None);
    assert_eq!(house.session(&second, NOW).await.unwrap().user.username, "grace");
    assert!(house.session(&other, NOW).await.is_some());
}

#[tokio::test]
async fn a_failed_sign_in_leaves_the_session_it_would_replace() {
    let house = House::new().await;
    let cookie = house.cookie().await;
    house
        .directory
        .sign_in(replacing("ada", &secret("wrong"), &cookie), NOW)
        .await
        .unwrap();
    assert!(house.session(&cookie, NOW).await.is_some());
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let house = House::new().await;
    let cookie = house.cookie().await;
    house.directory.sign_out(&cookie).await.unwrap();
    assert_eq!(house.session(&cookie, NOW).await, None);
    house.directory.sign_out(&cookie).await.unwrap();
    house.directory.sign_out(&secret("not a cookie")).await.unwrap();
}

#[tokio::test]
async fn a_locked_user_has_no_session_and_is_not_active() {
    let house = House::new().await;
    let cookie = house.cookie().await;
    assert!(house.directory.active_user("ada", NOW).await.unwrap().is_some());
    house.memory.set_locked("ada", true, NOW).await.unwrap();
    assert_eq!(house.session(&cookie, NOW).await, None);
    assert_eq!(house.directory.active_user("ada", NOW).await.unwrap(), None);
    assert_eq!(house.directory.active_user("nobody", NOW).await.unwrap(), None);
}

#[tokio::test]
async fn a_new_session_counts_though_the_user_was_changed_by_a_clock_that_is_ahead() {
    let house = House::new().await;
    // A command line 25 s ahead, and a year: a clock that was put back.
    for ahead in [seconds(25), seconds(365 * 24 * 3600)] {
        house.memory.set_locked("ada", false, NOW + ahead).await.unwrap();
        let cookie = house.cookie().await;
        assert!(house.session(&cookie, NOW + seconds(1)).await.is_some(), "{ahead:?}");
        // Whatever changes the user next ends it, by a clock that is behind as well.
        house.memory.set_locked("ada", false, NOW).await.unwrap();
        assert_eq!(house.session(&cookie, NOW + seconds(2)).await, None, "{ahead:?}");
    }
}

#[tokio::test]
async fn a_session_is_not_inherited_by_a_later_user_of_the_same_name() {
    let house = House::new().await;
    let cookie = cookie::draw(&SeededEntropy::new(7));
    let young = LocalUser {
        username: "young".to_owned(),
        created_at: NOW + seconds(1),
        ..ada()
    };
    UserDirectory::insert(&*house.memory, &young).await.unwrap();
    let session = Session {
        username: "young".to_owned(),
        created_at: NOW,
        expires_at: NOW + seconds(60),
    };
    SessionStore::insert(&*house.memory, &Digest::of(cookie.expose()), &session)
        .await
        .unwrap();
    assert_eq!(house.session(&cookie, NOW + seconds(2)).await, None);
}

#[tokio::test]
async fn too_many_wrong_passwords_for_a_name_limit_it_here_until_the_window_ends_and_not_elsewhere() {
    let house = House::new().await;
    let from = Some(address("203.0.113.7"));
    for _ in 0..3 {
        assert!(matches!(
            house.sign_in("ada", "wrong", from, NOW).await,
            SignIn::Refused
        ));
    }
    let hashed = house.hasher.verified.load(Ordering::SeqCst);
    let limited = house.sign_in("ada", "right", from, NOW + seconds(1)).await;
    assert!(
        matches!(limited, SignIn::Limited { retry_after, .. } if retry_after == seconds(299)),
        "{limited:?}"
    );
    assert_eq!(
        house.hasher.verified.load(Ordering::SeqCst),
        hashed,
        "and costs no hash"
    );
    for (name, from) in [("grace", from), ("ada", Some(address("198.51.100.1"))), ("ada", None)] {
        assert!(
            matches!(house.sign_in(name, "right", from, NOW).await, SignIn::SignedIn { .. }),
            "{name} from {from:?} is not concerned"
        );
    }
    assert!(matches!(
        house.sign_in("ada", "right", from, NOW + seconds(300)).await,
        SignIn::SignedIn { .. }
    ));
}

#[tokio::test]
async fn guessing_at_a_name_from_many_addresses_ends_too() {
    let house = House::new().await;
    for number in 0..60 {
        let from = Some(address(&format!("203.0.113.{number}")));
        assert!(matches!(
            house.sign_in("ada", "wrong", from, NOW).await,
            SignIn::Refused
        ));
    }
    let fresh = Some(address("198.51.100.1"));
    assert!(matches!(
        house.sign_in("ada", "right", fresh, NOW).await,
        SignIn::Limited { .. }
    ));
    assert!(matches!(
        house.sign_in("grace", "right", fresh, NOW).await,
        SignIn::SignedIn { .. }
    ));
}

#[tokio::test]
async fn a_success_forgives_the_name_and_not_the_address() {
    let house = House::new().await;
    let from = Some(address("203.0.113.7"));
    for round in 0..2 {
        for _ in 0..2 {
            assert!(
                matches!(house.sign_in("ada", "wrong", from, NOW).await, SignIn::Refused),
                "{round}"
            );
        }
        assert!(
            matches!(house.sign_in("ada", "right", from, NOW).await, SignIn::SignedIn { .. }),
            "{round}"
        );
    }
    assert!(
        matches!(house.sign_in("ada", "wrong", from, NOW).await, SignIn::Refused),
        "the fifth from there"
    );
    assert!(matches!(
        house.sign_in("grace", "right", from, NOW).await,
        SignIn::Limited { .. }
    ));
    assert!(matches!(
        house.sign_in("ada", "right", Some(address("203.0.113.8")), NOW).await,
        SignIn::SignedIn { .. }
    ));
}

#[tokio::test]
async fn successes_do_not_count_against_an_address_that_many_share() {
    let house = House::new().await;
    for _ in 0..20 {
        assert!(matches!(
            house.sign_in("ada", "right", Some(address("203.0.113.7")), NOW).await,
            SignIn::SignedIn { .. }
        ));
    }
}

#[test]
fn guesses_at_one_name_made_at_once_are_not_all_looked_at() {
    run(async {
        let house = House::new().await;
        let outcomes = at_once(20, |_| house.sign_in("ada", "wrong", None, NOW));
        let refused = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, SignIn::Refused))
            .count();
        assert_eq!(refused, 3);
        assert_eq!(house.hasher.verified.load(Ordering::SeqCst), 3);
    });
}

#[tokio::test]
async fn a_busy_hasher_is_not_a_wrong_password() {
    let hasher = CountingHasher {
        busy: true,
        ..CountingHasher::default()
    };
    let house = House::with(hasher, DirectorySettings::new(false)).await;
    let from = Some(address("203.0.113.7"));
    for _ in 0..30 {
        let outcome = house.attempt("ada", "wrong", from, None, NOW).await;
        assert!(matches!(outcome, Err(IdentityError::Busy)), "{outcome:?}");
    }
    let key = username_here_key("ada", from);
    assert_eq!(house.memory.peek(&key, NOW).await.unwrap().count, 0);
}

/// Users of whom nothing can be known at the moment.
struct NoUsers;

const DOWN: StoreError = StoreError::Unavailable {
    store: "postgres",
    reason: String::new(),
};

#[async_trait]
impl UserDirectory for NoUsers {
    async fn find(&self, _: &str) -> Result<Option<LocalUser>, StoreError> {
        Err(DOWN)
    }

    async fn list(&self, _: PageRequest) -> Result<Page<LocalUser>, StoreError> {
        Err(DOWN)
    }

    async fn insert(&self, _: &LocalUser) -> Result<UserInsertion, StoreError> {
        Err(DOWN)
    }

    async fn insert_first(&self, _: &LocalUser) -> Result<UserInsertion, StoreError> {
        Err(DOWN)
    }

    async fn set_password(&self, _: &str, _: &SecretHash, _: Timestamp) -> Result<bool, StoreError> {
        Err(DOWN)
    }

    async fn set_locked(&self, _: &str, _: bool, _: Timestamp) -> Result<bool, StoreError> {
        Err(DOWN)
    }
}

#[tokio::test]
async fn attempts_while_the_store_of_users_is_down_are_not_counted_against_a_name() {
    let house = House::new().await;
    let settings = house.directory.settings.clone();
    let down = Directory::new(
        Arc::new(NoUsers),
        Arc::<Memory>::clone(&house.memory),
        Arc::<Memory>::clone(&house.memory),
        Arc::<CountingHasher>::clone(&house.hasher),
        Arc::new(SeededEntropy::default()),
        Arc::new(PlainKey),
        settings,
    );
    for _ in 0..10 {
        let password = secret("right");
        let attempt = SignInAttempt {
            username: "ada",
            password: &password,
            address: None,
            replaces: None,
            device: None,
        };
        let outcome = down.sign_in(attempt, NOW).await;
        assert!(matches!(outcome, Err(IdentityError::Store(_))), "{outcome:?}");
    }
    house.cookie().await;
}

#[tokio::test]
async fn the_settings_name_the_cookie_and_the_token_api() {
    let secure = House::with(CountingHasher::default(), DirectorySettings::new(true)).await;
    assert_eq!(secure.directory.session_cookie(), "__Host-informer_oauth_session");
    let settings = DirectorySettings {
        token_api: false,
        ..DirectorySettings::new(false)
    };
    let plain = House::with(CountingHasher::default(), settings).await;
    assert_eq!(plain.directory.session_cookie(), "informer_oauth_session");
    assert_eq!(plain.directory.sign_in_page(), SignInPage::Own);
    assert!(
        !plain
            .directory
            .active_user("ada", NOW)
            .await
            .unwrap()
            .unwrap()
            .token_api
    );
}

#[tokio::test]
async fn a_session_from_before_a_new_password_or_a_lock_is_none_even_if_the_store_still_has_it() {
    let house = House::new().await;
    let (cookie, later) = (house.cookie().await, NOW + seconds(1));
    assert!(house.session(&cookie, later).await.is_some());
    let changed = UserDirectory::set_password(&*house.memory, "ada", &hash("right"), later).await;
    assert!(changed.unwrap());
    assert_eq!(house.session(&cookie, later).await, None);

    let SignIn::SignedIn { cookie, .. } = house.sign_in("ada", "right", None, later).await else {
        panic!()
    };
    assert!(house.session(&cookie, later).await.is_some());
    for locked in [true, false] {
        let at = later + seconds(1);
        let changed = UserDirectory::set_locked(&*house.memory, "ada", locked, at).await;
        assert!(changed.unwrap());
        assert_eq!(house.session(&cookie, at).await, None);
    }
}

#[tokio::test]
async fn a_browser_that_has_signed_in_before_is_not_limited_by_strangers() {
    let house = House::new().await;
    let device = house.device("ada").await;
    let here = Some(address("203.0.113.7"));
    for number in 0..60 {
        let from = Some(address(&format!("198.51.100.{number}")));
        house.sign_in("ada", "wrong", from, NOW).await;
        house.sign_in("grace", "wrong", here, NOW).await;
    }
    let stranger = house.sign_in("ada", "right", here, NOW).await;
    assert!(matches!(stranger, SignIn::Limited { .. }), "{stranger:?}");
    let known = house.attempt("ada", "right", here, Some(&device), NOW).await.unwrap();
    assert!(matches!(known, SignIn::SignedIn { .. }), "{known:?}");
}

#[tokio::test]
async fn a_browser_that_has_signed_in_before_has_a_limit_for_itself() {
    let house = House::new().await;
    let device = house.device("ada").await;
    for _ in 0..3 {
        let wrong = house.attempt("ada", "wrong", None, Some(&device), NOW).await.unwrap();
        assert!(matches!(wrong, SignIn::Refused), "{wrong:?}");
    }
    let limited = house.attempt("ada", "right", None, Some(&device), NOW).await.unwrap();
    assert!(matches!(limited, SignIn::Limited { .. }), "{limited:?}");
    let stranger = house.sign_in("ada", "right", None, NOW).await;
    assert!(
        matches!(stranger, SignIn::SignedIn { .. }),
        "strangers were not counted with it"
    );
}

#[tokio::test]
async fn a_device_cookie_is_for_one_name_one_password_and_ninety_days() {
    let house = House::new().await;
    let device = house.device("ada").await;
    let is_known = async |username: &str, device: &Secret, now| {
        let user = house.directory.lookup(username).await.unwrap().unwrap();
        DeviceCookie::parse(device, now).is_some_and(|cookie| cookie.is_for(&user, &PlainKey))
    };
    assert!(is_known("ada", &device, NOW).await);
    assert!(!is_known("grace", &device, NOW).await);
    let end = Timestamp::from_seconds(NOW.as_seconds()) + seconds(90 * 24 * 3600);
    assert!(is_known("ada", &device, end.minus(seconds(1))).await);
    assert!(!is_known("ada", &device, end).await);
    let parts: Vec<&str> = device.expose().split('.').collect();
    for forged in [
        String::new(),
        "..".to_owned(),
        device.expose().replace('.', ""),
        format!("{}.", device.expose()),
        format!("{}.{}.{}", NOW.as_seconds() + 1, parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], "A".repeat(22), parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], "0".repeat(64)),
        format!("{}.{}.{}", i64::MAX, parts[1], parts[2]),
        format!("{}.{}.{}", i64::MIN, parts[1], parts[2]),
    ] {
        assert!(!is_known("ada", &secret(&forged), NOW).await, "{forged}");
    }
    let changed = house.memory.set_password("ada", &hash("another"), NOW).await;
    assert!(changed.unwrap());
    assert!(!is_known("ada", &device, NOW).await, "the password has changed");
}

#[tokio::test]
async fn a_known_browser_is_a_source_of_hashes_by_itself() {
    let hasher = CountingHasher {
        busy: true,
        ..CountingHasher::default()
    };
    let house = House::with(hasher, DirectorySettings::new(false)).await;
    let user = house.directory.lookup("ada").await.unwrap().unwrap();
    let device = device::issue(&user, &PlainKey, &SeededEntropy::default(), NOW);
    let known = house.attempt("ada", "right", None, Some(&device), NOW).await.unwrap();
    assert!(matches!(known, SignIn::SignedIn { .. }), "{known:?}");
    let stranger = house.attempt("ada", "right", None, None, NOW).await;
    assert!(matches!(stranger, Err(IdentityError::Busy)), "{stranger:?}");
}
