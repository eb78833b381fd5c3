use std::{cell::Cell, sync::Arc, time::Instant};

use informer_oauth_domain::claims::AccessTokenClaims;
use informer_oauth_testkit::values::{NOW, a_client, a_record, audience, client_id, record_id, scope, token_id};

use informer_oauth_domain::client::Registration;

use super::*;
use crate::cache::Kept;

fn good(n: u64) -> GoodToken {
    let claims = AccessTokenClaims {
        audience: audience(),
        subject: "ada".into(),
        client_id: client_id(n),
        scope: scope("read:dataset"),
        issued_at: NOW,
        expires_at: None,
        token_id: token_id(n),
        token_record: record_id(n),
    };
    let registration = Registration {
        client: a_client(n),
        secrets: Vec::new(),
    };
    GoodToken {
        claims: Arc::new(claims),
        record: Kept::new(a_record(n), Instant::now()),
        registration: Kept::new(Arc::new(registration), Instant::now()),
        forgotten: 0,
    }
}

#[test]
fn each_token_is_known_by_what_was_made_of_it_also_where_many_share_a_place() {
    let mut recent = RecentTokens::default();
    let found = Cell::new(0);
    for round in 0..3 {
        for n in 0..5_000_u64 {
            let find = || {
                found.set(found.get() + 1);
                Some((good(n), n))
            };
            let (good, made) = recent.of(&format!("token {n}"), |_| true, find).unwrap();
            assert_eq!((good.claims.token_record, *made), (record_id(n), n), "{round}");
        }
    }
    assert!(found.get() > 10_000, "most have lost their place meanwhile");
}

#[test]
fn what_is_known_is_not_found_out_again_as_long_as_it_holds() {
    let mut recent = RecentTokens::default();
    assert!(recent.of("token", |_| true, || Some((good(1), "first"))).is_some());
    let never = || unreachable!("it is known");
    assert_eq!(recent.of("token", |_| true, never).unwrap().1, &"first");
    assert!(recent.of("token", |_| false, || None).is_none());
    assert_eq!(
        recent.of("token", |_| false, || Some((good(1), "second"))).unwrap().1,
        &"second"
    );
    assert_eq!(recent.of("token", |_| true, never).unwrap().1, &"second");
    assert!(recent.of("token2", |_| true, || None).is_none(), "another token");
}
