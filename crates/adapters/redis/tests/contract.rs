//! The contract of the short-lived ports, on one server.

mod support;

use informer_oauth_redis::Redis;
use informer_oauth_testkit::{
    Fixture, contract_suite,
    servers::redis::{RedisServer, shared},
};

fn throwaway() -> Fixture<Redis, Option<RedisServer>> {
    let (url, server) = shared();
    Fixture::new(support::stores(&[url]), server)
}

contract_suite!(short_lived: async || throwaway());
