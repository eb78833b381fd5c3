//! Ten rounds of each fault, in the middle of load. In the first five a refresh token that is presented again ends its
//! family, as by default; in the others a retry gets the same successor, so that nothing may be lost at all.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use crate::{
    checker::{Promises, check},
    history::{Deed, Family, Outcome},
    load::{Faulty, under_load},
    site::Site,
    support::{Request, Value, comes_true, json},
    talk::{AT_ONCE, IN_TIME},
};

/// Rounds without the retry window, and as many with it.
const ROUNDS: u64 = 5;

/// Load before the fault and after it.
const AROUND: Duration = Duration::from_millis(300);

/// How long the service may take to notice that a store is back.
const RECOVERY: Duration = Duration::from_secs(5);

/// Longer than a call to Postgres may take: what froze must not only be slow.
const POSTGRES_FROZEN: Duration = Duration::from_millis(2200);
/// The same of Redis.
const REDIS_FROZEN: Duration = Duration::from_millis(1400);

/// Keeps what is written, so that a new start of Redis loses nothing that was acknowledged.
const KEEPING: &[&str] = &["--appendonly", "yes", "--appendfsync", "always"];

/// One test at a time, whatever runs them: they measure how soon a fault is said.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ten_rounds(redis: &[&str], codes_survive: bool, mut fault: impl FnMut(u64, &mut Faulty)) {
    let _turn = alone();
    let mut site = Site::start(redis);
    for retry_window in [false, true] {
        if retry_window {
            site.open_retry_window();
        }
        let promises = Promises {
            retry_window,
            codes_survive,
        };
        for round in 0..ROUNDS {
            let before = site.talk.history.len();
            site.talk.set_calm(false);
            under_load(&mut site, round, |faulty| {
                thread::sleep(AROUND);
                fault(round, faulty);
                faulty.recovers();
                thread::sleep(AROUND);
            });
            site.talk.set_calm(true);
            site.ask_for_everything(before);
            site.is_sound(promises);
        }
        site.ask_for_everything(0);
        site.look_at_every_token();
        site.is_sound(promises);
        site.was_disturbed();
    }
}

/// A debugging text with the ends of its tokens only.
fn shortened(text: &str) -> String {
    let parts = text.split('"').map(|part| match part.len().checked_sub(8) {
        Some(start) if part.len() > 100 => part.get(start..).unwrap_or(part),
        _ => part,
    });
    parts.collect::<Vec<_>>().join("\"")
}

impl Site {
    #[track_caller]
    fn is_sound(&self, promises: Promises) {
        self.has_no_complaint();
        let calls = self.talk.history.calls();
        let violations = check(&calls, promises);
        for violation in violations.iter().take(5) {
            eprintln!("{}", shortened(&format!("{violation:?}")));
            if let Some(family) = violation.family() {
                for call in calls.iter().filter(|call| call.deed.family() == Some(family)) {
                    let deed = shortened(&format!("{:?}", call.deed));
                    eprintln!("    {:?}..{:?} {deed}", call.start, call.end);
                }
            }
        }
        assert!(
            violations.is_empty(),
            "{} violations with {promises:?}",
            violations.len()
        );
    }

    /// A history proves nothing in which nothing happened.
    #[track_caller]
    fn was_disturbed(&self) {
        let calls = self.talk.history.calls();
        let count = |is: fn(&Deed) -> bool| calls.iter().filter(|call| is(&call.deed)).count();
        let rotations = count(|deed| matches!(deed, Deed::Refresh { outcome, .. } if outcome.is_given()));
        let unknown = count(|deed| !deed.is_definite());
        let refusals = count(|deed| matches!(deed, Deed::Refresh { outcome, .. } if outcome.is_refused()));
        eprintln!(
            "{} calls, {rotations} rotations, {refusals} refusals, {unknown} without a known outcome",
            calls.len()
        );
        assert!(rotations > 100 && refusals > 0 && unknown > 0);
    }
}

