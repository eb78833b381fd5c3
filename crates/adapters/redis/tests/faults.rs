//! Redis frozen, gone, back, and reached through a network that swallows what it is given.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::{Duration, Instant},
};

use informer_oauth_domain::code::CodeRedemption;
use informer_oauth_ports::{AttemptCounter, CodeStore, Probe, SessionStore, StoreError};
use informer_oauth_testkit::{
    at_once,
    servers::redis::RedisServer,
    values::{NOW, a_code, a_presentation, a_session, digest, seconds},
};
use support::{again, stores, unavailable};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

const SOON: Duration = Duration::from_secs(5);

#[test]
fn while_redis_is_frozen_every_call_says_so_in_time_and_afterwards_all_goes_on() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let stores = stores(&[server.url()]);
        let code = a_code(1);
        CodeStore::insert(&stores, &code).await.unwrap();
        for _ in 0..2 {
            server.freeze();
            // More callers than there are connections.
            at_once(50, async |n| match n % 4 {
                0 => unavailable(stores.find(&digest(1), NOW)).await,
                1 => unavailable(SessionStore::insert(&stores, &digest(1), &a_session("ada"))).await,
                2 => unavailable(stores.record("key", seconds(300), NOW)).await,
                _ => unavailable(stores.check()).await,
            });
            unavailable(stores.check()).await;
            server.thaw();
            again(SOON, || stores.check()).await;
            // None of the connections is left hanging.
            at_once(50, async |_| stores.check().await.unwrap());
        }
        let redeemed = stores.redeem(&code.digest, &a_presentation(&code), NOW).await.unwrap();
        assert_eq!(redeemed, CodeRedemption::Redeemed(code));
    });
}

#[test]
fn a_redis_that_cannot_be_written_is_not_ready() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let stores = stores(&[server.url()]);
        stores.check().await.unwrap();
        for (name, broken, well) in [("maxmemory", "1", "0"), ("min-replicas-to-write", "1", "0")] {
            server.ask(&["config", "set", name, broken]);
            unavailable(stores.check()).await;
            server.ask(&["config", "set", name, well]);
            again(SOON, || stores.check()).await;
        }
        server.ask(&["replicaof", "127.0.0.1", "1"]);
        unavailable(stores.check()).await;
        server.ask(&["replicaof", "no", "one"]);
        again(SOON, || stores.check()).await;
    });
}

#[test]
fn a_redemption_without_an_answer_uses_the_code_at_most_once() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let stores = stores(&[server.url()]);
        for round in 0..3 {
            let code = a_code(round);
            CodeStore::insert(&stores, &code).await.unwrap();
            server.freeze();
            unavailable(stores.redeem(&code.digest, &a_presentation(&code), NOW)).await;
            server.thaw();
            let mut won = 0;
            for _ in 0..3 {
                let outcome = again(SOON, || async {
                    stores.redeem(&code.digest, &a_presentation(&code), NOW).await
                });
                won += u32::from(matches!(outcome.await, CodeRedemption::Redeemed(_)));
            }
            assert!(won <= 1, "round {round}");
        }
    });
}

#[test]
fn a_redis_that_comes_back_empty_knows_no_code_and_lets_none_be_used_again() {
    informer_oauth_testkit::run(async {
        let mut server = RedisServer::start();
        let stores = stores(&[server.url()]);
        let (used, live) = (a_code(1), a_code(2));
        for code in [&used, &live] {
            CodeStore::insert(&stores, code).await.unwrap();
        }
        stores.redeem(&used.digest, &a_presentation(&used), NOW).await.unwrap();
        server.stop();
        for _ in 0..3 {
            unavailable(stores.redeem(&live.digest, &a_presentation(&live), NOW)).await;
        }
        server.start_again();
        for code in [&used, &live] {
            let outcome = again(SOON, || async {
                stores.redeem(&code.digest, &a_presentation(code), NOW).await
            });
            assert_eq!(outcome.await, CodeRedemption::Unknown);
        }
        CodeStore::insert(&stores, &live).await.unwrap();
        let outcome = stores.redeem(&live.digest, &a_presentation(&live), NOW).await.unwrap();
        assert_eq!(outcome, CodeRedemption::Redeemed(live), "the scripts are learnt anew");
    });
}

