//! Lists of clients.

use std::{cmp::Ordering, collections::HashMap};

use diesel::{dsl::count_star, prelude::*};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use informer_oauth_domain::{client::Client, text::fold};
use informer_oauth_ports::{ClientSort, Page, PageRequest};
use uuid::Uuid;

use crate::{
    client_rows::{ClientRow, clients},
    columns::{self, bounds},
    failure::Failure,
};

/// A client as far as it is searched and sorted by.
#[derive(Queryable)]
struct Entry {
    uid: Uuid,
    name: String,
    description: String,
    created_at: i64,
    updated_at: i64,
}

/// The clients with `text`, which is folded already, in their name or description. One transaction, so that the total and
/// the page are of one moment.
pub(crate) async fn list(
    connection: &mut AsyncPgConnection,
    text: Option<String>,
    sort: ClientSort,
    descending: bool,
    page: PageRequest,
) -> Result<Page<Client>, Failure> {
    connection
        .build_transaction()
        .repeatable_read()
        .read_only()
        .run(async |connection| {
            if text.is_none() && sort != ClientSort::Name {
                by_time(connection, sort, descending, page).await
            } else {
                by_text(connection, text.as_deref(), sort, descending, page).await
            }
        })
        .await
}

/// All clients by age or last change, which indexes have.
async fn by_time(
    connection: &mut AsyncPgConnection,
    sort: ClientSort,
    descending: bool,
    page: PageRequest,
) -> Result<Page<Client>, Failure> {
    let all = clients::table.select(ClientRow::as_select()).into_boxed();
    let sorted = match (sort == ClientSort::UpdatedAt, descending) {
        (false, false) => all.order((clients::created_at.asc(), clients::uid.asc())),
        (false, true) => all.order((clients::created_at.desc(), clients::uid.desc())),
        (true, false) => all.order((clients::updated_at.asc(), clients::uid.asc())),
        (true, true) => all.order((clients::updated_at.desc(), clients::uid.desc())),
    };
    let (offset, limit) = bounds(page);
    let total = clients::table.select(count_star()).first(connection).await?;
    let rows: Vec<ClientRow> = sorted.offset(offset).limit(limit).load(connection).await?;
    Ok(columns::page(rows, total)?)
}

/// The server's own case rules depend on how it was built and on its locale, so names are folded here. Their number is
/// that of registered clients.
async fn by_text(
    connection: &mut AsyncPgConnection,
    text: Option<&str>,
    sort: ClientSort,
    descending: bool,
    page: PageRequest,
) -> Result<Page<Client>, Failure> {
    let entries: Vec<Entry> = clients::table
        .select((
            clients::uid,
            clients::name,
            clients::description,
            clients::created_at,
            clients::updated_at,
        ))
        .load(connection)
        .await?;
    let mut found: Vec<Entry> = entries
        .into_iter()
        .map(|entry| Entry {
            name: fold(&entry.name),
            ..entry
        })
        .filter(|entry| text.is_none_or(|text| entry.name.contains(text) || fold(&entry.description).contains(text)))
        .collect();
    found.sort_by(|one, other| {
        let order = compare(sort, one, other).then(one.uid.cmp(&other.uid));
        if descending { order.reverse() } else { order }
    });
    let (offset, limit) = bounds(page);
    let part = |bound: i64| usize::try_from(bound).unwrap_or(usize::MAX);
    let uids: Vec<Uuid> = found
        .iter()
        .skip(part(offset))
        .take(part(limit))
        .map(|entry| entry.uid)
        .collect();
    let rows: Vec<ClientRow> = clients::table
        .filter(clients::uid.eq_any(&uids))
        .select(ClientRow::as_select())
        .load(connection)
        .await?;
    let mut rows: HashMap<Uuid, ClientRow> = rows.into_iter().map(|row| (row.uid, row)).collect();
    let rows: Vec<ClientRow> = uids.iter().filter_map(|uid| rows.remove(uid)).collect();
    Ok(columns::page(rows, i64::try_from(found.len()).unwrap_or(i64::MAX))?)
}

fn compare(sort: ClientSort, one: &Entry, other: &Entry) -> Ordering {
    match sort {
        ClientSort::Name => one.name.cmp(&other.name),
        ClientSort::CreatedAt => one.created_at.cmp(&other.created_at),
        ClientSort::UpdatedAt => one.updated_at.cmp(&other.updated_at),
    }
}
