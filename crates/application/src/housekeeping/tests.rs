#![expect(clippy::unwrap_used, reason = "tests")]

use informer_oauth_memory::Memory;
use informer_oauth_ports::{EventFilter, PageRequest};
use informer_oauth_testkit::{
    run,
    values::{an_event, moment},
};

use super::*;

const DAY: Duration = Duration::from_hours(24);

fn housekeeping(memory: &Memory, audit_retention: Option<Duration>) -> Housekeeping {
    let memory = Arc::new(memory.clone());
    Housekeeping {
        codes: memory.clone(),
        devices: memory.clone(),
        sessions: memory.clone(),
        attempts: memory.clone(),
        tokens: memory.clone(),
        audit: memory.clone(),
        audit_retention,
        usage: Arc::new(Usage::new(memory)),
    }
}

async fn events(memory: &Memory) -> u64 {
    let page = PageRequest { start: 0, limit: 1 };
    AuditLog::list(memory, &EventFilter::default(), page)
        .await
        .unwrap()
        .total
}

#[test]
fn events_stay_for_good_unless_a_retention_says_how_long() {
    run(async {
        let memory = Memory::default();
        for n in 1..=5 {
            memory.append(&an_event(n)).await.unwrap();
        }
        let years_later = moment(5) + DAY * 3650;
        assert_eq!(housekeeping(&memory, None).run(years_later).await.unwrap().rows, 0);
        assert_eq!(events(&memory).await, 5);

        let kept_for_a_day = housekeeping(&memory, Some(DAY));
        assert_eq!(kept_for_a_day.run(moment(3) + DAY).await.unwrap().rows, 2);
        assert_eq!(events(&memory).await, 3, "what is a day old to the microsecond stays");
    });
}

#[test]
fn a_batch_that_is_full_is_followed_by_another() {
    run(async {
        let memory = Memory::default();
        for n in 0..=u64::from(BATCH) {
            memory.append(&an_event(n)).await.unwrap();
        }
        let housekeeping = housekeeping(&memory, Some(DAY));
        let later = moment(1000) + DAY;
        let purged = housekeeping.run(later).await.unwrap();
        assert_eq!((purged.rows, purged.more), (u64::from(BATCH), true));
        let purged = housekeeping.run(later).await.unwrap();
        assert_eq!((purged.rows, purged.more), (1, false));
    });
}