#[test]
fn a_restart_that_nobody_saw_costs_no_call() {
    informer_oauth_testkit::run(async {
        let mut server = RedisServer::start();
        let stores = stores(&[server.url()]);
        at_once(20, async |_| stores.check().await.unwrap());
        server.start_again();
        tokio::time::sleep(Duration::from_millis(100)).await;
        at_once(20, async |_| stores.check().await.unwrap());
    });
}

#[test]
fn a_service_starts_while_redis_is_down() {
    informer_oauth_testkit::run(async {
        let mut server = RedisServer::start();
        server.stop();
        let stores = stores(&[server.url()]);
        assert_eq!(stores.name(), "redis");
        unavailable(stores.check()).await;
        server.start_again();
        again(SOON, || stores.check()).await;
    });
}

#[test]
fn a_caller_who_waits_no_longer_leaves_no_answer_behind_for_the_next() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let stores = stores(&[server.url()]);
        for n in 0..20 {
            SessionStore::insert(&stores, &digest(n), &a_session(&format!("user {n}")))
                .await
                .unwrap();
        }
        for round in 0..200_u64 {
            let patience = Duration::from_micros(round % 10 * 40);
            let _ = tokio::time::timeout(patience, stores.find(&digest(round % 20), NOW)).await;
            let n = (round + 7) % 20;
            let found = stores.find(&digest(n), NOW).await.unwrap();
            assert_eq!(found.map(|session| session.username), Some(format!("user {n}")));
        }
    });
}

/// A way to a server that can be cut so that nobody is told: what goes in comes out nowhere, and connections stay open.
struct Network {
    port: u16,
    cuts: watch::Sender<u64>,
}

impl Network {
    async fn to(server: &RedisServer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let behind = Arc::new(AtomicU16::new(server.port()));
        let (cuts, cut) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let far = TcpStream::connect(("127.0.0.1", behind.load(Ordering::Relaxed)))
                    .await
                    .unwrap();
                let cut = cut.clone();
                tokio::spawn(pass(near, far, cut));
            }
        });
        Self { port, cuts }
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Cuts what is connected now; new connections work.
    fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn pass(mut near: TcpStream, mut far: TcpStream, mut cut: watch::Receiver<u64>) {
    cut.mark_unchanged();
    let (mut up, mut down) = ([0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            _ = cut.changed() => break,
            read = near.read(&mut up) => match read {
                Ok(count) if count > 0 => far.write_all(&up[..count]).await.unwrap(),
                _ => return,
            },
            read = far.read(&mut down) => match read {
                Ok(count) if count > 0 => near.write_all(&down[..count]).await.unwrap(),
                _ => return,
            },
        }
    }
    // Both ends stay open and silent.
    std::future::pending::<()>().await;
}

#[test]
fn half_open_connections_are_given_up_all_at_once() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let network = Network::to(&server).await;
        let stores = stores(&[network.url()]);
        at_once(50, async |_| stores.check().await.unwrap());
        for _ in 0..2 {
            network.cut();
            unavailable(stores.check()).await;
            let started = Instant::now();
            at_once(50, async |_| stores.check().await.unwrap());
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "the others were not tried in turn"
            );
        }
    });
}

#[test]
fn a_half_open_connection_that_was_idle_costs_no_call() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let network = Network::to(&server).await;
        let stores = stores(&[network.url()]);
        at_once(20, async |_| stores.check().await.unwrap());
        network.cut();
        tokio::time::sleep(Duration::from_millis(10_200)).await;
        at_once(20, async |_| stores.check().await.unwrap());
    });
}

#[test]
fn calls_wait_for_a_connection_no_longer_than_for_an_answer() {
    informer_oauth_testkit::run(async {
        let server = RedisServer::start();
        let stores = informer_oauth_redis::Redis::connect(&informer_oauth_redis::RedisOptions {
            urls: vec![server.url()],
            pool_size: 1,
            timeout: Duration::from_millis(300),
            ..Default::default()
        })
        .unwrap();
        stores.check().await.unwrap();
        server.freeze();
        let started = Instant::now();
        let answers = at_once(50, async |_| stores.check().await);
        assert!(started.elapsed() < Duration::from_secs(5));
        assert!(
            answers
                .iter()
                .all(|answer| matches!(answer, Err(StoreError::Unavailable { .. })))
        );
        server.thaw();
        again(SOON, || stores.check()).await;
    });
}
