use informer_oauth_domain::{
    day::Day,
    grant_type::GrantType,
    usage::{DayUsage, GrantOutcome, UsageCount, UsageKey},
};
use informer_oauth_ports::UsageLog as _;

use super::*;
use crate::usage::DAYS_KEPT;

#[tokio::test]
async fn a_chart_has_every_day_up_to_today_with_the_sums_of_all_kinds() {
    let world = World::new();
    let now = world.now();
    let today = Day::of(now);
    let count = |days_ago, grant, outcome, count| UsageCount {
        key: UsageKey {
            day: today.minus(days_ago),
            grant,
            outcome,
        },
        count,
    };
    let counts = [
        count(0, GrantType::AuthorizationCode, GrantOutcome::Granted, 3),
        count(0, GrantType::AuthorizationCode, GrantOutcome::Refused, 5),
        count(0, GrantType::RefreshToken, GrantOutcome::Refused, 7),
        count(2, GrantType::RefreshToken, GrantOutcome::Granted, 11),
        count(2, GrantType::RefreshToken, GrantOutcome::Failed, 13),
        count(3, GrantType::RefreshToken, GrantOutcome::Granted, 17),
    ];
    world.store.add(&counts).await.unwrap();
    let superuser = world.admin.as_superuser();
    let days = world.manage.read_usage(superuser, 3, now).await.unwrap();
    assert_eq!(
        days,
        [
            DayUsage {
                refreshed: 11,
                failed: 13,
                ..DayUsage::none(today.minus(2))
            },
            DayUsage::none(today.minus(1)),
            DayUsage {
                issued: 3,
                refused: 12,
                ..DayUsage::none(today)
            },
        ]
    );
    for (asked, given) in [(0, 1), (1, 1), (u32::MAX, DAYS_KEPT + 1)] {
        let days = world.manage.read_usage(superuser, asked, now).await.unwrap();
        assert_eq!(days.len(), given as usize);
        assert_eq!(days.last().map(|usage| (usage.day, usage.issued)), Some((today, 3)));
    }
}
