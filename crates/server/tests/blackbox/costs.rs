//! What a request costs Postgres and Redis (performance.md "The budget"), as they count it themselves.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    process::{Child, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use informer_oauth_testkit::servers::{ThrowawayPostgres, redis::RedisServer};
use tempfile::NamedTempFile;

use crate::{
    common::{Service, stores::ProductionStores},
    support::*,
};

const REQUESTS: usize = 50;

/// A service on stores that count, and nobody else's.
struct Counted {
    world: World,
    stores: Arc<ProductionStores>,
    redis: RedisServer,
    monitor: Child,
    commands: NamedTempFile,
}

/// What some requests cost.
struct Cost {
    /// Statements by their text, with how often each was run.
    statements: BTreeMap<String, usize>,
    /// The names of the commands, in order.
    commands: Vec<String>,
    took: Duration,
}

impl Counted {
    fn start() -> Self {
        let postgres = ThrowawayPostgres::start_with(&[("shared_preload_libraries", "pg_stat_statements")], &[]);
        let redis = RedisServer::start();
        let stores = Arc::new(ProductionStores::on(&postgres, (redis.url(), None)));
        stores.sql("CREATE EXTENSION pg_stat_statements");
        let commands = NamedTempFile::new().unwrap();
        let monitor = redis
            .client()
            .arg("MONITOR")
            .stdout(Stdio::from(File::create(commands.path()).unwrap()))
            .spawn()
            .unwrap();
        let counted = Self {
            world: World::around(Service::start_on(&stores, &[])),
            stores,
            redis,
            monitor,
            commands,
        };
        assert!(comes_true(A_SECOND * 5, || !counted.seen().is_empty()));
        counted
    }

    fn seen(&self) -> String {
        fs::read_to_string(self.commands.path()).unwrap()
    }

    /// What `requests` cost, and all that the service did meanwhile.
    fn cost(&self, requests: impl FnOnce()) -> Cost {
        self.stores.sql("SELECT FROM pg_stat_statements_reset()");
        self.redis.ask(&["ECHO", "begin"]);
        let started = Instant::now();
        requests();
        let took = started.elapsed();
        self.redis.ask(&["ECHO", "end"]);
        Cost {
            statements: self.statements(),
            commands: self.commands(),
            took,
        }
    }

    fn statements(&self) -> BTreeMap<String, usize> {
        let counted = self.stores.sql(
            "SELECT calls, regexp_replace(query, '\\s+', ' ', 'g') FROM pg_stat_statements
             WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND query NOT LIKE '%pg_stat_statements%'",
        );
        let mut statements = BTreeMap::new();
        for (calls, query) in counted.lines().map(|line| line.split_once('|').unwrap()) {
            *statements.entry(query.to_owned()).or_default() += calls.parse::<usize>().unwrap();
        }
        statements
    }

    /// The commands since the last begin, but for those of scripts, and the pings of a subscription and an idle connection.
    fn commands(&self) -> Vec<String> {
        const END: &str = r#""ECHO" "end""#;
        let since_begin = || {
            let seen = self.seen();
            seen.rsplit_once(r#""ECHO" "begin""#).unwrap().1.to_owned()
        };
        assert!(comes_true(A_SECOND * 5, || since_begin().contains(END)));
        since_begin()
            .lines()
            .skip(1)
            .take_while(|line| !line.contains(END))
            .filter(|line| !line.contains(" lua]"))
            .map(|line| line.split('"').nth(1).unwrap().to_owned())
            .filter(|name| name != "PING")
            .collect()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        // It ends with its server anyway.
        let _ = self.monitor.kill();
        let _ = self.monitor.wait();
    }
}

impl Cost {
    /// One statement that begins so for each request, and of all others no more than caches ask for that remember for a
    /// second, and what goes on between requests.
    #[track_caller]
    fn is_one_statement_each(&self, beginning: &str) {
        self.is_statements(REQUESTS, beginning);
    }

    #[track_caller]
    fn is_statements(&self, expected: usize, beginning: &str) {
        let (these, others): (Vec<_>, Vec<_>) = self
            .statements
            .iter()
            .partition(|(statement, _)| statement.starts_with(beginning));
        assert_eq!(
            these.iter().map(|(_, calls)| **calls).sum::<usize>(),
            expected,
            "{these:?}"
        );
        let others_run: usize = others.iter().map(|(_, calls)| **calls).sum();
        let seconds = usize::try_from(self.took.as_secs()).unwrap();
        assert!(others_run <= 10 + 3 * seconds, "in {:?}: {others:?}", self.took);
    }
}

#[test]
fn a_refresh_is_one_statement_and_an_exchange_is_one_statement_and_one_command() {
    let counted = Counted::start();
    let world = &counted.world;
    for client in [world.public_client(), world.confidential_client()] {
        // Redis learns its scripts, Postgres its statements, and the service the client's secret.
        let first = world.tokens(&client);
        let mut tokens = world.refreshed(&client, first.refresh());

        let refreshes = counted.cost(|| {
            for _ in 0..REQUESTS {
                tokens = world.refreshed(&client, tokens.refresh());
            }
        });
        refreshes.is_one_statement_each("WITH held AS");
        assert_eq!(refreshes.commands, [""; 0]);

        let codes: Vec<Code> = (0..REQUESTS).map(|_| world.code(&client)).collect();
        let exchanges = counted.cost(|| {
            for code in &codes {
                Tokens::read(world.redeem(&client, code).oauth_json());
            }
        });
        exchanges.is_one_statement_each("INSERT INTO \"token_records\"");
        assert_eq!(exchanges.commands, ["EVALSHA"; REQUESTS]);
    }
}

#[test]
fn gate_requests_with_a_known_token_ask_no_store() {
    let counted = Counted::start();
    let world = &counted.world;
    let lasting = world.register(json!({ "redirect_uri": ["https://app.example/cb"], "enableRefreshTokens": false }));
    for client in [world.public_client(), lasting] {
        let token = world.tokens(&client).access;
        // The first request reads record, client and user, and notes the use of a token without expiry.
        assert!(world.works(&token));
        let requests = counted.cost(|| {
            for _ in 0..REQUESTS {
                assert!(world.works(&token));
            }
        });
        requests.is_statements(0, "none begins so");
        assert_eq!(requests.commands, [""; 0]);
    }
}
