//! Obligations of [`AuditLog`].

use std::net::IpAddr;

use informer_oauth_domain::audit::{AuditEvent, EventKind};
use informer_oauth_ports::{AuditLog, EventFilter};

use super::{ALL, Answered, drained, page};
use crate::{
    at_once,
    concurrency::RACERS,
    values::{an_event, client_uid, event_id, moment},
};

const ANY: EventFilter = EventFilter {
    client: None,
    kind: None,
    from: None,
    until: None,
};

fn about(n: u64) -> EventFilter {
    EventFilter {
        client: Some(client_uid(n)),
        ..ANY
    }
}

pub async fn an_event_is_read_back_as_it_was_appended(store: &dyn AuditLog) {
    let addresses = ["192.0.2.1", "2001:db8::1", "::1", "::ffff:192.0.2.1"].map(|text| text.parse::<IpAddr>().ok());
    assert!(addresses.iter().all(Option::is_some));
    let bare = AuditEvent {
        actor: None,
        client: None,
        target: None,
        address: None,
        request_id: None,
        ..an_event(0)
    };
    store.append(&bare).await.answered();
    assert_eq!(store.list(&ANY, ALL).await.answered().items, [bare]);
    for (n, (kind, address)) in (1..).zip(EventKind::ALL.iter().zip(addresses.into_iter().cycle())) {
        let event = AuditEvent {
            kind: *kind,
            address,
            target: Some("é '%_\\ 🦀".into()),
            request_id: Some(format!("request-{n}")),
            ..an_event(n)
        };
        store.append(&event).await.answered();
        assert_eq!(store.list(&ANY, page(0, 1)).await.answered().items, [event]);
    }
}

pub async fn events_are_listed_newest_first_in_whatever_order_they_came(store: &dyn AuditLog) {
    for n in [3, 1, 4, 2] {
        store.append(&an_event(n)).await.answered();
    }
    let list = store.list(&ANY, ALL).await.answered();
    assert_eq!(list.items, [4, 3, 2, 1].map(an_event));
    assert_eq!(list.total, 4);
}

pub async fn appending_an_event_again_changes_nothing(store: &dyn AuditLog) {
    store.append(&an_event(1)).await.answered();
    let other = AuditEvent {
        id: event_id(1),
        ..an_event(2)
    };
    for event in [an_event(1), other] {
        store.append(&event).await.answered();
        assert_eq!(store.list(&ANY, ALL).await.answered().items, [an_event(1)]);
    }
}

pub async fn the_events_of_one_client_can_be_told_from_the_others(store: &dyn AuditLog) {
    for (n, client) in (1..=6).zip([Some(client_uid(1)), Some(client_uid(2)), None].into_iter().cycle()) {
        store.append(&AuditEvent { client, ..an_event(n) }).await.answered();
    }
    let list = store.list(&about(1), ALL).await.answered();
    assert_eq!(
        list.items.iter().map(|event| event.id).collect::<Vec<_>>(),
        [4, 1].map(event_id)
    );
    assert_eq!(list.total, 2);
    assert_eq!(store.list(&ANY, ALL).await.answered().total, 6);
    assert_eq!(store.list(&about(9), ALL).await.answered().total, 0);
}

