use std::time::Duration;

use informer_oauth_testkit::values::{NOW, digest};

use super::*;

struct Row {
    digest: Digest,
    expires_at: Timestamp,
}

impl Expiring for Row {
    fn digest(&self) -> &Digest {
        &self.digest
    }

    fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

fn row(number: u64, expires_in: u64) -> Row {
    Row {
        digest: digest(number),
        expires_at: NOW + Duration::from_secs(expires_in),
    }
}

#[test]
fn a_full_memory_takes_no_more_until_something_has_expired_and_is_searched_once_a_second() {
    let memory = Memory::new(2);
    let mut remembered = memory.lock();
    let mut holds = |number, expires_in, at| {
        remembered.add(row(number, expires_in), NOW + Duration::from_millis(at));
        remembered.rows.contains_key(digest(number).as_bytes())
    };
    assert!(holds(1, 1, 0));
    assert!(holds(2, 60, 0));
    assert!(!holds(3, 60, 500), "there is no room");
    assert!(
        !holds(3, 60, 1000),
        "one has expired, and it was searched half a second ago"
    );
    assert!(holds(3, 60, 1500));
    assert!(!holds(4, 60, 2500), "there is no room again");
}

#[test]
fn what_is_remembered_is_not_replaced_and_what_has_expired_is_purged() {
    let memory = Memory::new(2);
    memory.lock().add(row(1, 10), NOW);
    memory.lock().add(row(1, 20), NOW);
    memory.purge(NOW + Duration::from_secs(9));
    assert_eq!(memory.lock().rows.len(), 1);
    memory.purge(NOW + Duration::from_secs(10));
    assert!(memory.lock().rows.is_empty(), "the first stayed");
}

#[test]
fn a_memory_without_room_remembers_nothing() {
    let memory = Memory::new(0);
    memory.lock().add(row(1, 10), NOW);
    assert!(memory.lock().rows.is_empty());
}
