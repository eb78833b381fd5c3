//! The first page: the last thirty days, the keys, what happened last.

use askama::Template;
use informer_oauth_application::{PageRequest, manage::EventQuery};
use informer_oauth_domain::usage::DayUsage;

use super::{
    chart::{Chart, DayCounts},
    console::{Console, shows},
    events::EventLine,
    frame::{Frame, Section},
    keys::KeyGroup,
    stop::Answer,
};
use crate::{site::Site, views::Switch};

/// How many days the chart shows, today among them.
const DAYS: u32 = 30;
/// How many events are shown.
pub(super) const EVENTS: u32 = 6;

impl From<DayUsage> for DayCounts {
    fn from(usage: DayUsage) -> Self {
        Self {
            day: usage.day.to_string(),
            issued: usage.issued,
            refreshed: usage.refreshed,
            refused: usage.refused,
            failed: usage.failed,
        }
    }
}

#[derive(Template)]
#[template(path = "admin/overview.html")]
pub(super) struct OverviewView<'a> {
    pub(super) site: &'a Site,
    pub(super) frame: Frame,
    pub(super) chart: Chart,
    pub(super) groups: Vec<KeyGroup>,
    pub(super) events: Vec<EventLine>,
}

/// The page.
pub(super) async fn show(console: &Console<'_>) -> Answer {
    let manage = console.manage();
    let usage = manage.read_usage(&console.superuser, DAYS, console.now()).await?;
    let days: Vec<DayCounts> = usage.into_iter().map(DayCounts::from).collect();
    let keys = manage.list_signing_keys(&console.superuser).await?;
    let events = match console.if_administrator() {
        None => Vec::new(),
        Some(administrator) => {
            let newest = PageRequest {
                start: 0,
                limit: EVENTS,
            };
            let page = manage
                .list_events(administrator, &EventQuery::default(), newest)
                .await?;
            EventLine::list(console, page.items).await?
        }
    };
    Ok(shows(&OverviewView {
        site: console.site(),
        frame: console.frame(Section::Overview),
        chart: Chart::of(&days),
        groups: KeyGroup::list(&keys, console.now()),
        events,
    }))
}