pub async fn a_filter_means_the_events_that_meet_all_of_it(store: &dyn AuditLog) {
    let kinds = [EventKind::ClientCreated, EventKind::ClientUpdated];
    for n in 0..12 {
        let event = AuditEvent {
            kind: kinds[usize::from(n % 2 == 1)],
            client: Some(client_uid(n % 3)),
            at: moment(n),
            ..an_event(n)
        };
        store.append(&event).await.answered();
    }
    let (kind, from, until) = (Some(kinds[0]), Some(moment(4)), Some(moment(8)));
    let cases = [
        (EventFilter { kind, ..ANY }, &[10, 8, 6, 4, 2, 0][..]),
        (EventFilter { from, ..ANY }, &[11, 10, 9, 8, 7, 6, 5, 4]),
        (EventFilter { until, ..ANY }, &[7, 6, 5, 4, 3, 2, 1, 0]),
        (EventFilter { from, until, ..ANY }, &[7, 6, 5, 4]),
        (
            EventFilter {
                kind,
                from,
                until,
                ..ANY
            },
            &[6, 4],
        ),
        (
            EventFilter {
                kind,
                from,
                until,
                ..about(1)
            },
            &[4],
        ),
        (
            EventFilter {
                from: until,
                until: from,
                ..ANY
            },
            &[],
        ),
    ];
    for (filter, expected) in cases {
        let list = store.list(&filter, ALL).await.answered();
        let ids: Vec<_> = list.items.iter().map(|event| event.id).collect();
        let expected: Vec<_> = expected.iter().copied().map(event_id).collect();
        assert_eq!(ids, expected, "{filter:?}");
        assert_eq!(list.total, expected.len() as u64, "{filter:?}");
        let first = store.list(&filter, page(0, 1)).await.answered();
        assert_eq!(
            (first.items.len(), first.total),
            (expected.len().min(1), list.total),
            "{filter:?}"
        );
    }
}

pub async fn pages_cover_the_log_without_gap_or_overlap(store: &dyn AuditLog) {
    for n in 0..11 {
        // Several at the same moment: the order among them must still be one order.
        store
            .append(&AuditEvent {
                at: moment(n / 3),
                ..an_event(n)
            })
            .await
            .answered();
    }
    let whole = store.list(&ANY, ALL).await.answered().items;
    assert!(whole.windows(2).all(|pair| pair[0].at >= pair[1].at), "newest first");
    let mut pieces = Vec::new();
    for start in (0..11).step_by(2) {
        let part = store.list(&ANY, page(start, 2)).await.answered();
        assert_eq!(part.total, 11, "the total is of all pages");
        pieces.extend(part.items);
    }
    assert_eq!(pieces, whole);
    assert_eq!(store.list(&ANY, page(11, 2)).await.answered().items, []);
}

pub async fn concurrent_events_are_all_recorded(store: &dyn AuditLog) {
    at_once(RACERS, async |n| store.append(&an_event(n as u64)).await.answered());
    let list = store.list(&ANY, ALL).await.answered();
    assert_eq!(list.items, (0..RACERS as u64).rev().map(an_event).collect::<Vec<_>>());
}

pub async fn an_event_that_is_appended_concurrently_is_recorded_once(store: &dyn AuditLog) {
    at_once(RACERS, async |_| store.append(&an_event(1)).await.answered());
    assert_eq!(store.list(&ANY, ALL).await.answered().items, [an_event(1)]);
}

pub async fn old_events_are_forgotten_the_oldest_first(store: &dyn AuditLog) {
    for n in [3, 1, 5, 2, 4] {
        store.append(&an_event(n)).await.answered();
    }
    assert_eq!(
        store.purge(moment(1), 10).await.answered(),
        0,
        "an event of that very moment stays"
    );
    assert_eq!(store.purge(moment(4), 2).await.answered(), 2);
    let left = store.list(&ANY, ALL).await.answered();
    assert_eq!(left.items, [5, 4, 3].map(an_event));
    assert_eq!(store.purge(moment(4), 2).await.answered(), 1);
    assert_eq!(store.purge(moment(4), 2).await.answered(), 0);
    let left = store.list(&ANY, ALL).await.answered();
    assert_eq!((left.items, left.total), ([5, 4].map(an_event).into(), 2));
}

pub async fn concurrent_purges_of_events_count_each_once(store: &dyn AuditLog) {
    for n in 0..RACERS as u64 {
        store.append(&an_event(n)).await.answered();
    }
    let purges = at_once(8, async |_| {
        drained(async |limit| store.purge(moment(1000), limit).await).await
    });
    assert_eq!(purges.iter().sum::<u64>(), RACERS as u64);
}
