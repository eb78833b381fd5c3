//! Two replicas on stores of their own.

use std::sync::Arc;

use informer_oauth_testkit::servers::{ThrowawayPostgres, redis::RedisServer};

use crate::{
    common::{Service, stores::ProductionStores},
    support::{Client, World, json},
    talk::Talk,
};

/// Nobody is locked out for the deleted secrets that are tried.
const LENIENT: [(&str, &str); 2] = [
    ("INFORMER_OAUTH__LIMITS__CLIENT_ATTEMPTS", "1000000"),
    ("INFORMER_OAUTH__LIMITS__CLIENT_ADDRESS_ATTEMPTS", "1000000"),
];

/// For as long as a retry window can be.
const RETRY_WINDOW: (&str, &str) = ("INFORMER_OAUTH__TOKENS__REFRESH_RETRY_WINDOW", "600");

/// Two replicas, their stores, and what was asked of them.
pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) second: Service,
    pub(crate) postgres: ThrowawayPostgres,
    pub(crate) redis: RedisServer,
    pub(crate) talk: Talk,
    /// What every virtual user uses.
    pub(crate) public: Client,
    /// A resource server.
    pub(crate) inspector: Client,
}

impl Site {
    /// A site whose Redis has further arguments.
    pub(crate) fn start(redis: &[&str]) -> Self {
        let postgres = ThrowawayPostgres::start();
        let redis = RedisServer::start_with(redis);
        let stores = Arc::new(ProductionStores::on(&postgres, (redis.url(), None)));
        let world = World::around(Service::start_on(&stores, &LENIENT));
        let second = world.service.replica();
        let public = world.public_client();
        let inspector = world.confidential(json!({ "introspect": true }));
        Self {
            talk: Talk::with([&world.service, &second]),
            world,
            second,
            postgres,
            redis,
            public,
            inspector,
        }
    }

    /// From now on a retry gets the same successor; the history begins anew.
    pub(crate) fn open_retry_window(&mut self) {
        for service in [&mut self.world.service, &mut self.second] {
            service.set(RETRY_WINDOW.0, RETRY_WINDOW.1);
            service.restart();
        }
        self.talk = Talk::with([&self.world.service, &self.second]);
    }

    /// Fails when a replica has panicked, or has answered what the contract does not know, or late.
    #[track_caller]
    pub(crate) fn has_no_complaint(&self) {
        self.talk.has_no_complaint();
        for service in [&self.world.service, &self.second] {
            let log = service.log();
            let panicked = log.lines().find(|line| line.contains("panicked"));
            assert_eq!(panicked, None);
        }
    }
}
