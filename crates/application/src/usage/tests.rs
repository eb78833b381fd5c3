#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll, Waker},
    time::Duration,
};

use async_trait::async_trait;
use informer_oauth_domain::{error::OAuthError, scope::ScopeSet, secret::Secret};
use informer_oauth_memory::Memory;
use informer_oauth_ports::StoreError;
use informer_oauth_testkit::{at_once, run, values::NOW};

use super::*;

/// A log that can be down, and that can be slow.
#[derive(Default)]
struct Log {
    kept: Memory,
    down: AtomicBool,
    slow: AtomicBool,
}

#[async_trait]
impl UsageLog for Log {
    async fn add(&self, counts: &[UsageCount]) -> Result<(), StoreError> {
        if self.down.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable {
                store: "memory",
                reason: "it is down".into(),
            });
        }
        if self.slow.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.kept.add(counts).await
    }

    async fn between(&self, first: Day, last: Day) -> Result<Vec<UsageCount>, StoreError> {
        self.kept.between(first, last).await
    }

    async fn purge(&self, before: Day, limit: u32) -> Result<u64, StoreError> {
        self.kept.purge(before, limit).await
    }
}

fn asking_for(grant_type: &str) -> Parameters {
    [("grant_type", grant_type)].into_iter().collect()
}

type Answer = Result<TokenAnswer, ProtocolError>;

fn refused(code: ErrorCode) -> Answer {
    let error: OAuthError = code.because("No.");
    Err(error.into())
}

#[expect(clippy::unnecessary_wraps, reason = "it is an answer among others")]
fn tokens() -> Answer {
    Ok(TokenAnswer {
        access_token: Secret::new("x".into()),
        scope: ScopeSet::default(),
        expires_in: None,
        refresh_token: None,
    })
}

fn counter() -> (Arc<Log>, Usage) {
    let log = Arc::new(Log::default());
    (log.clone(), Usage::new(log))
}

/// What is in the log of today, as words.
async fn logged(log: &Log) -> Vec<(&'static str, &'static str, u64)> {
    let today = Day::of(NOW);
    let counts = log.between(today, today).await.unwrap();
    counts
        .iter()
        .map(|UsageCount { key, count }| (key.grant.as_str(), key.outcome.as_str(), *count))
        .collect()
}

#[test]
fn answers_are_told_apart_by_what_was_asked_and_by_what_came_of_it() {
    run(async {
        let (log, usage) = counter();
        let limited = Err(ProtocolError::Limited {
            retry_after: Duration::from_secs(1),
        });
        let down = Err(Fault::Unavailable("down".into()).into());
        let broken = Err(Fault::Internal("broken".into()).into());
        for (grant_type, answer) in [
            ("authorization_code", tokens()),
            ("refresh_token", tokens()),
            ("refresh_token", tokens()),
            ("refresh_token", refused(ErrorCode::InvalidGrant)),
            ("refresh_token", down),
            ("refresh_token", broken),
            ("authorization_code", limited),
            ("authorization_code", refused(ErrorCode::InvalidClient)),
            ("password", refused(ErrorCode::UnsupportedGrantType)),
            (
                GrantType::DeviceCode.parameter(),
                refused(ErrorCode::AuthorizationPending),
            ),
            (GrantType::DeviceCode.parameter(), refused(ErrorCode::SlowDown)),
            (GrantType::DeviceCode.parameter(), refused(ErrorCode::AccessDenied)),
            (GrantType::DeviceCode.parameter(), tokens()),
        ] {
            usage.note(&asking_for(grant_type), &answer, NOW);
        }
        usage.note(&Parameters::default(), &refused(ErrorCode::InvalidRequest), NOW);
        assert_eq!(logged(&log).await, [], "a request writes nothing");
        usage.flush().await.unwrap();
        let expected = [
            ("authorization_code", "granted", 1),
            ("authorization_code", "refused", 2),
            ("refresh_token", "granted", 2),
            ("refresh_token", "refused", 1),
            ("refresh_token", "failed", 2),
            ("device_code", "granted", 1),
            ("device_code", "refused", 1),
            ("other", "refused", 2),
        ];
        assert_eq!(logged(&log).await, expected);
        usage.flush().await.unwrap();
        assert_eq!(logged(&log).await, expected, "what was flushed is flushed");
    });
}