impl Faulty<'_> {
    /// A family with a refresh token, made while all is well.
    fn family(&self) -> (Family, String) {
        let (family, code) = self.talk.consent(0, self.public).given().unwrap();
        let grant = self.talk.redeem(1, self.public, family, &code).given().unwrap();
        (family, grant.refresh)
    }

    /// What readiness says, or nothing when nobody answers.
    fn readiness(&self, replica: usize) -> Option<(u16, Value)> {
        let answer = self.talk.http(replica).try_send(Request::get("/health/ready")).ok()?;
        Some((answer.status, answer.json()["checks"].clone()))
    }

    /// Within a bound, and without being started again, both replicas are ready and do what needs both stores.
    #[track_caller]
    fn recovers(&self) {
        let back = Instant::now();
        for replica in 0..2 {
            let ready = || self.readiness(replica).is_some_and(|(status, _)| status == 200);
            assert!(comes_true(RECOVERY, ready), "{:?}", self.readiness(replica));
            let works = || {
                let code = self.talk.consent(replica, self.public).given();
                code.is_some_and(|(family, code)| self.talk.redeem(replica, self.public, family, &code).is_given())
            };
            assert!(comes_true(RECOVERY, works), "it is ready but does nothing");
        }
        assert!(back.elapsed() < RECOVERY, "{:?}", back.elapsed());
    }

    /// Readiness says which store is down, and what needs neither goes on.
    #[track_caller]
    fn stands(&self, replica: usize, checks: &Value) {
        let asked = Instant::now();
        let ready = self.readiness(replica).unwrap();
        assert_eq!(ready, (503, checks.clone()));
        assert!(asked.elapsed() < IN_TIME, "{:?}", asked.elapsed());
        for path in [
            "/.well-known/jwks.json",
            "/.well-known/oauth-authorization-server",
            "/health/live",
        ] {
            let asked = Instant::now();
            let answer = self.talk.http(replica).try_send(Request::get(path)).unwrap();
            assert_eq!(answer.status, 200, "{answer}");
            assert!(asked.elapsed() < AT_ONCE, "{path} after {:?}", asked.elapsed());
        }
    }

    /// While Postgres is down. That each answer comes in time and says so in its endpoint's words is a complaint otherwise.
    #[track_caller]
    fn is_without_postgres(&self, family: Family, token: &str) {
        let talk = self.talk;
        thread::scope(|scope| {
            for replica in 0..2 {
                scope.spawn(move || self.stands(replica, &json!({ "postgres": "down", "redis": "up" })));
                scope.spawn(move || {
                    let outcome = talk.refresh(replica, self.public, family, token);
                    assert_eq!(outcome, Outcome::Unavailable);
                });
                scope.spawn(move || assert!(talk.register(replica).is_none()));
                scope.spawn(move || {
                    let outcome = talk.consent(replica, self.public);
                    assert!(matches!(outcome, Outcome::Unavailable));
                });
            }
        });
    }

    /// While Redis is down: without it, there is no code and no session; who has a refresh token does not notice.
    #[track_caller]
    fn is_without_redis(&self, family: Family, token: &str) -> String {
        let talk = self.talk;
        thread::scope(|scope| {
            for replica in 0..2 {
                scope.spawn(move || self.stands(replica, &json!({ "postgres": "up", "redis": "down" })));
                scope.spawn(move || {
                    let outcome = talk.consent(replica, self.public);
                    assert!(matches!(outcome, Outcome::Unavailable));
                });
            }
            let first = talk.refresh(0, self.public, family, token).given().unwrap();
            talk.refresh(1, self.public, family, &first.refresh)
                .given()
                .unwrap()
                .refresh
        })
    }
}

#[test]
fn postgres_stopped_and_started_under_load_loses_nothing_and_gives_nothing_twice() {
    ten_rounds(KEEPING, true, |_, faulty| {
        let (family, token) = faulty.family();
        faulty.postgres.stop();
        faulty.is_without_postgres(family, &token);
        faulty.postgres.restart();
    });
}

#[test]
fn postgres_frozen_and_thawed_under_load_loses_nothing_and_gives_nothing_twice() {
    ten_rounds(KEEPING, true, |_, faulty| {
        let (family, token) = faulty.family();
        faulty.postgres.freeze();
        let frozen = Instant::now();
        faulty.is_without_postgres(family, &token);
        thread::sleep(POSTGRES_FROZEN.saturating_sub(frozen.elapsed()));
        faulty.postgres.thaw();
    });
}

#[test]
fn postgres_restarted_under_load_loses_nothing_and_gives_nothing_twice() {
    ten_rounds(KEEPING, true, |round, faulty| {
        if round % 2 == 0 {
            faulty.postgres.crash();
        } else {
            faulty.postgres.stop();
        }
        faulty.postgres.restart();
    });
}

#[test]
fn redis_stopped_and_started_empty_under_load_loses_codes_and_sessions_only_and_gives_nothing_twice() {
    ten_rounds(&[], false, |_, faulty| {
        let (family, token) = faulty.family();
        faulty.redis.stop();
        faulty.is_without_redis(family, &token);
        faulty.redis.start_again();
        faulty.talk.sign_in(faulty.replicas[0]);
    });
}

#[test]
fn redis_frozen_and_thawed_under_load_loses_nothing_and_gives_nothing_twice() {
    ten_rounds(KEEPING, true, |_, faulty| {
        let (family, token) = faulty.family();
        faulty.redis.freeze();
        let frozen = Instant::now();
        faulty.is_without_redis(family, &token);
        thread::sleep(REDIS_FROZEN.saturating_sub(frozen.elapsed()));
        faulty.redis.thaw();
    });
}

#[test]
fn redis_restarted_under_load_loses_nothing_and_gives_nothing_twice() {
    ten_rounds(KEEPING, true, |_, faulty| faulty.redis.start_again());
}

#[test]
fn a_replica_killed_under_load_and_started_again_loses_nothing_and_gives_nothing_twice() {
    ten_rounds(KEEPING, true, |round, faulty| {
        let replica = &mut *faulty.replicas[usize::from(round % 2 == 1)];
        replica.kill9();
        thread::sleep(AROUND);
        replica.launch();
    });
}