#[test]
fn an_answer_belongs_to_its_day() {
    run(async {
        let (log, usage) = counter();
        let midnight = Day::of(NOW).plus(1).start();
        for at in [midnight.minus(Duration::from_micros(1)), midnight] {
            usage.note(&asking_for("refresh_token"), &tokens(), at);
        }
        usage.flush().await.unwrap();
        let days = log.between(Day::of(NOW), Day::of(NOW).plus(1)).await.unwrap();
        assert_eq!(
            days.iter()
                .map(|count| (count.key.day, count.count))
                .collect::<Vec<_>>(),
            [(Day::of(NOW), 1), (Day::of(NOW).plus(1), 1)]
        );
    });
}

#[test]
fn what_the_log_does_not_take_is_kept_for_the_next_time() {
    run(async {
        let (log, usage) = counter();
        usage.note(&asking_for("refresh_token"), &tokens(), NOW);
        log.down.store(true, Ordering::Relaxed);
        for _ in 0..3 {
            usage.flush().await.unwrap_err();
            usage.note(&asking_for("refresh_token"), &tokens(), NOW);
        }
        log.down.store(false, Ordering::Relaxed);
        usage.flush().await.unwrap();
        assert_eq!(logged(&log).await, [("refresh_token", "granted", 4)]);
    });
}

#[test]
fn a_flush_that_is_given_up_in_the_middle_loses_nothing() {
    run(async {
        let (log, usage) = counter();
        usage.note(&asking_for("refresh_token"), &tokens(), NOW);
        log.slow.store(true, Ordering::Relaxed);
        {
            let mut flush = pin!(usage.flush());
            let mut context = Context::from_waker(Waker::noop());
            assert!(matches!(flush.as_mut().poll(&mut context), Poll::Pending));
            usage.note(&asking_for("refresh_token"), &tokens(), NOW);
        }
        log.slow.store(false, Ordering::Relaxed);
        usage.flush().await.unwrap();
        assert_eq!(logged(&log).await, [("refresh_token", "granted", 2)]);
    });
}

#[test]
fn answers_that_are_counted_while_flushes_run_are_each_counted_once() {
    run(async {
        let (log, usage) = counter();
        at_once(40, async |n| {
            for _ in 0..50 {
                if n % 4 == 0 {
                    usage.flush().await.unwrap();
                } else {
                    usage.note(&asking_for("refresh_token"), &tokens(), NOW);
                }
            }
        });
        usage.flush().await.unwrap();
        assert_eq!(logged(&log).await, [("refresh_token", "granted", 30 * 50)]);
    });
}

#[test]
fn counts_are_kept_for_a_year_and_a_month() {
    run(async {
        let (log, usage) = counter();
        for day in 0..=DAYS_KEPT + 2 {
            usage.note(&asking_for("refresh_token"), &tokens(), Day::of(NOW).minus(day).start());
        }
        usage.flush().await.unwrap();
        assert_eq!(usage.purge(1, NOW).await.unwrap(), 1);
        assert_eq!(usage.purge(500, NOW).await.unwrap(), 1);
        assert_eq!(usage.purge(500, NOW).await.unwrap(), 0);
        let left = log.between(Day::from_number(0), Day::of(NOW)).await.unwrap();
        assert_eq!(left.first().unwrap().key.day, Day::of(NOW).minus(DAYS_KEPT));
        assert_eq!(left.len() as u64, u64::from(DAYS_KEPT) + 1);
    });
}
